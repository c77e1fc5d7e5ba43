#include "scheduler/core/lease.h"

/* Shares of the life of a lease. A standby tries about every tenth of a life, so that with the
 * default of 6 s a leader that left cleanly is replaced within a second. A leader whose renewal
 * failed tries several times before it must stop. */
enum {
    MARGIN_SHARE = 10, /* time to stop acting before the lease can have ended */
    RENEW_SHARE = 3,
    AGAIN_SHARE = 12,
    TRY_SHARE = 16,
    TRY_MS_MIN = 50
};

void ps_lease_init(struct ps_lease *lease, int64_t ttl_ms, int64_t now_ms)
{
    *lease = (struct ps_lease){ .state = PS_LEASE_STANDBY, .ttl_ms = ttl_ms, .next_ms = now_ms };
}

static int64_t safe_until(const struct ps_lease *lease, int64_t sent_ms)
{
    return sent_ms + lease->ttl_ms - lease->ttl_ms / MARGIN_SHARE;
}

static void stand_by(struct ps_lease *lease, int64_t next_ms)
{
    lease->state = PS_LEASE_STANDBY;
    lease->asked_ms = 0;
    lease->safe_until_ms = 0;
    lease->next_ms = next_ms;
}

static int64_t try_pause(const struct ps_lease *lease)
{
    int64_t pause = lease->ttl_ms / TRY_SHARE;

    return pause > TRY_MS_MIN ? pause : TRY_MS_MIN;
}

enum ps_lease_action ps_lease_step(struct ps_lease *lease, int64_t now_ms)
{
    switch (lease->state) {
    case PS_LEASE_STANDBY:
        if (now_ms < lease->next_ms)
            return PS_LEASE_NOTHING;
        lease->state = PS_LEASE_TAKING;
        lease->asked_ms = now_ms;
        return PS_LEASE_ASK_EPOCH_AND_TAKE;
    case PS_LEASE_LEADER:
        if (now_ms >= lease->safe_until_ms) {
            /* This leader could not reach Redis. Another scheduler may be able to, so it lets that
             * one go first. */
            stand_by(lease, now_ms + lease->ttl_ms / RENEW_SHARE);
            return PS_LEASE_STEP_DOWN;
        }
        if (lease->asked_ms != 0 || now_ms < lease->next_ms)
            return PS_LEASE_NOTHING;
        lease->asked_ms = now_ms;
        return PS_LEASE_RENEW;
    case PS_LEASE_TAKING:
    case PS_LEASE_RELEASED:
        break;
    }
    return PS_LEASE_NOTHING;
}

void ps_lease_taken(struct ps_lease *lease, int64_t epoch, int64_t sent_ms, int64_t now_ms)
{
    lease->epoch = epoch;
    if (lease->state != PS_LEASE_TAKING)
        return;
    if (now_ms >= safe_until(lease, sent_ms)) {
        stand_by(lease, now_ms); /* the answer took longer than the lease lives */
        return;
    }
    lease->state = PS_LEASE_LEADER;
    lease->asked_ms = 0;
    lease->safe_until_ms = safe_until(lease, sent_ms);
    lease->next_ms = sent_ms + lease->ttl_ms / RENEW_SHARE;
}

void ps_lease_not_taken(struct ps_lease *lease, int64_t now_ms, double rnd)
{
    int64_t pause = try_pause(lease);

    if (lease->state == PS_LEASE_TAKING)
        stand_by(lease, now_ms + pause + (int64_t)(rnd * (double)pause));
}

void ps_lease_held(struct ps_lease *lease, int64_t now_ms, int64_t left_ms, double rnd)
{
    int64_t most = lease->ttl_ms / RENEW_SHARE;
    int64_t pause = left_ms < most ? left_ms : most;

    if (lease->state == PS_LEASE_TAKING)
        stand_by(lease, now_ms + pause + (int64_t)(rnd * (double)try_pause(lease) / 2));
}

void ps_lease_hurry(struct ps_lease *lease, int64_t now_ms)
{
    if (lease->state == PS_LEASE_STANDBY && lease->next_ms > now_ms)
        lease->next_ms = now_ms;
}

void ps_lease_sooner(struct ps_lease *lease, int64_t at_ms)
{
    bool waits = lease->state == PS_LEASE_STANDBY ||
                 (lease->state == PS_LEASE_LEADER && lease->asked_ms == 0);

    if (waits && lease->next_ms > at_ms)
        lease->next_ms = at_ms;
}

int64_t ps_lease_due_ms(const struct ps_lease *lease)
{
    switch (lease->state) {
    case PS_LEASE_STANDBY:
        return lease->next_ms;
    case PS_LEASE_LEADER:
        return lease->asked_ms != 0 || lease->next_ms > lease->safe_until_ms ? lease->safe_until_ms
                                                                             : lease->next_ms;
    case PS_LEASE_TAKING:
    case PS_LEASE_RELEASED:
        break;
    }
    return INT64_MAX;
}

void ps_lease_renewed(struct ps_lease *lease, int64_t sent_ms, int64_t now_ms)
{
    int64_t until = safe_until(lease, sent_ms);

    (void)now_ms; /* how late the answer came does not matter: the lease counts from sent_ms */
    if (lease->state != PS_LEASE_LEADER)
        return;
    lease->asked_ms = 0;
    if (until > lease->safe_until_ms) {
        lease->safe_until_ms = until;
        lease->next_ms = sent_ms + lease->ttl_ms / RENEW_SHARE;
    }
}

void ps_lease_renew_failed(struct ps_lease *lease, int64_t now_ms)
{
    if (lease->state != PS_LEASE_LEADER)
        return;
    lease->asked_ms = 0;
    lease->next_ms = now_ms + lease->ttl_ms / AGAIN_SHARE;
}

bool ps_lease_lost(struct ps_lease *lease, int64_t now_ms)
{
    if (lease->state != PS_LEASE_LEADER)
        return false;
    stand_by(lease, now_ms + try_pause(lease));
    return true;
}

bool ps_lease_release(struct ps_lease *lease)
{
    bool led = lease->state == PS_LEASE_LEADER;

    lease->state = PS_LEASE_RELEASED;
    lease->asked_ms = 0;
    lease->safe_until_ms = 0;
    return led;
}

bool ps_lease_leads(const struct ps_lease *lease, int64_t now_ms)
{
    return lease->state == PS_LEASE_LEADER && now_ms < lease->safe_until_ms;
}
