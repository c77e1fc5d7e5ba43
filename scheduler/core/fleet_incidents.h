/* Decides which incidents are present, from facts that a scheduler or `status` read of Redis and
 * PostgreSQL.
 *
 * One set of rules serves the incident monitor, the status page and the command, so that all three
 * say the same. Time is part of the facts. Pure. */
#ifndef PS_SCHEDULER_FLEET_INCIDENTS_H
#define PS_SCHEDULER_FLEET_INCIDENTS_H
#include "shared/core/incidents.h"

/* Times in wall clock ms, 0 for none yet; counts of -1 were not read. */
struct ps_fleet_facts {
    int64_t now_ms, interval_ms;
    int64_t after_ms;     /* OPS_ALERT_AFTER_MINUTES: how long a poll may be missing */
    int64_t settled_ms;   /* since then the leader has led and this program has watched */
    int64_t recovered_ms; /* end of the last outage of a server or of the leadership; 0: there was
                           * none */
    bool stored_read;     /* PostgreSQL was read; otherwise the next group says nothing */
    int64_t last_good_ms;
    const char *last_status, *last_error, *last_cause; /* of the cycle that was closed last; NULL
                                                        * for none */
    const char *failures; /* JSON: its errors by category; NULL for none */
    int64_t errors, attempted;
    bool reads_index; /* ENABLE_BULK_WG21 */
    int64_t index_fetched_ms, index_ttl_ms;
    int64_t index_missed;      /* polls since then that did not download it; counted up to 2 */
    const char *index_refused; /* NULL: the newest download was accepted */
    bool reads_open_std;       /* ENABLE_BULK_OPENSTD */
    const char *open_std_lost; /* what the page of open-std.org lacks; NULL: it is whole */
    int64_t dead_messages;     /* given up, and neither replayed nor dropped since */
    int64_t oldest_message_ms; /* age of the oldest message that is not sent; 0 for none */
    int64_t news_late_ms; /* median of the last day from upload to message; 0: too few drafts, or
                             the classic planner, which takes hours by design */
    bool queues_read;     /* Redis was read; otherwise the next group says nothing */
    int64_t schedulers, queue_length, queue_warn, queue_max;
    int64_t tasks_oldest_ms;              /* age of the oldest task without a result */
    int64_t dead_tasks;                   /* within the last hour */
    const char *paused_host, *paused_why; /* NULL: no pause */
    int64_t paused_ms;                    /* that are left */
    int64_t probing_paused_ms;            /* since when an operator paused probing; 0: it goes on */
    const char *probing_paused_why;       /* NULL or "": no reason was given */
};

/* Notes in set every incident that facts can decide, as present or absent. */
void ps_fleet_incidents_find(const struct ps_fleet_facts *facts, struct ps_incident_set *set);
/* Gives an array of {level: "bad" or "warn", name, what}, bad ones first: the incidents of set,
 * apart from those that another one explains, each with since, advice and runbook (the anchor of
 * its entry), then advice that is no incident (name null). Empty: all is well. */
cJSON *ps_fleet_incidents_troubles(const struct ps_incident_set *set,
                                   const struct ps_fleet_facts *facts) PS_MUST_USE;
/* "ok", "warn" or "bad": the worst of them. */
const char *ps_fleet_incidents_worst(const cJSON *troubles);

#endif
