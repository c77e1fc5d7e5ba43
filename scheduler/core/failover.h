/* Measures how long nobody led, and why, as a standby sees it: the metric
 * paperscout_failover_seconds.
 *
 * io/election.h reports each look at the lease. A lease that disappears before its time was given
 * back (clean); one that runs out means that its leader died (crash). Pure. */
#ifndef PS_SCHEDULER_FAILOVER_H
#define PS_SCHEDULER_FAILOVER_H
#include <stdbool.h>
#include <stdint.h>

enum ps_failover_cause {
    PS_FAILOVER_NONE,  /* no leader was seen before */
    PS_FAILOVER_CLEAN, /* the lease was given back before it ended */
    PS_FAILOVER_CRASH  /* it ran out: the leader died or was cut off */
};

/* All times monotonic, in ms. Zero-initialized: nothing seen. */
struct ps_failover {
    int64_t seen_ms; /* last sign of a leader, a look or a signal; 0 for never */
    int64_t ends_ms; /* when its lease would run out by itself */
    int64_t gone_ms; /* first look without a leader since then; 0 while there is one */
};

/* A standby looked: the lease ends in left_ms, or nobody holds it (left_ms < 0). */
void ps_failover_look(struct ps_failover *failover, int64_t now_ms, int64_t left_ms);
/* A signal about the lease came. A standby that gets signals looks seldom: if the next look finds
 * no leader, the signal is when the lease was given back. */
void ps_failover_signalled(struct ps_failover *failover, int64_t now_ms);
/* This standby took a lease of ttl_ms. out_ms: time since the last sign of the leader before,
 * which is its last renewal if the lease ran out, and the signal, or else the last look at it, if
 * it was given back. Forgets everything. */
enum ps_failover_cause ps_failover_taken(struct ps_failover *failover, int64_t now_ms,
                                         int64_t ttl_ms, int64_t *out_ms);
const char *ps_failover_cause_name(enum ps_failover_cause cause); /* "none" "clean" "crash" */

#endif
