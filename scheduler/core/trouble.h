/* What is wrong with a fleet, in words, from what was read of it: the first thing that `status` and
 * the status page say. */
#ifndef PS_SCHEDULER_TROUBLE_H
#define PS_SCHEDULER_TROUBLE_H
#include "shared/core/json.h"

#include <stdint.h>

/* Times in wall clock ms, 0 for none yet; counts of -1 were not read. */
struct ps_trouble_facts {
    int64_t now_ms, interval_ms;
    int64_t launched_ms; /* since when somebody looks */
    bool redis_up, database_up;
    const char *redis_fault; /* why work is not trusted to it; NULL for none */
    bool led;                /* somebody holds the lease, as read last */
    int64_t schedulers, workers, notifiers, circuits_open;
    bool stuck; /* there is work, and nothing moves */
    int64_t last_good_ms;
    const char *last_status, *last_error; /* of the cycle closed last; NULL for none */
    int64_t queue_length, queue_warn, queue_max;
    int64_t dead_messages;
    int64_t dead_tasks;                   /* within the last hour */
    const char *paused_host, *paused_why; /* NULL: no pause */
    int64_t paused_ms;                    /* that are left */
};

/* Gives an array of {level: "bad" or "warn", what}, bad ones first; empty: all is well. What a
 * server that is away would have told is not complained about. */
cJSON *ps_trouble_find(const struct ps_trouble_facts *facts) PS_MUST_USE;
/* "ok", "warn" or "bad": the worst of them. */
const char *ps_trouble_worst(const cJSON *troubles);

#endif
