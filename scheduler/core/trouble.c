#include "scheduler/core/trouble.h"

#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STALE_INTERVALS = 2 /* as for the alert to people */ };

static bool is_bad(const cJSON *trouble)
{
    return strcmp(ps_json_text(trouble, "level"), "bad") == 0;
}

struct lists {
    cJSON *bad, *warn;
};

/* Takes what. */
static void add(struct lists *lists, const char *level, char *what)
{
    cJSON *trouble = cJSON_CreateObject();

    ps_json_add_text(trouble, "level", level);
    ps_json_add_text(trouble, "what", what);
    cJSON_AddItemToArray(is_bad(trouble) ? lists->bad : lists->warn, trouble);
    free(what);
}

static void find_servers(const struct ps_trouble_facts *facts, struct lists *lists)
{
    if (!facts->redis_up)
        add(lists, "bad",
            ps_alloc_text("Redis is not reached: no work moves, and what it holds is shown as it "
                          "was read last"));
    else if (facts->redis_fault != NULL)
        add(lists, "bad", ps_alloc_text(facts->redis_fault));
    if (!facts->database_up)
        add(lists, "bad",
            ps_alloc_text("PostgreSQL is not reached: results are not taken over, and nothing new "
                          "is told"));
}

static void find_missing(const struct ps_trouble_facts *facts, struct lists *lists)
{
    if (!facts->redis_up)
        return;
    if (!facts->led)
        add(lists, "bad", ps_alloc_text("No scheduler leads"));
    if (facts->workers == 0)
        add(lists, "bad", ps_alloc_text("No worker is alive"));
    if (facts->notifiers == 0)
        add(lists, "bad", ps_alloc_text("No notifier is alive"));
    if (facts->stuck)
        add(lists, "bad", ps_alloc_text("There is work, and nothing has moved for a while"));
    if (facts->circuits_open > 0)
        add(lists, "bad", ps_alloc_text("Slack does not take messages: several failed in a row"));
}

static void find_silence(const struct ps_trouble_facts *facts, struct lists *lists)
{
    int64_t from_ms = facts->last_good_ms > 0 ? facts->last_good_ms : facts->launched_ms;
    char span[PS_UTC_TIME_TEXT];

    if (!facts->database_up || facts->now_ms - from_ms <= STALE_INTERVALS * facts->interval_ms)
        return;
    ps_utc_time_format_span((facts->now_ms - from_ms) / 1000, span);
    add(lists, "bad",
        facts->last_good_ms > 0
            ? ps_alloc_format("No successful poll for %s", span)
            : ps_alloc_format("There never was a successful poll, %s after the start", span));
}

static void find_warnings(const struct ps_trouble_facts *facts, struct lists *lists)
{
    char span[PS_UTC_TIME_TEXT];

    if (facts->last_status != NULL && strcmp(facts->last_status, "failed") == 0)
        add(lists, "warn",
            ps_alloc_format("The last cycle failed%s%s", facts->last_error == NULL ? "" : ": ",
                            facts->last_error == NULL ? "" : facts->last_error));
    if (facts->paused_host != NULL) {
        ps_utc_time_format_span((facts->paused_ms + 999) / 1000, span);
        add(lists, "warn",
            ps_alloc_format("%s asked for a pause (%s); it ends in %s", facts->paused_host,
                            facts->paused_why == NULL ? "?" : facts->paused_why, span));
    }
    if (facts->queue_length >= facts->queue_max)
        add(lists, "bad",
            ps_alloc_format("The queue is full: %" PRId64 " messages wait for the notifier",
                            facts->queue_length));
    else if (facts->queue_length >= facts->queue_warn)
        add(lists, "warn",
            ps_alloc_format("Messages that wait for the notifier: %" PRId64, facts->queue_length));
    if (facts->schedulers == 1)
        add(lists, "warn", ps_alloc_text("One scheduler only: nobody would take over"));
    if (facts->dead_messages > 0)
        add(lists, "warn",
            ps_alloc_format("Messages given up: %" PRId64 " (paperscout-notifier dead list)",
                            facts->dead_messages));
    if (facts->dead_tasks > 0)
        add(lists, "warn",
            ps_alloc_format("Probes delivered too often within the last hour: %" PRId64,
                            facts->dead_tasks));
}

cJSON *ps_trouble_find(const struct ps_trouble_facts *facts)
{
    struct lists lists = { cJSON_CreateArray(), cJSON_CreateArray() };

    find_servers(facts, &lists);
    find_missing(facts, &lists);
    find_silence(facts, &lists);
    find_warnings(facts, &lists);
    while (lists.warn->child != NULL)
        cJSON_AddItemToArray(lists.bad, cJSON_DetachItemFromArray(lists.warn, 0));
    cJSON_Delete(lists.warn);
    return lists.bad;
}

const char *ps_trouble_worst(const cJSON *troubles)
{
    if (cJSON_GetArraySize(troubles) == 0)
        return "ok";
    return is_bad(troubles->child) ? "bad" : "warn";
}
