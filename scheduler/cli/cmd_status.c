#include "scheduler/cli/cmd_status.h"

#include "scheduler/cli/cycle_table.h"
#include "scheduler/cli/status_read.h"
#include "scheduler/core/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000 };

static int64_t number(const cJSON *object, const char *name)
{
    int64_t value = 0;

    return ps_json_int(object, name, INT64_MIN, INT64_MAX, &value) ? value : 0;
}

static const char *text_or(const cJSON *object, const char *name, const char *otherwise)
{
    const char *text = ps_json_text(object, name);

    return text == NULL ? otherwise : text;
}

static void print_leader(const cJSON *status)
{
    const cJSON *standbys = cJSON_GetObjectItem(status, "standbys"), *name;
    const char *leader = ps_json_text(status, "leader");

    if (leader == NULL)
        (void)printf("leader      none\n");
    else
        (void)printf("leader      %s (epoch %lld)\n", leader, (long long)number(status, "epoch"));
    (void)printf("standbys    %s", cJSON_GetArraySize(standbys) == 0 ? "none" : "");
    cJSON_ArrayForEach(name, standbys)(void)
        printf("%s%s", name->valuestring, name->next == NULL ? "" : ", ");
    (void)printf("\n");
}

/* A cycle that is closed stays in the hash until the next one opens. */
static void print_running(const cJSON *status)
{
    const cJSON *cycle = cJSON_GetObjectItem(status, "cycle");
    const cJSON *stored = cJSON_GetArrayItem(cJSON_GetObjectItem(status, "cycles"), 0);
    const char *separator = "";

    if (stored == NULL || strcmp(text_or(stored, "status", ""), "running") != 0) {
        (void)printf("cycle       none is running\n");
        return;
    }
    (void)printf("cycle       %lld: %lld planned, %lld published, %lld finished\n",
                 (long long)number(stored, "number"), (long long)number(stored, "planned"),
                 (long long)number(cycle, "published"), (long long)number(cycle, "finished"));
    (void)printf("            ");
    for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
        const char *outcome = ps_outcome_name((enum ps_outcome)i);

        if (number(cycle, outcome) == 0)
            continue;
        (void)printf("%s%s %lld", separator, outcome, (long long)number(cycle, outcome));
        separator = ", ";
    }
    (void)printf("%sdeadline %s\n", separator, text_or(cycle, "deadline", "-"));
}

static void print_stream(const cJSON *status, const char *name)
{
    const cJSON *stream = cJSON_GetObjectItem(status, name);
    const cJSON *lag = cJSON_GetObjectItem(stream, "lag");

    (void)printf("%-11s %lld in the stream, %lld pending", name,
                 (long long)number(stream, "length"), (long long)number(stream, "pending"));
    if (cJSON_IsNumber(lag))
        (void)printf(", %lld not read yet", (long long)number(stream, "lag"));
    (void)printf("\n");
}

static void print_workers(const cJSON *status)
{
    const cJSON *workers = cJSON_GetObjectItem(status, "workers"), *worker;

    (void)printf("workers     %d alive\n", cJSON_GetArraySize(workers));
    cJSON_ArrayForEach(worker, workers)(void)
        printf("            %s: %lld in flight\n", text_or(worker, "name", "?"),
               (long long)number(worker, "in_flight"));
}

static void print_told(const cJSON *status)
{
    const cJSON *notify = cJSON_GetObjectItem(status, "notify");

    (void)printf("outbox      %lld not sent yet\n", (long long)number(status, "outbox_pending"));
    (void)printf("notify      %lld in the list, %lld being sent, %lld given up\n",
                 (long long)number(notify, "length"), (long long)number(notify, "in_flight"),
                 (long long)number(notify, "dead"));
    (void)printf("papers      %lld in the index of %s, %lld drafts found\n",
                 (long long)number(status, "papers"), text_or(status, "index_fetched_at", "no day"),
                 (long long)number(status, "discovered"));
    (void)printf("polls       %lld, last successful %s\n\n",
                 (long long)number(status, "poll_count"),
                 text_or(status, "last_successful_poll", "never"));
}

static void print(const cJSON *status, bool json)
{
    char *text;

    if (json) {
        text = ps_json_print(status);
        (void)printf("%s\n", text);
        free(text);
        return;
    }
    print_leader(status);
    print_running(status);
    print_stream(status, "tasks");
    print_stream(status, "results");
    print_workers(status);
    print_told(status);
    ps_cycle_table_print(cJSON_GetObjectItem(status, "cycles"));
}

static int run(int argc, char **argv, void *env)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    struct ps_sync *sync;
    struct ps_err err;
    cJSON *status;
    int exit_status;

    if (argc > 1 && !json) {
        (void)fprintf(stderr, "status: \"%s\" is no option; there is --json\n", argv[1]);
        return PS_EXIT_USAGE;
    }
    sync = ps_sync_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                          PS_SYNC_REDIS | PS_SYNC_PG, WAIT_MS, &exit_status);
    if (sync == NULL)
        return exit_status;
    status = ps_status_read(sync, &err);
    if (status == NULL)
        (void)fprintf(stderr, "status: %s\n", err.what);
    else
        print(status, json);
    exit_status = status == NULL        ? PS_EXIT_UNAVAILABLE
                  : fflush(stdout) == 0 ? PS_EXIT_OK
                                        : PS_EXIT_FAILED;
    cJSON_Delete(status);
    ps_sync_destroy(sync);
    return exit_status;
}

const struct ps_command ps_cmd_status = {
    .name = "status",
    .synopsis = "status [--json]",
    .help = "Shows the leader and the standbys, the running cycle, what is in the\n"
            "streams, the workers, the queue of messages and the last cycles; --json:\n"
            "one JSON object on one line.",
    .run = run,
};
