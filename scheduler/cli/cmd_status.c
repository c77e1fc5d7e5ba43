#include "scheduler/cli/cmd_status.h"

#include "scheduler/cli/cycle_table.h"
#include "scheduler/cli/status_read.h"
#include "scheduler/core/ledger.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_MS = 5000,
    BAR_WIDTH = 50,
    WATCH_DEFAULT_S = 2,
    WATCH_MAX_S = 3600,
    WORKERS_SHOWN = 20
};

static const char bar_full[] = "##################################################";
static const char bar_empty[] = "..................................................";

static void print_troubles(const cJSON *status)
{
    const cJSON *troubles = cJSON_GetObjectItem(status, "troubles"), *trouble;
    const char *label = "trouble";

    if (cJSON_GetArraySize(troubles) == 0) {
        ps_print(stdout, "fleet       ");
        ps_print_style(stdout, PS_PRINT_GOOD);
        ps_print(stdout, "ok");
        ps_print_style(stdout, PS_PRINT_PLAIN);
        ps_print(stdout, "\n");
    }
    cJSON_ArrayForEach (trouble, troubles) {
        bool bad = strcmp(ps_json_text_or(trouble, "level", ""), "bad") == 0;

        ps_print(stdout, "%-11s ", label);
        ps_print_style(stdout, bad ? PS_PRINT_BAD : PS_PRINT_WARNING);
        ps_print(stdout, "%s%s", bad ? "! " : "", ps_json_text_or(trouble, "what", ""));
        ps_print_style(stdout, PS_PRINT_PLAIN);
        ps_print(stdout, "\n");
        label = "";
    }
}

static void print_leader(const cJSON *status)
{
    const cJSON *standbys = cJSON_GetObjectItem(status, "standbys"), *name;
    const char *leader = ps_json_text(status, "leader");

    if (leader == NULL)
        ps_print(stdout, "leader      none\n");
    else
        ps_print(stdout, "leader      %s (epoch %lld)\n", leader,
                 (long long)ps_json_number(status, "epoch", 0));
    ps_print(stdout, "standbys    %s", cJSON_GetArraySize(standbys) == 0 ? "none" : "");
    cJSON_ArrayForEach (name, standbys)
        ps_print(stdout, "%s%s", name->valuestring, name->next == NULL ? "" : ", ");
    ps_print(stdout, "\n");
}

/* A cycle that is closed stays in the hash until the next one opens. */
static void print_running(const cJSON *status)
{
    const cJSON *cycle = cJSON_GetObjectItem(status, "cycle");
    const cJSON *stored = cJSON_GetArrayItem(cJSON_GetObjectItem(status, "cycles"), 0);
    int64_t done = ps_json_number(cycle, "finished", 0);
    int64_t planned = ps_json_number(stored, "planned", 0);
    int64_t share = planned > 0 ? done * 100 / planned : 100;
    int width = share < 0 ? 0 : share > 100 ? BAR_WIDTH : (int)(share * BAR_WIDTH / 100);
    const char *separator = "";

    if (stored == NULL || strcmp(ps_json_text_or(stored, "status", ""), "running") != 0) {
        ps_print(stdout, "cycle       none is running\n");
        return;
    }
    ps_print(stdout, "cycle       %lld: %lld planned, %lld published, %lld finished\n",
             (long long)ps_json_number(stored, "number", 0), (long long)planned,
             (long long)ps_json_number(cycle, "published", 0), (long long)done);
    ps_print(stdout, "            [%.*s%.*s] %lld %%\n            ", width, bar_full,
             BAR_WIDTH - width, bar_empty, (long long)share);
    for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
        const char *outcome = ps_outcome_name((enum ps_outcome)i);

        if (ps_json_number(cycle, outcome, 0) == 0)
            continue;
        ps_print(stdout, "%s%s %lld", separator, outcome,
                 (long long)ps_json_number(cycle, outcome, 0));
        separator = ", ";
    }
    ps_print(stdout, "%sdeadline %s\n", separator, ps_json_text_or(cycle, "deadline", "-"));
}

static void print_stream(const cJSON *status, const char *name)
{
    const cJSON *stream = cJSON_GetObjectItem(status, name);
    const cJSON *lag = cJSON_GetObjectItem(stream, "lag");

    ps_print(stdout, "%-11s %lld in the stream, %lld pending", name,
             (long long)ps_json_number(stream, "length", 0),
             (long long)ps_json_number(stream, "pending", 0));
    if (cJSON_IsNumber(lag))
        ps_print(stdout, ", %lld not read yet", (long long)ps_json_number(stream, "lag", 0));
    ps_print(stdout, "\n");
}

static void print_hosts(const cJSON *status)
{
    const cJSON *hosts = cJSON_GetObjectItem(status, "hosts"), *host;
    char span[PS_UTC_TIME_TEXT];

    cJSON_ArrayForEach (host, hosts) {
        if (ps_json_number(host, "paused_ms", 0) <= 0)
            continue;
        ps_utc_time_format_span((ps_json_number(host, "paused_ms", 0) + 999) / 1000, span);
        ps_print(stdout, "pause       %s for %s: %s\n", ps_json_text_or(host, "host", "?"), span,
                 ps_json_text_or(host, "why", "?"));
    }
}

static void print_workers(const cJSON *status)
{
    const cJSON *workers = cJSON_GetObjectItem(status, "workers"), *worker;
    int64_t in_flight = 0;
    int shown = 0;

    cJSON_ArrayForEach (worker, workers)
        in_flight += ps_json_number(worker, "in_flight", 0);
    ps_print(stdout, "workers     %d alive, %lld in flight\n", cJSON_GetArraySize(workers),
             (long long)in_flight);
    cJSON_ArrayForEach (worker, workers) {
        if (shown++ == WORKERS_SHOWN) {
            ps_print(stdout, "            and %d more\n",
                     cJSON_GetArraySize(workers) - WORKERS_SHOWN);
            break;
        }
        ps_print(stdout, "            %s: %lld in flight\n", ps_json_text_or(worker, "name", "?"),
                 (long long)ps_json_number(worker, "in_flight", 0));
    }
}

static void print_outbox(const cJSON *status)
{
    const cJSON *notify = cJSON_GetObjectItem(status, "notify");

    ps_print(stdout, "outbox      %lld not sent yet\n",
             (long long)ps_json_number(status, "outbox_pending", 0));
    ps_print(stdout, "notify      %lld in the list, %lld being sent, %lld given up\n",
             (long long)ps_json_number(notify, "length", 0),
             (long long)ps_json_number(notify, "in_flight", 0),
             (long long)ps_json_number(notify, "dead", 0));
    ps_print(stdout, "papers      %lld in the index, read %s, %lld drafts found\n",
             (long long)ps_json_number(status, "papers", 0),
             ps_json_text_or(status, "index_fetched_at", "never"),
             (long long)ps_json_number(status, "discovered", 0));
    ps_print(stdout, "polls       %lld, last successful %s\n\n",
             (long long)ps_json_number(status, "poll_count", 0),
             ps_json_text_or(status, "last_successful_poll", "never"));
}

static void print(const cJSON *status, bool json)
{
    char *text;

    if (json) {
        text = ps_json_print(status);
        ps_print(stdout, "%s\n", text);
        free(text);
        return;
    }
    print_troubles(status);
    print_leader(status);
    print_running(status);
    print_stream(status, "tasks");
    print_stream(status, "results");
    print_hosts(status);
    print_workers(status);
    print_outbox(status);
    ps_cycle_table_print(cJSON_GetObjectItem(status, "cycles"));
}

struct options {
    bool json;
    int64_t watch_s; /* 0: once */
};

static bool read_arguments(int argc, char **argv, struct options *out_options)
{
    *out_options = (struct options){ .json = false };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            out_options->json = true;
        } else if (strcmp(argv[i], "--watch") == 0) {
            out_options->watch_s = WATCH_DEFAULT_S;
            if (i + 1 < argc &&
                ps_str_int(ps_str_of(argv[i + 1]), 1, WATCH_MAX_S, &out_options->watch_s))
                i++;
        } else {
            ps_print(stderr,
                     "status: \"%s\" is no option; there are --json and --watch [SECONDS], "
                     "1 to %d\n",
                     argv[i], WATCH_MAX_S);
            return false;
        }
    }
    return true;
}

/* Connects where it has to; *sync stays for the next time, unless a server did not answer. */
static int show(struct ps_cli_session **sync, void *env, const struct options *options, bool clear)
{
    struct ps_err err;
    cJSON *status;
    int exit_status = PS_EXIT_OK;

    if (*sync == NULL)
        *sync =
            ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                  PS_CLI_SESSION_REDIS | PS_CLI_SESSION_PG, WAIT_MS, &exit_status);
    if (*sync == NULL)
        return exit_status;
    status = ps_status_read(*sync, &err);
    if (clear) /* to the upper left, and nothing below */
        ps_print_clear(stdout);
    if (status == NULL) {
        ps_print(stderr, "status: %s\n", err.what);
        ps_cli_session_destroy(*sync);
        *sync = NULL;
    } else {
        print(status, options->json);
    }
    exit_status = status == NULL        ? PS_EXIT_UNAVAILABLE
                  : fflush(stdout) == 0 ? PS_EXIT_OK
                                        : PS_EXIT_FAILED;
    cJSON_Delete(status);
    return exit_status;
}

/* Until a signal ends it, or nobody reads any more. A server that is away is waited for. */
static int watch(struct ps_cli_session **sync, void *env, const struct options *options)
{
    const struct timespec pause = { .tv_sec = options->watch_s };
    bool clear = !options->json && isatty(STDOUT_FILENO);
    int exit_status;

    for (;;) {
        exit_status = show(sync, env, options, clear);
        if (exit_status != PS_EXIT_OK && exit_status != PS_EXIT_UNAVAILABLE)
            return exit_status;
        if (!options->json && !clear && exit_status == PS_EXIT_OK)
            ps_print(stdout, "\n");
        (void)nanosleep(&pause, NULL);
    }
}

static int run(int argc, char **argv, void *env)
{
    struct ps_cli_session *sync = NULL;
    struct options options;
    int exit_status;

    if (!read_arguments(argc, argv, &options))
        return PS_EXIT_USAGE;
    exit_status =
        options.watch_s > 0 ? watch(&sync, env, &options) : show(&sync, env, &options, false);
    ps_cli_session_destroy(sync);
    return exit_status;
}

const struct ps_command ps_cmd_status = { .text = &ps_command_texts[PS_COMMAND_STATUS],
                                          .run = run };
