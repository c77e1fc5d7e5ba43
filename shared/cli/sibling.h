/* The other programs of this installation: beside this one, else in PATH. */
#ifndef PS_CLI_SIBLING_H
#define PS_CLI_SIBLING_H
#include "shared/core/buf.h"

#define PS_FRONT_NAME "paperscout"

/* Replaces this process by program with argv (argv[0] is set to its name). Returns only if that
 * fails: an exit status, after an error on standard error. */
int ps_sibling_become(const char *program, char **argv);
/* Whether program is installed. */
bool ps_sibling_exists(const char *program);
/* Runs `program argument...` (argv ends with NULL) to its end and adds what it printed; both may be
 * NULL, then the output goes to this process' own. Returns its exit status, 1 if it could not be
 * run or was killed. */
int ps_sibling_run(const char *program, const char *const *argv, struct ps_buf *out_stdout,
                   struct ps_buf *out_stderr);

#endif
