#include "scheduler/cli/cmd_migrate.h"

#include "embedded/scheduler_sql.h"
#include "shared/io/cli_session.h"
#include "shared/io/migrations.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <string.h>

/* The migration's own limit of ten minutes, and the waits before it. */
enum { WAIT_MS = 11 * 60 * 1000 };

static int run(int argc, char **argv, void *env)
{
    const struct ps_pg_rows *rows;
    struct ps_cli_session *session;
    struct ps_pg_batch *batch;
    struct ps_err err;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    int status;

    if (argc > 1 && !json) {
        ps_print(stderr, "migrate: takes nothing but --json, not \"%s\"\n", argv[argc - 1]);
        return PS_EXIT_USAGE;
    }
    session = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                    PS_CLI_SESSION_PG | PS_CLI_SESSION_MIGRATE, WAIT_MS, &status);
    if (session == NULL)
        return status;
    batch = ps_pg_batch_create();
    ps_sql_schema_state(batch);
    rows = ps_cli_session_pg(session, batch, &err);
    if (rows == NULL) {
        ps_print(stderr, "migrate: %s\n", err.what);
        status = PS_EXIT_UNAVAILABLE;
    } else {
        ps_print(stdout,
                 json ? "{\"migrations\":%s,\"last\":\"%s\"}\n"
                      : "the schema is up to date: %s migrations, the last is %s\n",
                 ps_pg_text(rows, 0, 0, 0), ps_pg_text(rows, 0, 0, 1));
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
    }
    ps_cli_session_destroy(session);
    return status;
}

const struct ps_command ps_cmd_migrate = { .text = &ps_command_texts[PS_COMMAND_MIGRATE],
                                           .run = run };
