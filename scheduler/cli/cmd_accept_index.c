#include "scheduler/cli/cmd_accept_index.h"

#include "embedded/scheduler_sql.h"
#include "shared/io/cli_session.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 5000 };

static int run(int argc, char **argv, void *env)
{
    struct ps_cli_session *session;
    struct ps_pg_batch *batch;
    struct ps_err err;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    int status = PS_EXIT_OK;

    if (argc > 1 && !json) {
        ps_print(stderr, "accept-index: takes nothing but --json, not \"%s\"\n", argv[argc - 1]);
        return PS_EXIT_USAGE;
    }
    session = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                    PS_CLI_SESSION_PG, WAIT_MS, &status);
    if (session == NULL)
        return status;
    batch = ps_pg_batch_create();
    ps_sql_index_accept(batch);
    if (ps_cli_session_pg(session, batch, &err) == NULL) {
        ps_print(stderr, "accept-index: %s\n", err.what);
        status = PS_EXIT_UNAVAILABLE;
    } else {
        ps_print(stdout, "%s\n",
                 json ? "{\"accepted\":true}"
                      : "The next download of the index is accepted whatever its size.");
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
    }
    ps_cli_session_destroy(session);
    return status;
}

const struct ps_command ps_cmd_accept_index = { .text = &ps_command_texts[PS_COMMAND_ACCEPT_INDEX],
                                                .run = run };
