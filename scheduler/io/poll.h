/* Runs one poll after the other: read watchlists and index, plan, open the cycle, wait for its
 * results, close it. poll.c reads in that order; index_update.h, publish.h, ingest.h and
 * draft_recheck.h do the parts that take long.
 *
 * Every step ends with a transaction, so a new leader continues at the last one that was
 * committed: it plans again, or goes on with the running cycle. */
#ifndef PS_SCHEDULER_POLL_H
#define PS_SCHEDULER_POLL_H
#include "scheduler/core/poll_schedule.h"
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_relay.h"
#include "scheduler/io/publish.h"
#include "scheduler/io/stats.h"

struct ps_poll;

/* All borrowed. */
struct ps_poll_parts {
    struct ps_leadership *leadership;
    struct ps_publish *publish;
    struct ps_outbox_relay *relay;
    struct ps_stats *stats;
};

/* Copies parts. */
struct ps_poll *ps_poll_create(const struct ps_poll_parts *parts) PS_MUST_USE;
void ps_poll_destroy(struct ps_poll *poll); /* after redis and pg are gone; NULL is fine */
/* The mirrors are loaded: goes on with the running cycle, or polls when a poll is due (at once if
 * it is overdue, or if there never was one). */
void ps_poll_start(struct ps_poll *poll);
void ps_poll_stop(
    struct ps_poll *poll); /* the leadership has ended; answers under way are ignored */
/* An operator asked for a poll: brings the next one forward, at least five seconds after the start
 * of the last one. Changes nothing while a poll runs; call it again then. */
void ps_poll_now(struct ps_poll *poll);
/* Probes of leadership->run were settled. */
void ps_poll_settled(struct ps_poll *poll);
/* The open probes at position from and above cannot be published: leaves them out of this cycle,
 * as deferred. */
void ps_poll_shed(struct ps_poll *poll, size_t from, const char *why);

#endif
