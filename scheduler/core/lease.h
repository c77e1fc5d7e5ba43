/* When to try for the lease, when to renew it, and when to stop acting: a state machine on the
 * monotonic clock of this scheduler.
 *
 * io/election.h asks it at every tick and sends what it says. It keeps guarantee 2: a leader stops
 * before its lease can have ended in Redis, because it counts from the moment at which the renewal
 * was sent. Its safety rests on that, not on Redis. Pure; tests/unit/test_lease.c plays it against
 * lost, late and reordered answers. */
#ifndef PS_SCHEDULER_LEASE_H
#define PS_SCHEDULER_LEASE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_lease_state { PS_LEASE_STANDBY, PS_LEASE_TAKING, PS_LEASE_LEADER, PS_LEASE_RELEASED };

struct ps_lease {
    enum ps_lease_state state;
    int64_t ttl_ms;        /* life of the key `leader` */
    int64_t safe_until_ms; /* monotonic: the leader must not act after it. When the last granted
                            * renewal was sent, plus ttl, minus a margin */
    int64_t asked_ms;      /* monotonic: when the outstanding take or renewal was sent; 0: none */
    int64_t next_ms;       /* monotonic: when to ask next */
    int64_t epoch;         /* of the lease that is held or was held last */
};

enum ps_lease_action {
    PS_LEASE_NOTHING,
    PS_LEASE_ASK_EPOCH_AND_TAKE, /* get an epoch from PostgreSQL, then try to take the lease */
    PS_LEASE_RENEW,
    PS_LEASE_STEP_DOWN /* stop acting as the leader now */
};

/* A standby that tries for the lease at once. All times are of the monotonic clock. */
void ps_lease_init(struct ps_lease *lease, int64_t ttl_ms, int64_t now_ms);
/* Call it at ps_lease_due_ms, or more often; returns what to do now. TAKE and RENEW are outstanding
 * until one of the functions below is called. After STEP_DOWN it is a standby already. */
enum ps_lease_action ps_lease_step(struct ps_lease *lease, int64_t now_ms);
/* The next five functions report an answer. sent_ms: when the request was sent; the lease can have
 * started as early as that, so its end is counted from there. rnd, 0 <= rnd < 1, spreads the
 * attempts of standbys. */
/* The lease was granted for epoch: the scheduler leads. */
void ps_lease_taken(struct ps_lease *lease, int64_t epoch, int64_t sent_ms, int64_t now_ms);
/* The lease was not granted, or no answer came: tries again after a part of its life. */
void ps_lease_not_taken(struct ps_lease *lease, int64_t now_ms, double rnd);
/* Another scheduler holds the lease for at least left_ms more. The next attempt is when it can have
 * ended, and after a third of a lease's life at the latest, because the key may be deleted. Only
 * for a standby that receives signals, and so learns when the lease is released; others use
 * ps_lease_not_taken. */
void ps_lease_held(struct ps_lease *lease, int64_t now_ms, int64_t left_ms, double rnd);
/* The lease may have been released: a standby tries at once. */
void ps_lease_hurry(struct ps_lease *lease, int64_t now_ms);
/* The next look of a standby, or the next renewal of a leader, is at at_ms, if it was to be later:
 * the program is awake then in any case. */
void ps_lease_sooner(struct ps_lease *lease, int64_t at_ms);
/* Returns when to call ps_lease_step next, unless an answer arrives earlier; INT64_MAX if only an
 * answer can change anything. */
int64_t ps_lease_due_ms(const struct ps_lease *lease);
/* The renewal that was sent at sent_ms was granted: extends safe_until_ms. */
void ps_lease_renewed(struct ps_lease *lease, int64_t sent_ms, int64_t now_ms);
void ps_lease_renew_failed(
    struct ps_lease *lease,
    int64_t now_ms); /* no answer, or Redis is away: renew again soon, while it is safe */
/* Redis says that another scheduler leads, or a write was fenced: becomes a standby at once.
 * Returns true if it led. */
bool ps_lease_lost(struct ps_lease *lease, int64_t now_ms);
/* A clean stop: it never asks again. Returns true if it led, in which case the caller runs
 * lease_release. If a take is granted after this, epoch is set all the same, so that the caller
 * can release that lease too. */
bool ps_lease_release(struct ps_lease *lease);
bool ps_lease_leads(const struct ps_lease *lease, int64_t now_ms); /* whether it may act as the
                                                                    * leader now */

#endif
