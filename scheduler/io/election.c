/* How a standby becomes the leader: look at the lease (PTTL, GET) → draw an epoch from PostgreSQL
 * → lease_take in Redis with that epoch → on_lead.
 *
 * Redis refuses a take with an epoch that is older than one it has seen. That is why a PostgreSQL
 * that came back without its newest transactions cannot make a leader whose writes look old;
 * catch_up then skips the epochs that are used up. A leader renews after a third of the life of
 * its lease; core/lease.c decides when, and when it is too late. */
#include "scheduler/io/election.h"

#include "embedded/scheduler_sql.h"
#include "scheduler/core/failover.h"
#include "scheduler/core/lease.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EPOCH_TEXT = 24,
    VALUE_TEXT = 160,
    EPOCH_TOO_OLD = -1, /* of lease_take */
    EPOCHS_AT_ONCE = 100000,
    NAME_MS = 6000 /* a standby reads the leader's name so often, and after a signal */
};

struct ps_election {
    struct ps_daemon *daemon;
    struct ps_election_events events;
    void *cookie;
    struct ps_lease lease;
    struct ps_failover failover;
    struct ps_timer *tick;
    int64_t left_ms;         /* of the lease, as looked at last; below 0: nobody holds it */
    int64_t named_ms;        /* when the leader's name was read last; 0: it must be read */
    int64_t sent_ms;         /* when the outstanding take or renewal was sent */
    int64_t candidate_epoch; /* of the outstanding take */
    char value[VALUE_TEXT];  /* "<instance>:<epoch>" of the lease held */
    char leader[VALUE_TEXT]; /* as last seen */
    void (*released)(void *cookie);
    void *released_cookie;
};

static int64_t now_of(const struct ps_election *election)
{
    return ps_loop_now(election->daemon->loop);
}

static void arm(struct ps_election *election)
{
    int64_t due_ms = ps_lease_due_ms(&election->lease), now_ms = now_of(election);

    if (due_ms == INT64_MAX)
        ps_timer_cancel(election->tick); /* the answer that is awaited arms it */
    else
        ps_timer_set(election->tick, due_ms > now_ms ? due_ms - now_ms : 0);
}

/* While all is well, the next look or renewal is made with the tick of the loop before it is due,
 * when the program is awake in any case. */
static void arm_with_tick(struct ps_election *election)
{
    int64_t due_ms = ps_lease_due_ms(&election->lease);

    if (due_ms == INT64_MAX)
        return;
    ps_timer_set_about(election->tick, due_ms - now_of(election));
    if (ps_timer_due_ms(election->tick) < due_ms)
        ps_lease_sooner(&election->lease, ps_timer_due_ms(election->tick) - PS_TIMER_EARLY_MS);
}

static void not_taken(struct ps_election *election)
{
    ps_lease_not_taken(&election->lease, now_of(election), ps_clock_random());
    arm(election);
}

/* Another scheduler holds the lease. Where signals arrive, nothing is gained by looking before it
 * can have ended. */
static void held(struct ps_election *election)
{
    if (election->left_ms < 0 || !ps_signals_arrive(election->daemon->signals)) {
        not_taken(election);
        return;
    }
    ps_lease_held(&election->lease, now_of(election), election->left_ms, ps_clock_random());
    arm_with_tick(election);
}

static void refused(struct ps_election *election)
{
    ps_metrics_add(election->daemon->metrics, PS_METRIC_LEASE_REFUSED, NULL, 1);
}

static void lost(struct ps_election *election, const char *why)
{
    PS_LOG(LEADER_LOST, F_INT("epoch", election->lease.epoch), F_TEXT("why", why));
    ps_metrics_set(election->daemon->metrics, PS_METRIC_LEADER, NULL, 0);
    election->events.on_lost(election->cookie);
}

static void see_leader(struct ps_election *election, const char *value)
{
    snprintf(election->leader, sizeof(election->leader), "%s", value == NULL ? "" : value);
}

static void lead(struct ps_election *election, const char *value)
{
    int64_t gap_ms = 0;
    enum ps_failover_cause cause;
    struct ps_metrics *metrics = election->daemon->metrics;

    ps_lease_taken(&election->lease, election->candidate_epoch, election->sent_ms,
                   now_of(election));
    arm(election);
    if (election->lease.state != PS_LEASE_LEADER)
        return;
    ps_incident_monitor_lease(election->daemon->incidents, election->lease.ttl_ms, true);
    ps_signals_send(election->daemon->signals, PS_SIGNAL_LEASE);
    cause =
        ps_failover_taken(&election->failover, now_of(election), election->lease.ttl_ms, &gap_ms);
    if (cause != PS_FAILOVER_NONE)
        ps_metrics_set(metrics, PS_METRIC_FAILOVER, ps_failover_cause_name(cause),
                       (double)gap_ms / 1000);
    snprintf(election->value, sizeof(election->value), "%s", value);
    see_leader(election, value);
    PS_LOG(LEADER_ACQUIRED, F_INT("epoch", election->lease.epoch), F_TEXT("leader", value),
           F_TEXT("after", ps_failover_cause_name(cause)),
           F_REAL("failover_seconds", (double)gap_ms / 1000));
    ps_metrics_set(metrics, PS_METRIC_LEADER, NULL, 1);
    ps_metrics_set(metrics, PS_METRIC_LEADER_EPOCH, NULL, (double)election->lease.epoch);
    ps_metrics_add(metrics, PS_METRIC_LEADER_CHANGES, NULL, 1);
    election->events.on_lead(election->cookie, election->lease.epoch);
}

static void give_back(struct ps_election *election, const char *value, ps_redis_fn fn)
{
    const char *key = ps_key(election->daemon->keys, PS_KEY_LEADER);
    struct ps_str arg = ps_str_of(value);

    ps_script_run(election->daemon->redis, PS_SCRIPT_LEASE_RELEASE, &key, 1, &arg, 1, fn, election);
}

static void on_epoch(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err);

/* Redis has seen a newer epoch than PostgreSQL has given out: PostgreSQL came back without its
 * newest transactions. Drawing one epoch in each election attempt could take hours to catch
 * up, without a leader. Only nextval is used, so that two candidates never draw the same epoch. */
static void catch_up(struct ps_election *election, int64_t newest)
{
    struct ps_pg_batch *batch;

    refused(election);
    if (election->lease.state == PS_LEASE_RELEASED || newest < election->candidate_epoch) {
        not_taken(election);
        return;
    }
    PS_LOG(EPOCH_BEHIND, F_INT("epoch", election->candidate_epoch), F_INT("newest", newest),
           F_TEXT("what",
                  "PostgreSQL gave out an epoch that Redis has seen before: it was restored "
                  "or failed over; the newer epochs are skipped"));
    batch = ps_pg_batch_create();
    ps_sql_epochs_skip(batch, newest - election->candidate_epoch + 1, EPOCHS_AT_ONCE);
    ps_pg_run(election->daemon->pg, batch, on_epoch, election);
}

static void on_take(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_election *election = cookie;
    const char *value;

    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        if (err != NULL && err->code != PS_REDIS_ERR_OFFLINE)
            PS_LOG(LEADER_ERROR, F_TEXT("what", "take"), F_ERR(err));
        not_taken(election);
        return;
    }
    value = ps_redis_reply_text(reply->element[1], NULL);
    if (ps_redis_reply_int(reply->element[0], 0) == EPOCH_TOO_OLD) {
        catch_up(election, ps_redis_reply_int(reply->element[1], 0));
        return;
    }
    if (ps_redis_reply_int(reply->element[0], 0) == 1 && value != NULL) {
        if (election->lease.state == PS_LEASE_RELEASED)
            give_back(election, value, NULL); /* it was granted while the program was about to stop
                                               */
        else
            lead(election, value);
        return;
    }
    if (ps_redis_reply_int(reply->element[0], 0) == 0)
        see_leader(election, value);
    refused(election);
    not_taken(election);
}

static void on_epoch(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_election *election = cookie;
    const char *keys[2] = { ps_key(election->daemon->keys, PS_KEY_LEADER),
                            ps_key(election->daemon->keys, PS_KEY_EPOCH) };
    char epoch[EPOCH_TEXT], ttl[EPOCH_TEXT];
    struct ps_str args[3];

    if (election->lease.state == PS_LEASE_RELEASED)
        return;
    if (err != NULL) {
        PS_LOG(LEADER_ERROR, F_TEXT("what", "epoch"), F_ERR(err));
        not_taken(election);
        return;
    }
    election->candidate_epoch = ps_pg_int(rows, 0, 0, 0, 0);
    snprintf(epoch, sizeof(epoch), "%" PRId64, election->candidate_epoch);
    snprintf(ttl, sizeof(ttl), "%" PRId64, election->lease.ttl_ms);
    args[0] = ps_str_of(election->daemon->instance);
    args[1] = ps_str_of(epoch);
    args[2] = ps_str_of(ttl);
    election->sent_ms = now_of(election);
    ps_script_run(election->daemon->redis, PS_SCRIPT_LEASE_TAKE, keys, 2, args, 3, on_take,
                  election);
}

static void on_leader_seen(void *cookie, const struct redisReply *reply, const struct ps_err *err);

static void on_left(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_election *election = cookie;

    if (election->lease.state == PS_LEASE_RELEASED)
        return;
    if (err != NULL) {
        not_taken(election);
        return;
    }
    election->left_ms = ps_redis_reply_int(reply, -1);
    ps_incident_monitor_lease(election->daemon->incidents, election->left_ms, false);
    ps_failover_look(&election->failover, now_of(election), election->left_ms);
    if (election->left_ms >= 0 && election->named_ms != 0 &&
        now_of(election) - election->named_ms < NAME_MS)
        held(election);
    else
        PS_REDIS(election->daemon->redis, on_leader_seen, election, "GET",
                 ps_key(election->daemon->keys, PS_KEY_LEADER));
}

/* Looks at the lease before it draws an epoch, so that standbys do not use up the sequence. */
static void on_leader_seen(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_election *election = cookie;
    struct ps_pg_batch *batch;

    if (election->lease.state == PS_LEASE_RELEASED)
        return;
    if (err != NULL || reply->type != REDIS_REPLY_NIL || !ps_pg_up(election->daemon->pg)) {
        if (err == NULL)
            see_leader(election, ps_redis_reply_text(reply, NULL));
        if (err == NULL && reply->type != REDIS_REPLY_NIL) {
            election->named_ms = now_of(election);
            held(election);
        } else {
            not_taken(election);
        }
        return;
    }
    see_leader(election, "");
    batch = ps_pg_batch_create();
    ps_sql_epoch_next(batch);
    ps_pg_run(election->daemon->pg, batch, on_epoch, election);
}

static void on_renew(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_election *election = cookie;

    if (election->lease.state != PS_LEASE_LEADER)
        return;
    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        ps_lease_renew_failed(&election->lease, now_of(election));
        arm(election);
        return;
    }
    if (ps_redis_reply_int(reply->element[0], 0) == 1) {
        ps_lease_renewed(&election->lease, election->sent_ms, now_of(election));
        arm_with_tick(election);
        ps_incident_monitor_lease(election->daemon->incidents, election->lease.ttl_ms, true);
        election->events.on_generation(election->cookie,
                                       ps_redis_reply_text(reply->element[1], NULL));
        return;
    }
    see_leader(election, ps_redis_reply_text(reply->element[1], NULL));
    refused(election);
    if (ps_lease_lost(&election->lease, now_of(election))) {
        arm(election);
        lost(election, "the lease is not ours any more");
    }
}

static void renew(struct ps_election *election)
{
    const char *keys[3] = { ps_key(election->daemon->keys, PS_KEY_LEADER),
                            ps_key(election->daemon->keys, PS_KEY_EPOCH),
                            ps_key(election->daemon->keys, PS_KEY_GENERATION) };
    char ttl[EPOCH_TEXT];
    struct ps_str args[2];

    snprintf(ttl, sizeof(ttl), "%" PRId64, election->lease.ttl_ms);
    args[0] = ps_str_of(election->value);
    args[1] = ps_str_of(ttl);
    election->sent_ms = now_of(election);
    ps_script_run(election->daemon->redis, PS_SCRIPT_LEASE_KEEP, keys, 3, args, 2, on_renew,
                  election);
}

static void on_tick(void *cookie)
{
    struct ps_election *election = cookie;
    enum ps_lease_action action = ps_lease_step(&election->lease, now_of(election));

    arm(election);
    switch (action) {
    case PS_LEASE_NOTHING:
        return;
    case PS_LEASE_ASK_EPOCH_AND_TAKE:
        PS_REDIS(election->daemon->redis, on_left, election, "PTTL",
                 ps_key(election->daemon->keys, PS_KEY_LEADER));
        return;
    case PS_LEASE_RENEW:
        renew(election);
        return;
    case PS_LEASE_STEP_DOWN:
        lost(election, "it could not be renewed in time");
        return;
    }
}

static void on_signal(void *cookie)
{
    struct ps_election *election = cookie;

    election->named_ms = 0;
    ps_failover_signalled(&election->failover, now_of(election));
    ps_lease_hurry(&election->lease, now_of(election));
    arm(election);
}

struct ps_election *ps_election_create(struct ps_daemon *daemon,
                                       const struct ps_election_events *events, void *cookie)
{
    struct ps_election *election = ps_alloc_zero(1, sizeof(*election));
    int64_t ttl_ms = daemon->config->leader_ttl_ms;

    election->daemon = daemon;
    election->events = *events;
    election->cookie = cookie;
    ps_lease_init(&election->lease, ttl_ms, ps_loop_now(daemon->loop));
    election->tick = ps_timer_create(daemon->loop, on_tick, election);
    ps_timer_set(election->tick, 0);
    ps_signals_listen(daemon->signals, PS_SIGNAL_LEASE, on_signal, election);
    return election;
}

void ps_election_destroy(struct ps_election *election)
{
    if (election == NULL)
        return;
    ps_timer_destroy(election->tick);
    free(election);
}

bool ps_election_leads(const struct ps_election *election)
{
    return ps_lease_leads(&election->lease, now_of(election));
}

void ps_election_step_down(struct ps_election *election, const char *why)
{
    if (!ps_lease_lost(&election->lease, now_of(election)))
        return;
    arm(election);
    lost(election, why);
}

void ps_election_fenced(struct ps_election *election)
{
    ps_election_step_down(election, "a newer leader exists");
}

static void on_released(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_election *election = cookie;

    (void)reply;
    if (err != NULL)
        PS_LOG(LEADER_ERROR, F_TEXT("what", "release"), F_ERR(err));
    ps_signals_send(election->daemon->signals, PS_SIGNAL_LEASE);
    election->released(election->released_cookie);
}

void ps_election_release(struct ps_election *election, void (*done)(void *cookie), void *cookie)
{
    ps_timer_cancel(election->tick);
    (void)ps_lease_release(&election->lease);
    election->released = done;
    election->released_cookie = cookie;
    ps_metrics_set(election->daemon->metrics, PS_METRIC_LEADER, NULL, 0);
    give_back(election, election->value, on_released);
}

const char *ps_election_leader(const struct ps_election *election)
{
    return election->leader;
}

int64_t ps_election_epoch(const struct ps_election *election)
{
    return election->lease.epoch;
}
