/* Who leads: when to try, to renew, to stop acting. A step machine on the holder's own monotonic
 * clock (promise 2). */
#ifndef PS_SCHEDULER_LEASE_H
#define PS_SCHEDULER_LEASE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_lease_state { PS_LEASE_STANDBY, PS_LEASE_TAKING, PS_LEASE_LEADER, PS_LEASE_RELEASED };

struct ps_lease {
    enum ps_lease_state state;
    int64_t ttl_ms;
    int64_t safe_until_ms; /* monotonic: sent time of the last renewal that was granted + ttl -
                              margin; leader only */
    int64_t asked_ms;      /* monotonic: when the take or renewal under way was sent; 0 for none */
    int64_t next_ms;       /* when to ask next */
    int64_t epoch;         /* of the lease held, or held last */
};

enum ps_lease_action {
    PS_LEASE_NOTHING,
    PS_LEASE_ASK_EPOCH_AND_TAKE,
    PS_LEASE_RENEW,
    PS_LEASE_STEP_DOWN
};

void ps_lease_init(struct ps_lease *lease, int64_t ttl_ms, int64_t now_ms);
/* Call at every tick: what to do now. TAKE and RENEW count as asked until answered; STEP_DOWN has
 * made it a standby already. */
enum ps_lease_action ps_lease_step(struct ps_lease *lease, int64_t now_ms);
/* Answers. sent_ms: when the request left: the lease runs from there at the earliest. rnd 0 <= r <
 * 1 spreads standbys' tries. */
void ps_lease_taken(struct ps_lease *lease, int64_t epoch, int64_t sent_ms, int64_t now_ms);
void ps_lease_not_taken(struct ps_lease *lease, int64_t now_ms, double rnd);
void ps_lease_renewed(struct ps_lease *lease, int64_t sent_ms, int64_t now_ms);
void ps_lease_renew_failed(
    struct ps_lease *lease,
    int64_t now_ms); /* no answer or Redis away: try again soon, while safe */
/* The store says that somebody else leads, or a write was fenced: standby at once. True when it
 * led. */
bool ps_lease_lost(struct ps_lease *lease, int64_t now_ms);
/* A clean stop: it never asks again. True when it led: run lease_release now. A take that was under
 * way and is granted after this leaves epoch set, so that it can be released too. */
bool ps_lease_release(struct ps_lease *lease);
bool ps_lease_leads(const struct ps_lease *lease, int64_t now_ms); /* may it act now? */

#endif
