/* The commands for people, of all programs, as one table (command.def).
 *
 * `paperscout COMMAND` starts the program that has the command; its help, suggestions, completion
 * and man pages come from this table, as do the helps of the three programs. */
#ifndef PS_CORE_COMMAND_TABLE_H
#define PS_CORE_COMMAND_TABLE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

enum ps_command_program {
    PS_COMMAND_OF_SCHEDULER,
    PS_COMMAND_OF_WORKER,
    PS_COMMAND_OF_NOTIFIER,
    PS_COMMAND_OF_ANY,  /* each of the three */
    PS_COMMAND_OF_FRONT /* paperscout itself */
};

enum ps_command_id {
#define PS_COMMAND(id, program, name, front, summary, usage, help) PS_COMMAND_##id,
#define PS_COMMAND_OPTION(id, option, argument, summary)
#define PS_COMMAND_WORD(id, position, word, summary)
#define PS_COMMAND_EXAMPLE(id, arguments, summary)
#include "shared/core/command.def"
#undef PS_COMMAND
#undef PS_COMMAND_OPTION
#undef PS_COMMAND_WORD
#undef PS_COMMAND_EXAMPLE
    PS_COMMAND_COUNT
};

/* The meaning of each text is in command.def. */
struct ps_command_text {
    enum ps_command_program program;
    const char *name;
    const char *front; /* "" if `paperscout` does not offer it */
    const char *summary;
    const char *usage;
    const char *help;
};

struct ps_command_option {
    enum ps_command_id command;
    const char *name, *argument, *summary;
};

struct ps_command_word {
    enum ps_command_id command;
    int position;
    const char *word, *summary;
};

struct ps_command_example {
    enum ps_command_id command;
    const char *arguments, *summary;
};

extern const struct ps_command_text ps_command_texts[PS_COMMAND_COUNT];
extern const struct ps_command_option ps_command_options[];
extern const size_t ps_command_option_count;
extern const struct ps_command_word ps_command_words[];
extern const size_t ps_command_word_count;
extern const struct ps_command_example ps_command_examples[];
extern const size_t ps_command_example_count;

/* Returns the name of a program, such as "paperscout-worker"; "paperscout" for ANY and FRONT. */
const char *ps_command_program_name(enum ps_command_program program);
/* Finds a command of `paperscout` by its name there or, so that people may keep their habits, by
 * its name in its own program. Returns PS_COMMAND_COUNT if there is none. */
enum ps_command_id ps_command_find(const char *name);
/* Returns the candidate that name was probably meant to be: within one typing error, or two in a
 * name of at least five letters. NULL if none is near, or two are equally near. */
const char *ps_command_nearest(const char *name, const char *const *candidates, size_t count);
/* The same among the commands of `paperscout`. */
const char *ps_command_nearest_front(const char *name);

#endif
