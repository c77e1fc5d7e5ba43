/* paperscout-scheduler */
#include "scheduler/cli/cmd_diff.h"
#include "scheduler/cli/cmd_plan.h"
#include "shared/io/env.h"

#include <stdio.h>
#include <string.h>

/* The commands that need no server; the daemon is not wired up here. */
int main(int argc, char **argv)
{
    const struct ps_command commands[] = { ps_cmd_plan, ps_cmd_diff };
    struct ps_env *env;
    struct ps_err err;
    int status = PS_EXIT_USAGE;

    env = ps_env_create(&err);
    if (!env) {
        (void)fprintf(stderr, "paperscout-scheduler: %s\n", err.what);
        return PS_EXIT_CONFIG;
    }
    for (size_t i = 0; i < PS_COUNT_OF(commands); i++)
        if (argc > 1 && strcmp(argv[1], commands[i].name) == 0)
            status = commands[i].run(argc - 1, argv + 1, env);
    ps_env_destroy(env);
    return status;
}
