/* The state of a scheduler that the health port, the status page, the metrics and the incidents
 * read.
 *
 * scheduler.c fills it and owns everything in it. It is the first member of the scheduler itself,
 * so the "self" that the daemon passes to the functions of struct ps_program points to it. It
 * exists so that the page and the incidents need not include scheduler.h, which creates them. */
#ifndef PS_SCHEDULER_SCHEDULER_STATE_H
#define PS_SCHEDULER_SCHEDULER_STATE_H
#include "scheduler/io/election.h"
#include "scheduler/io/leadership.h"
#include "scheduler/io/stats.h"

struct ps_alarms;
struct ps_outbox_relay;

struct ps_scheduler_state {
    struct ps_daemon *daemon; /* all borrowed from the scheduler */
    const struct ps_leadership *leadership;
    const struct ps_election *election;
    struct ps_stats *stats;
    struct ps_alarms *alarms;
    struct ps_outbox_relay *relay;
    /* Wall clock: since when there has been this leader and this scheduler has run. A poll counts
     * as missed only after a full interval from here. */
    int64_t settled_ms;
    int64_t recovered_ms; /* wall clock: end of the last outage; 0: there was none */
};

#endif
