#include "scheduler/core/fleet_incidents.h"

#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ERROR_SHARE = 5, /* more than one probe in so many */
    TASK_OLD_MS = 900 * 1000,
    RECOVERY_MIN_MS = 15 * 1000, /* a poll after an outage has so long, and three intervals */
    RECOVERY_MAX_MS = 120 * 1000,
    NEWS_LATE_MS = 3 * 3600 * 1000,
    PAUSE_LONG_MS = 12 * 3600 * 1000, /* a pause made in the evening is reported in the morning */
    MESSAGE_OLD_MIN_MS = 60 * 1000,
    MESSAGE_OLD_MAX_MS = 900 * 1000
};

/* Takes cause. */
static void note(struct ps_incident_set *set, enum ps_incident incident, bool present, char *cause)
{
    ps_incidents_note(set, incident, present, cause);
    free(cause);
}

static bool last_failed(const struct ps_fleet_facts *facts)
{
    return facts->last_status != NULL && strcmp(facts->last_status, "failed") == 0;
}

/* Why the last cycle failed, in words; NULL when it did not. */
static const char *last_cause(const struct ps_fleet_facts *facts)
{
    if (!last_failed(facts))
        return NULL;
    return facts->last_cause != NULL ? facts->last_cause : facts->last_error;
}

static char *poll_cause(const struct ps_fleet_facts *facts, int64_t gone_ms)
{
    char span[PS_UTC_TIME_TEXT], interval[PS_UTC_TIME_TEXT];
    const char *cause = last_cause(facts);

    ps_utc_time_format_span(gone_ms / 1000, span);
    ps_utc_time_format_span(facts->interval_ms / 1000, interval);
    return ps_alloc_format("no poll has succeeded for %s (one is due every %s)%s%s%s%s", span,
                           interval,
                           cause == NULL ? "" : "; the last one: ", cause == NULL ? "" : cause,
                           cause == NULL || facts->failures == NULL ? "" : " ",
                           cause == NULL || facts->failures == NULL ? "" : facts->failures);
}

/* A new leader, a program that has just started and a fleet after an outage get the time for a poll
 * first. */
static bool is_settled(const struct ps_fleet_facts *facts)
{
    int64_t settle_ms = facts->interval_ms < 60000 ? facts->interval_ms : 60000;
    int64_t recovery_ms = 3 * facts->interval_ms;

    recovery_ms = recovery_ms < RECOVERY_MIN_MS ? RECOVERY_MIN_MS : recovery_ms;
    recovery_ms = recovery_ms > RECOVERY_MAX_MS ? RECOVERY_MAX_MS : recovery_ms;
    return facts->now_ms - facts->settled_ms >= settle_ms &&
           facts->now_ms - facts->recovered_ms >= recovery_ms;
}

static void find_polls(const struct ps_fleet_facts *facts, struct ps_incident_set *set)
{
    int64_t from_ms = facts->last_good_ms > 0 ? facts->last_good_ms : facts->settled_ms;
    int64_t gone_ms = facts->now_ms - from_ms;
    bool disbelieved = last_failed(facts) && facts->last_error != NULL &&
                       strcmp(facts->last_error, "controls") == 0;

    if (is_settled(facts) || gone_ms <= facts->after_ms)
        note(set, PS_INCIDENT_NO_GOOD_POLL, gone_ms > facts->after_ms, poll_cause(facts, gone_ms));
    ps_incidents_note(set, PS_INCIDENT_SITE_DISBELIEVED, disbelieved, last_cause(facts));
    note(set, PS_INCIDENT_ERROR_SHARE,
         !last_failed(facts) && facts->attempted > 0 &&
             facts->errors * ERROR_SHARE > facts->attempted,
         ps_alloc_format("%" PRId64 " of %" PRId64 " in the last cycle%s%s", facts->errors,
                         facts->attempted, facts->failures == NULL ? "" : " ",
                         facts->failures == NULL ? "" : facts->failures));
}

static void find_index(const struct ps_fleet_facts *facts, struct ps_incident_set *set)
{
    int64_t age_ms = facts->now_ms - facts->index_fetched_ms;
    /* One download that failed makes no index stale: with a slow poll after it the age alone would
     * pass two intervals before the next download is due. */
    bool stale = facts->index_fetched_ms > 0 && age_ms >= facts->index_ttl_ms &&
                 age_ms > 2 * facts->interval_ms && facts->index_missed >= 2;
    char span[PS_UTC_TIME_TEXT];

    ps_incidents_note(set, PS_INCIDENT_OPENSTD_ROWS_LOST,
                      facts->reads_open_std && facts->open_std_lost != NULL, facts->open_std_lost);
    if (!facts->reads_index)
        return;
    ps_utc_time_format_span((age_ms < 0 ? 0 : age_ms) / 1000, span);
    if (!stale || is_settled(facts))
        note(set, PS_INCIDENT_INDEX_STALE, stale,
             ps_alloc_format("the index was not downloaded for %s", span));
    ps_incidents_note(set, PS_INCIDENT_INDEX_IMPLAUSIBLE, facts->index_refused != NULL,
                      facts->index_refused);
}

static bool has_reason(const struct ps_fleet_facts *facts)
{
    return facts->probing_paused_why != NULL && facts->probing_paused_why[0] != '\0';
}

/* A pause is a decision. A pause of half a day may have been forgotten. */
static void find_pause(const struct ps_fleet_facts *facts, struct ps_incident_set *set)
{
    int64_t paused_ms = facts->now_ms - facts->probing_paused_ms;
    char since[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(facts->probing_paused_ms, since);
    note(set, PS_INCIDENT_PROBING_PAUSED,
         facts->probing_paused_ms > 0 && paused_ms >= PAUSE_LONG_MS,
         ps_alloc_format("since %.16sZ%s%s", since, has_reason(facts) ? ", reason: " : "",
                         has_reason(facts) ? facts->probing_paused_why : ""));
}

static void find_messages(const struct ps_fleet_facts *facts, struct ps_incident_set *set)
{
    int64_t limit_ms = facts->after_ms < MESSAGE_OLD_MIN_MS   ? MESSAGE_OLD_MIN_MS
                       : facts->after_ms > MESSAGE_OLD_MAX_MS ? MESSAGE_OLD_MAX_MS
                                                              : facts->after_ms;
    char span[PS_UTC_TIME_TEXT];

    ps_utc_time_format_span(facts->oldest_message_ms / 1000, span);
    note(set, PS_INCIDENT_MESSAGE_WAITS, facts->oldest_message_ms > limit_ms,
         ps_alloc_format("the oldest one for %s", span));
    ps_utc_time_format_span(facts->news_late_ms / 1000, span);
    note(set, PS_INCIDENT_LATE_NEWS, facts->news_late_ms > NEWS_LATE_MS,
         ps_alloc_format("half of the last day's took more than %s", span));
    note(set, PS_INCIDENT_DEAD_LETTERS, facts->dead_messages > 0,
         ps_alloc_format("%" PRId64, facts->dead_messages));
}

static void find_queues(const struct ps_fleet_facts *facts, struct ps_incident_set *set)
{
    char span[PS_UTC_TIME_TEXT];

    ps_utc_time_format_span(facts->tasks_oldest_ms / 1000, span);
    note(set, PS_INCIDENT_TASKS_WAIT, facts->tasks_oldest_ms > TASK_OLD_MS,
         ps_alloc_format("for %s", span));
    if (facts->queue_length >= 0)
        note(set, PS_INCIDENT_BACKPRESSURE, facts->queue_length >= facts->queue_warn,
             ps_alloc_format("%" PRId64 " messages wait for the notifier", facts->queue_length));
}

void ps_fleet_incidents_find(const struct ps_fleet_facts *facts, struct ps_incident_set *set)
{
    if (facts->stored_read) {
        find_polls(facts, set);
        find_index(facts, set);
        find_pause(facts, set);
        find_messages(facts, set);
    }
    if (facts->queues_read)
        find_queues(facts, set);
}

/* Takes what; name may be NULL. Gives what was added, borrowed. */
static cJSON *add(cJSON *troubles, const char *level, const char *name, char *what)
{
    cJSON *trouble = cJSON_CreateObject();

    ps_json_add_text(trouble, "level", level);
    ps_json_add_text(trouble, "name", name);
    ps_json_add_text(trouble, "what", what);
    cJSON_AddItemToArray(troubles, trouble);
    free(what);
    return trouble;
}

static void add_incident(const struct ps_incident_set *set, enum ps_incident incident,
                         cJSON *troubles)
{
    const struct ps_incident_row *row = ps_incident_row(incident);
    cJSON *trouble = add(troubles, row->severity == PS_SEVERITY_PAGE ? "bad" : "warn", row->name,
                         ps_incident_line(incident, set->items[incident].cause));

    ps_json_add_time(trouble, "since", set->items[incident].since_ms);
    ps_json_add_text(trouble, "advice", row->advice);
    ps_json_add_text(trouble, "runbook", row->rule);
}

static void add_advice(const struct ps_incident_set *set, const struct ps_fleet_facts *facts,
                       cJSON *troubles)
{
    char span[PS_UTC_TIME_TEXT];
    const char *cause = last_cause(facts);

    if (cause != NULL && !ps_incidents_present(set, PS_INCIDENT_NO_GOOD_POLL) &&
        !ps_incidents_present(set, PS_INCIDENT_SITE_DISBELIEVED))
        add(troubles, "warn", NULL, ps_alloc_format("The last cycle failed: %s", cause));
    if (facts->probing_paused_ms > 0 && !ps_incidents_present(set, PS_INCIDENT_PROBING_PAUSED)) {
        ps_utc_time_format_span((facts->now_ms - facts->probing_paused_ms) / 1000, span);
        add(troubles, "warn", NULL,
            ps_alloc_format("Probing was paused %s ago%s%s; paperscout-scheduler resume ends it",
                            span, has_reason(facts) ? ": " : "",
                            has_reason(facts) ? facts->probing_paused_why : ""));
    }
    if (facts->paused_host != NULL) {
        ps_utc_time_format_span((facts->paused_ms + 999) / 1000, span);
        add(troubles, "warn", NULL,
            ps_alloc_format("%s asked for a pause (%s); it ends in %s", facts->paused_host,
                            facts->paused_why == NULL ? "?" : facts->paused_why, span));
    }
    if (facts->schedulers == 1)
        add(troubles, "warn", NULL, ps_alloc_text("One scheduler only: nobody would take over"));
    if (facts->dead_tasks > 0)
        add(troubles, "warn", NULL,
            ps_alloc_format("Probes delivered too often within the last hour: %" PRId64,
                            facts->dead_tasks));
}

cJSON *ps_fleet_incidents_troubles(const struct ps_incident_set *set,
                                   const struct ps_fleet_facts *facts)
{
    cJSON *troubles = cJSON_CreateArray();

    for (int severity = PS_SEVERITY_PAGE; severity >= PS_SEVERITY_TICKET; severity--) {
        for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
            enum ps_incident incident = (enum ps_incident)i;
            const struct ps_incident_row *row = ps_incident_row(incident);

            if ((int)row->severity == severity && ps_incidents_present(set, incident) &&
                !ps_incidents_explained(set, incident))
                add_incident(set, incident, troubles);
        }
    }
    add_advice(set, facts, troubles);
    return troubles;
}

const char *ps_fleet_incidents_worst(const cJSON *troubles)
{
    if (cJSON_GetArraySize(troubles) == 0)
        return "ok";
    return strcmp(ps_json_text(troubles->child, "level"), "bad") == 0 ? "bad" : "warn";
}
