#include "shared/core/command_table.h"

#include "shared/core/text_distance.h"

#include <stdint.h>
#include <string.h>

enum { LONG_NAME = 5 };

#define PS_COMMAND(id, program, name, front, summary, usage, help)
#define PS_COMMAND_OPTION(id, option, argument, summary)
#define PS_COMMAND_WORD(id, position, word, summary)
#define PS_COMMAND_EXAMPLE(id, arguments, summary)

#undef PS_COMMAND
#define PS_COMMAND(id, program, name, front, summary, usage, help)                                 \
    [PS_COMMAND_##id] = { PS_COMMAND_OF_##program, name, front, summary, usage, help },
const struct ps_command_text ps_command_texts[PS_COMMAND_COUNT] = {
#include "shared/core/command.def"
};
#undef PS_COMMAND
#define PS_COMMAND(id, program, name, front, summary, usage, help)

#undef PS_COMMAND_OPTION
#define PS_COMMAND_OPTION(id, option, argument, summary)                                           \
    { PS_COMMAND_##id, option, argument, summary },
const struct ps_command_option ps_command_options[] = {
#include "shared/core/command.def"
};
#undef PS_COMMAND_OPTION
#define PS_COMMAND_OPTION(id, option, argument, summary)

#undef PS_COMMAND_WORD
#define PS_COMMAND_WORD(id, position, word, summary) { PS_COMMAND_##id, position, word, summary },
const struct ps_command_word ps_command_words[] = {
#include "shared/core/command.def"
};
#undef PS_COMMAND_WORD
#define PS_COMMAND_WORD(id, position, word, summary)

#undef PS_COMMAND_EXAMPLE
#define PS_COMMAND_EXAMPLE(id, arguments, summary) { PS_COMMAND_##id, arguments, summary },
const struct ps_command_example ps_command_examples[] = {
#include "shared/core/command.def"
};

const size_t ps_command_option_count = PS_COUNT_OF(ps_command_options);
const size_t ps_command_word_count = PS_COUNT_OF(ps_command_words);
const size_t ps_command_example_count = PS_COUNT_OF(ps_command_examples);

const char *ps_command_program_name(enum ps_command_program program)
{
    switch (program) {
    case PS_COMMAND_OF_SCHEDULER:
        return "paperscout-scheduler";
    case PS_COMMAND_OF_WORKER:
        return "paperscout-worker";
    case PS_COMMAND_OF_NOTIFIER:
        return "paperscout-notifier";
    case PS_COMMAND_OF_ANY:
    case PS_COMMAND_OF_FRONT:
        break;
    }
    return "paperscout";
}

enum ps_command_id ps_command_find(const char *name)
{
    for (int i = 0; i < PS_COMMAND_COUNT; i++)
        if (name[0] != '\0' && strcmp(ps_command_texts[i].front, name) == 0)
            return (enum ps_command_id)i;
    for (int i = 0; i < PS_COMMAND_COUNT; i++)
        if (ps_command_texts[i].front[0] != '\0' && strcmp(ps_command_texts[i].name, name) == 0)
            return (enum ps_command_id)i;
    return PS_COMMAND_COUNT;
}

const char *ps_command_nearest(const char *name, const char *const *candidates, size_t count)
{
    size_t best_errors = strlen(name) < LONG_NAME ? 1 : 2;
    const char *best = NULL;
    bool tie = false;

    for (size_t i = 0; i < count; i++) {
        size_t errors = ps_text_distance(name, candidates[i]);

        if (errors > best_errors || (best != NULL && strcmp(best, candidates[i]) == 0))
            continue;
        tie = best != NULL && errors == best_errors;
        best = candidates[i];
        best_errors = errors;
    }
    return tie ? NULL : best;
}

const char *ps_command_nearest_front(const char *name)
{
    const char *names[PS_COMMAND_COUNT];
    size_t count = 0;

    for (int i = 0; i < PS_COMMAND_COUNT; i++)
        if (ps_command_texts[i].front[0] != '\0')
            names[count++] = ps_command_texts[i].front;
    return ps_command_nearest(name, names, count);
}
