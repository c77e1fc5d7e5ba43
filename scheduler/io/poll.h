/* One poll after the other: watchlists, index, diff, plan, the cycle's probes, its end (design,
 * "One way round"). */
#ifndef PS_SCHEDULER_POLL_H
#define PS_SCHEDULER_POLL_H
#include "scheduler/core/poll_schedule.h"
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_relay.h"
#include "scheduler/io/publish.h"
#include "scheduler/io/stats.h"

struct ps_poll;

/* All borrowed. good: a poll succeeded, its cycle is closed. Runs on the loop. */
struct ps_poll_parts {
    struct ps_leadership *leadership;
    struct ps_publish *publish;
    struct ps_outbox_relay *relay;
    struct ps_stats *stats;
};

struct ps_poll *ps_poll_create(const struct ps_poll_parts *parts) PS_MUST_USE;
void ps_poll_destroy(struct ps_poll *poll); /* after redis and pg are gone; NULL is fine */
/* The mirrors of office are loaded: goes on with the running cycle, or polls when one is due (at
 * once when it is overdue, or when there never was one). */
void ps_poll_start(struct ps_poll *poll);
void ps_poll_stop(struct ps_poll *poll);
/* An operator asked for a poll: brings the next one forward, at least five seconds after the start
 * of the last one. Changes nothing while a poll runs; call it again then. */
void ps_poll_now(struct ps_poll *poll);
/* Probes of office->run settled. */
void ps_poll_settled(struct ps_poll *poll);
/* The open probes at position from and above cannot be published: they are left out of this cycle,
 * as deferred. */
void ps_poll_shed(struct ps_poll *poll, size_t from, const char *why);

#endif
