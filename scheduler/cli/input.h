/* Options and files of the commands. Each function reports its own error on standard error. */
#ifndef PS_SCHEDULER_INPUT_H
#define PS_SCHEDULER_INPUT_H
#include "scheduler/core/paper_index.h"
#include "shared/core/number_set.h"
#include "shared/core/str.h"

enum { PS_INPUT_LIST_BYTES_MAX = 64 * 1024 * 1024 };

enum ps_input_need {
    PS_INPUT_OPTIONAL,
    PS_INPUT_REQUIRED,
    PS_INPUT_FLAG /* takes no value; *value becomes the option's name */
};

struct ps_input_option {
    const char *name;   /* "index" for --index FILE and --index=FILE */
    const char **value; /* borrowed from argv; unchanged if the option is not given */
    enum ps_input_need need;
};

/* Reads the options after argv[0]. Returns false for anything else, a missing value or a missing
 * required option. */
bool ps_input_options(int argc, char **argv, const struct ps_input_option *options,
                      size_t count) PS_MUST_USE;
/* Gives an index, or NULL. */
struct ps_paper_index *ps_input_index(const char *path) PS_MUST_USE;
/* Calls fn for each line of path that is not blank, trimmed. Stops with false at the first one
 * that fn refuses, and reports it as "path:number: what". */
typedef bool (*ps_input_line_fn)(void *cookie, struct ps_str line);
bool ps_input_lines(const char *path, const char *what, ps_input_line_fn fn,
                    void *cookie) PS_MUST_USE;
/* Adds the paper numbers of path, one in each line, to set. */
bool ps_input_numbers(const char *path, struct ps_number_set *set) PS_MUST_USE;

/* Reads a moment as people and programs write it: ISO 8601 in UTC, with or without its Z, or a
 * date alone (its beginning). */
bool ps_input_time(struct ps_str text, int64_t *out_wall_ms) PS_MUST_USE;

/* A getter of settings, in which options of the command line replace the environment. */
struct ps_input_settings {
    void *env;
    const char *names[4], *values[4]; /* value NULL: not given */
    size_t len;
};
void ps_input_set(struct ps_input_settings *settings, const char *name, const char *value);
bool ps_input_get(void *settings, const char *name, const char **out_value, struct ps_err *err);

#endif
