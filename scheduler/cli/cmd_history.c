#include "scheduler/cli/cmd_history.h"

#include "scheduler/cli/cycle_table.h"
#include "scheduler/io/store.h"
#include "shared/io/cli_session.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000, CYCLES_DEFAULT = 20 };

static bool read_arguments(int argc, char **argv, int *out_count, bool *out_json)
{
    *out_count = CYCLES_DEFAULT;
    *out_json = false;
    for (int i = 1; i < argc; i++) {
        int64_t count;

        if (strcmp(argv[i], "--json") == 0) {
            *out_json = true;
        } else if (ps_str_int(ps_str_of(argv[i]), 1, PS_STORE_CYCLES_KEPT, &count)) {
            *out_count = (int)count;
        } else {
            ps_print(stderr, "history: \"%s\" is no number of cycles from 1 to %d, nor --json\n",
                     argv[i], PS_STORE_CYCLES_KEPT);
            return false;
        }
    }
    return true;
}

static void print(const struct ps_pg_rows *rows, bool json)
{
    cJSON *cycles = ps_cycle_table_read(rows);
    char *text;

    if (json) {
        text = ps_json_print(cycles);
        ps_print(stdout, "%s\n", text);
        free(text);
    } else {
        ps_cycle_table_print(cycles);
    }
    cJSON_Delete(cycles);
}

static int run(int argc, char **argv, void *env)
{
    const struct ps_pg_rows *rows;
    struct ps_cli_session *sync;
    struct ps_err err;
    int status, count;
    bool json;

    if (!read_arguments(argc, argv, &count, &json))
        return PS_EXIT_USAGE;
    sync = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                 PS_CLI_SESSION_PG, WAIT_MS, &status);
    if (sync == NULL)
        return status;
    rows = ps_cli_session_pg(sync, ps_store_overview(count), &err);
    if (rows == NULL) {
        ps_print(stderr, "history: %s\n", err.what);
        status = PS_EXIT_UNAVAILABLE;
    } else {
        print(rows, json);
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
    }
    ps_cli_session_destroy(sync);
    return status;
}

const struct ps_command ps_cmd_history = { .text = &ps_command_texts[PS_COMMAND_HISTORY],
                                           .run = run };
