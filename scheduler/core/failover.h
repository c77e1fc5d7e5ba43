/* How a lease came to its end, as a standby sees it, and for how long nobody led. */
#ifndef PS_SCHEDULER_FAILOVER_H
#define PS_SCHEDULER_FAILOVER_H
#include <stdbool.h>
#include <stdint.h>

enum ps_failover_cause {
    PS_FAILOVER_NONE,  /* no leader was seen before */
    PS_FAILOVER_CLEAN, /* the lease was given back before its time */
    PS_FAILOVER_CRASH  /* it ran out */
};

/* All times monotonic, in ms. Zero-initialized: nothing seen. */
struct ps_failover {
    int64_t seen_ms; /* when a leader was seen last; 0 for never */
    int64_t ends_ms; /* when its lease would run out by itself */
    int64_t gone_ms; /* first look without a leader since; 0 while there is one */
};

/* A look: left_ms of the lease are left, or none (left_ms < 0) holds it. */
void ps_failover_look(struct ps_failover *failover, int64_t now_ms, int64_t left_ms);
/* A lease of ttl_ms was taken now. out_ms: since the last sign of the leader before: its last
 * renewal where its lease ran out, the last look at it where it gave it back. Forgets all. */
enum ps_failover_cause ps_failover_taken(struct ps_failover *failover, int64_t now_ms,
                                         int64_t ttl_ms, int64_t *out_ms);
const char *ps_failover_cause_name(enum ps_failover_cause cause); /* "none" "clean" "crash" */

#endif
