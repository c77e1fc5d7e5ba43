#include "worker/io/rate_limiter.h"

#include "shared/core/alloc.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"
#include "worker/core/permit_batch.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* uthash's default function falls through its cases, which clang refuses. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

#define UNMETERED (SIZE_MAX / 2) /* permits of a host without a rate */

enum { ASK_AGAIN_MS = 500, SHARE_AGAIN_MS = 50, TRIP_MAX_MS = 1000, NUMBER_TEXT = 32 };

TAILQ_HEAD(permit_list, ps_permit);

struct ps_rate_limiter_host {
    struct ps_rate_limiter *limiter;
    char name[PS_URL_HOST];
    char *limit_key;
    char *cooldown_key;
    struct permit_list waiting;
    size_t on_wire;
    size_t permits;
    int64_t permits_until_ms;
    size_t share;   /* requests that may be under way, of the fleet's */
    size_t demand;  /* what the fleet was last asked for */
    bool held_back; /* and it gave less of that, or of permits */
    size_t counted; /* what the fleet counts as this worker's: its share, or what is under way */
    size_t share_bound; /* while the fleet is asked: no more than it was told */
    int64_t look_at_ms; /* when the share is to be looked after */
    int64_t idle_ms;    /* since when nothing uses it */
    int64_t paused_until_ms;
    int64_t ask_after_ms;
    bool asking;
    int64_t asked_ms, trip_ms; /* when the fleet was asked last, and how long the answer took */
    int commands;              /* under way with this host as cookie */
    bool cool_lost;            /* a pause the fleet has not heard of yet */
    int64_t cool_again_ms;     /* when it is told once more */
    int cool_status;
    struct ps_local_rate pace;
    UT_hash_handle hh;
};

struct ps_rate_limiter {
    struct ps_rate_limiter_options options;
    struct ps_timer *timer;
    struct ps_rate_limiter_host *hosts;
    size_t waiting;
    size_t on_wire;
    uint64_t ended;
    int64_t latency_us;
};

static void wake(struct ps_rate_limiter *limiter)
{
    ps_timer_set(limiter->timer, 0);
}

static int64_t now_ms(const struct ps_rate_limiter *limiter)
{
    return ps_loop_now(limiter->options.loop);
}

static struct ps_rate_limiter_host *host_of(struct ps_rate_limiter *limiter, const char *name)
{
    struct ps_rate_limiter_host *host;

    HASH_FIND_STR(limiter->hosts, name, host);
    if (host != NULL)
        return host;
    host = ps_alloc_zero(1, sizeof(*host));
    host->limiter = limiter;
    (void)snprintf(host->name, sizeof(host->name), "%s", name);
    if (limiter->options.keys != NULL) {
        host->limit_key = ps_key_with(limiter->options.keys, PS_KEY_LIMIT, name);
        host->cooldown_key = ps_key_with(limiter->options.keys, PS_KEY_COOLDOWN, name);
    }
    TAILQ_INIT(&host->waiting);
    HASH_ADD_STR(limiter->hosts, name, host);
    return host;
}

static void host_free(struct ps_rate_limiter_host *host)
{
    HASH_DELETE(hh, host->limiter->hosts, host);
    free(host->limit_key);
    free(host->cooldown_key);
    free(host);
}

/* url, status: of the answer that asked for it; NULL and 0 where the fleet tells of it. */
static void tell_pause(const struct ps_rate_limiter_host *host, int64_t pause_ms, const char *url,
                       int status)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    struct ps_err err;

    if (status != 0)
        ps_fail(&err, PS_FAILURE_RATE_LIMIT, status, "HTTP %d", status);
    else
        ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0, "another worker was asked to wait");
    PS_LOG(PROBE_COOLDOWN, F_TEXT("host", host->name), F_INT("status", status),
           F_INT("pause_ms", pause_ms), F_ERR(&err));
    if (options->metrics != NULL)
        ps_metrics_add(options->metrics, PS_METRIC_HOST_PAUSES, NULL, 1);
    if (options->failures != NULL && url != NULL)
        ps_failure_log_add(options->failures, ps_event_name(PS_EVENT_PROBE_COOLDOWN), &err, url,
                           status);
}

/* A pause is for everybody: what was leased before it is worth nothing any more. */
static void pause_until(struct ps_rate_limiter_host *host, int64_t until_ms, const char *url,
                        int status)
{
    int64_t now = now_ms(host->limiter);

    if (until_ms <= host->paused_until_ms)
        return;
    if (host->paused_until_ms <= now)
        tell_pause(host, until_ms - now, url, status);
    host->paused_until_ms = until_ms;
    host->permits = 0;
}

static int64_t reply_number(const struct redisReply *reply, size_t at)
{
    if (reply->type != REDIS_REPLY_ARRAY || at >= reply->elements)
        return 0;
    return ps_redis_reply_int(reply->element[at], 0);
}

/* How many requests may be under way at the host now. */
static size_t limit_of(const struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;

    if (options->host_cap == 0)
        return SIZE_MAX;
    if (options->redis == NULL)
        return options->host_cap;
    return host->asking && host->share_bound < host->share ? host->share_bound : host->share;
}

static void take_share(struct ps_rate_limiter_host *host, int64_t share)
{
    int64_t now = now_ms(host->limiter);

    if (share < 0)
        return;
    host->share = (size_t)share;
    host->counted = host->share > host->share_bound ? host->share : host->share_bound;
    /* what is under way beyond it ends soon, and is others' once the fleet hears of that */
    host->look_at_ms = now + (host->on_wire > host->share ? SHARE_AGAIN_MS : PS_SHARE_RENEW_MS);
}

static void grant(struct ps_rate_limiter_host *host, size_t permits, int64_t until_ms)
{
    host->permits = host->limiter->options.rate > 0 ? host->permits + permits : UNMETERED;
    host->permits_until_ms = until_ms;
}

/* A pause that somebody asked for while the answer was under way, or while this process stood
 * still, is the later word: permits live from the asking. A Redis that is always slow shows by the
 * answer before. */
static int64_t end_of_permits(struct ps_rate_limiter_host *host)
{
    int64_t slow_ms = host->trip_ms + PS_PERMIT_LIFE_MS / 2;

    host->trip_ms = now_ms(host->limiter) - host->asked_ms;
    if (host->trip_ms > TRIP_MAX_MS)
        host->trip_ms = TRIP_MAX_MS;
    return host->asked_ms + (slow_ms > PS_PERMIT_LIFE_MS ? slow_ms : PS_PERMIT_LIFE_MS);
}

static void on_permits(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_rate_limiter_host *host = cookie;
    int64_t now = now_ms(host->limiter);
    int64_t until_ms = end_of_permits(host);
    int64_t granted;
    int64_t wait_ms;

    host->asking = false;
    host->commands--;
    wake(host->limiter);
    if (err != NULL) {
        /* without the fleet's word no request is sent: it may be the one too many */
        host->ask_after_ms = host->look_at_ms = now + ASK_AGAIN_MS;
        host->idle_ms = now;
        if (err->code == PS_REDIS_ERR_REPLY)
            PS_LOG(TASK_ERROR, F_TEXT("what", "host_admit"), F_ERR(err));
        return;
    }
    granted = reply_number(reply, 0);
    wait_ms = reply_number(reply, 1);
    take_share(host, reply_number(reply, 3));
    host->held_back =
        wait_ms > 0 || (host->limiter->options.host_cap > 0 && host->share < host->demand);
    if (reply_number(reply, 2) == 1) {
        pause_until(host, now + wait_ms, NULL, 0);
        return;
    }
    /* a share that is too small grows when others end, and nobody tells of that */
    if (wait_ms == 0 && !TAILQ_EMPTY(&host->waiting) && host->on_wire >= limit_of(host))
        wait_ms = SHARE_AGAIN_MS;
    host->ask_after_ms = now + wait_ms;
    /* an answer that was on its way when the pause began grants nothing */
    if (granted > 0 && host->paused_until_ms <= now && until_ms > now)
        grant(host, (size_t)granted, until_ms);
}

static size_t waiting_of(const struct ps_rate_limiter_host *host)
{
    const struct ps_permit *permit;
    size_t waiting = 0;

    TAILQ_FOREACH (permit, &host->waiting, link) {
        if (++waiting == PS_PERMIT_BATCH)
            break;
    }
    return waiting;
}

/* Requests that could be under way at the host at once, were nobody else there. */
static size_t demand_of(const struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    size_t most = options->slots < options->host_cap ? options->slots : options->host_cap;
    size_t demand = host->on_wire + waiting_of(host);

    return demand < most ? demand : most;
}

static void ask_fleet(struct ps_rate_limiter_host *host, size_t wanted)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    enum { RATE, BURST, WANTED, CAP, INSTANCE, BUSY, DEMAND, LEASE, ARGS };
    char texts[ARGS][NUMBER_TEXT];
    struct ps_str args[ARGS];

    host->share_bound = host->on_wire;
    host->demand = demand_of(host);
    (void)snprintf(texts[RATE], NUMBER_TEXT, "%.6f", options->rate);
    (void)snprintf(texts[BURST], NUMBER_TEXT, "%lld", (long long)options->burst);
    (void)snprintf(texts[WANTED], NUMBER_TEXT, "%zu", wanted);
    (void)snprintf(texts[CAP], NUMBER_TEXT, "%zu", options->host_cap);
    (void)snprintf(texts[BUSY], NUMBER_TEXT, "%zu", host->share_bound);
    (void)snprintf(texts[DEMAND], NUMBER_TEXT, "%zu", host->demand);
    (void)snprintf(texts[LEASE], NUMBER_TEXT, "%lld",
                   (long long)options->timeout_ms + PS_SHARE_MARGIN_MS);
    for (size_t i = 0; i < ARGS; i++)
        args[i] = ps_str_of(i == INSTANCE ? options->instance : texts[i]);
    host->asking = true;
    host->asked_ms = now_ms(host->limiter);
    host->commands++;
    ps_script_run(options->redis, PS_SCRIPT_HOST_ADMIT,
                  (const char *const[]){ host->limit_key, host->cooldown_key }, 2, args, ARGS,
                  on_permits, host);
}

static void ask_self(struct ps_rate_limiter_host *host, size_t wanted)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    int64_t wait_ms;

    grant(host,
          ps_local_rate_admit(&host->pace, options->rate, options->burst, wanted,
                              ps_clock_mono_us(), &wait_ms),
          now_ms(host->limiter) + PS_PERMIT_LIFE_MS);
    host->ask_after_ms = now_ms(host->limiter) + wait_ms;
}

static void admit_some(struct ps_rate_limiter_host *host)
{
    struct ps_rate_limiter *limiter = host->limiter;
    struct ps_permit *permit;

    while (host->permits > 0 && limiter->on_wire < limiter->options.slots &&
           host->on_wire < limit_of(host) && (permit = TAILQ_FIRST(&host->waiting)) != NULL) {
        TAILQ_REMOVE(&host->waiting, permit, link);
        limiter->waiting--;
        host->permits--;
        limiter->on_wire++;
        host->on_wire++;
        permit->state = PS_PERMIT_IN_FLIGHT;
        permit->admitted_us = ps_clock_mono_us();
        permit->fn(permit->cookie);
    }
}

static size_t wanted_of(const struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter *limiter = host->limiter;
    size_t cap = limiter->options.host_cap;
    struct ps_permit_need need = { .waiting = waiting_of(host),
                                   .stock = host->permits,
                                   .free_slots = limiter->options.slots - limiter->on_wire,
                                   .on_wire = host->on_wire,
                                   .latency_us = limiter->latency_us };

    /* Where there is no rate, one permit is for all that go while it lives. */
    if (limiter->options.rate <= 0)
        return host->permits_until_ms - now_ms(limiter) > PS_PERMIT_LIFE_MS / 2 ? 0 : 1;
    if (cap > 0 && cap - host->on_wire < need.free_slots)
        need.free_slots = cap - host->on_wire;
    return ps_permits_wanted(&need);
}

/* The earlier of two times from now, -1 for never. */
static int64_t sooner(int64_t a, int64_t b)
{
    return b < 0 || (a >= 0 && a < b) ? a : b;
}

/* When the share must be looked after, in ms; -1: never. Nothing is under way with the fleet. */
static int64_t share_due(struct ps_rate_limiter_host *host)
{
    int64_t now = now_ms(host->limiter), due_ms = host->look_at_ms;

    if (host->counted == 0 || host->limiter->options.redis == NULL)
        return -1;
    if (host->on_wire > 0 || !TAILQ_EMPTY(&host->waiting))
        host->idle_ms = now;
    if (host->idle_ms + PS_SHARE_IDLE_MS < due_ms)
        due_ms = host->idle_ms + PS_SHARE_IDLE_MS;
    return due_ms > now ? due_ms - now : 0;
}

static void on_cooled(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_rate_limiter_host *host = cookie;

    host->commands--;
    wake(host->limiter);
    if (err == NULL) {
        pause_until(host, now_ms(host->limiter) + ps_redis_reply_int(reply, 0), NULL,
                    host->cool_status);
        return;
    }
    host->cool_lost = true;
    host->cool_again_ms = now_ms(host->limiter) + ASK_AGAIN_MS;
    if (err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", "host_pause"), F_ERR(err));
}

static void tell_fleet(struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    int64_t left_ms = host->paused_until_ms - now_ms(host->limiter);
    char pause[NUMBER_TEXT], rate[NUMBER_TEXT], floor[NUMBER_TEXT];
    char why[PS_URL_HOST];
    struct ps_str args[4];

    host->cool_lost = false;
    if (left_ms <= 0)
        return;
    (void)snprintf(pause, sizeof(pause), "%lld", (long long)left_ms);
    (void)snprintf(rate, sizeof(rate), "%.6f", options->rate);
    (void)snprintf(why, sizeof(why), "HTTP %d seen by %s", host->cool_status, options->instance);
    args[0] = ps_str_of(pause);
    args[1] = ps_str_of(rate);
    args[2] = ps_str_of(why);
    (void)snprintf(floor, sizeof(floor), "%.6f", options->floor);
    args[3] = ps_str_of(floor);
    host->commands++;
    ps_script_run(options->redis, PS_SCRIPT_HOST_PAUSE,
                  (const char *const[]){ host->limit_key, host->cooldown_key }, 2, args, 4,
                  on_cooled, host);
}

/* A pause that Redis would not take is told again, while it lasts. */
static int64_t paused_step(struct ps_rate_limiter_host *host, int64_t now)
{
    if (host->cool_lost && host->cool_again_ms <= now && ps_redis_up(host->limiter->options.redis))
        tell_fleet(host);
    if (host->cool_lost && host->cool_again_ms > now)
        return sooner(host->cool_again_ms - now, host->paused_until_ms - now);
    return host->paused_until_ms - now;
}

/* Lets through what may go; returns when to look again in ms, -1 when something else will tell. */
static int64_t host_step(struct ps_rate_limiter_host *host)
{
    struct ps_rate_limiter *limiter = host->limiter;
    int64_t now = now_ms(limiter), share_ms;
    size_t wanted;

    if (host->paused_until_ms > now)
        return paused_step(host, now);
    if (host->permits_until_ms <= now)
        host->permits = 0;
    admit_some(host);
    if (host->asking)
        return -1;
    share_ms = share_due(host);
    if (TAILQ_EMPTY(&host->waiting) && share_ms != 0)
        return share_ms;
    if (host->ask_after_ms > now && share_ms != 0)
        return sooner(host->ask_after_ms - now, share_ms);
    wanted = TAILQ_EMPTY(&host->waiting) ? 0 : wanted_of(host);
    if (wanted == 0 && share_ms != 0) {
        /* every slot is taken: the next one that comes free wakes the rate limiter. Where none is,
           the share is used up by nothing: it is asked for anew once the permits have run out. */
        if (host->on_wire > 0 || TAILQ_EMPTY(&host->waiting))
            return share_ms;
        return sooner(share_ms, host->permits_until_ms > now ? host->permits_until_ms - now : 1);
    }
    if (limiter->options.redis != NULL) {
        if (ps_redis_up(limiter->options.redis))
            ask_fleet(host, wanted);
        return -1;
    }
    ask_self(host, wanted);
    return 0;
}

static void on_wake(void *cookie)
{
    struct ps_rate_limiter *limiter = cookie;
    struct ps_rate_limiter_host *host;
    struct ps_rate_limiter_host *next;
    int64_t soonest = -1;

    HASH_ITER (hh, limiter->hosts, host, next) {
        soonest = sooner(soonest, host_step(host));
    }
    /* a host is forgotten once nothing hangs on it: tasks can name any number of them */
    HASH_ITER (hh, limiter->hosts, host, next) {
        if (TAILQ_EMPTY(&host->waiting) && host->on_wire == 0 && host->commands == 0 &&
            host->counted == 0 && host->paused_until_ms <= now_ms(limiter) &&
            (limiter->options.redis != NULL || host->ask_after_ms <= now_ms(limiter)) &&
            host->permits_until_ms <= now_ms(limiter))
            host_free(host);
    }
    if (soonest >= 0 && !ps_timer_pending(limiter->timer))
        ps_timer_set(limiter->timer, soonest);
}

struct ps_rate_limiter *ps_rate_limiter_create(const struct ps_rate_limiter_options *options)
{
    struct ps_rate_limiter *limiter = ps_alloc_zero(1, sizeof(*limiter));

    limiter->options = *options;
    limiter->timer = ps_timer_create(options->loop, on_wake, limiter);
    return limiter;
}

void ps_rate_limiter_destroy(struct ps_rate_limiter *limiter)
{
    struct ps_rate_limiter_host *host;
    struct ps_rate_limiter_host *next;

    if (limiter == NULL)
        return;
    HASH_ITER (hh, limiter->hosts, host, next) {
        host_free(host);
    }
    ps_timer_destroy(limiter->timer);
    free(limiter);
}

bool ps_rate_limiter_acquire(struct ps_rate_limiter *limiter, struct ps_permit *permit,
                             const char *url, ps_rate_limiter_fn fn, void *cookie,
                             struct ps_err *err)
{
    char name[PS_URL_HOST];

    if (!ps_url_host(url, name, sizeof(name), err))
        return false;
    permit->host = host_of(limiter, name);
    permit->state = PS_PERMIT_WAITING;
    permit->fn = fn;
    permit->cookie = cookie;
    TAILQ_INSERT_TAIL(&permit->host->waiting, permit, link);
    limiter->waiting++;
    wake(limiter);
    return true;
}

static void took(struct ps_rate_limiter *limiter, int64_t us)
{
    limiter->latency_us = ps_latency_average(limiter->latency_us, us);
    if (limiter->options.metrics != NULL)
        ps_metrics_observe(limiter->options.metrics, PS_METRIC_PROBE_SECONDS, (double)us / 1e6);
}

void ps_rate_limiter_release(struct ps_rate_limiter *limiter, struct ps_permit *permit)
{
    switch (permit->state) {
    case PS_PERMIT_NONE:
        return;
    case PS_PERMIT_WAITING:
        TAILQ_REMOVE(&permit->host->waiting, permit, link);
        limiter->waiting--;
        break;
    case PS_PERMIT_IN_FLIGHT:
        limiter->on_wire--;
        limiter->ended++;
        permit->host->on_wire--;
        took(limiter, ps_clock_mono_us() - permit->admitted_us);
        break;
    }
    permit->state = PS_PERMIT_NONE;
    permit->host = NULL;
    wake(limiter);
}

void ps_rate_limiter_pause_host(struct ps_rate_limiter *limiter, const char *url, int64_t pause_ms,
                                int status)
{
    struct ps_rate_limiter_host *host;
    char name[PS_URL_HOST];

    if (!ps_url_host(url, name, sizeof(name), NULL))
        return;
    host = host_of(limiter, name);
    host->cool_status = status;
    pause_until(host, now_ms(limiter) + pause_ms, url, status);
    wake(limiter);
    if (limiter->options.redis != NULL)
        tell_fleet(host);
}

void ps_rate_limiter_on_redis(struct ps_rate_limiter *limiter, bool up)
{
    struct ps_rate_limiter_host *host;
    struct ps_rate_limiter_host *next;

    if (!up)
        return;
    HASH_ITER (hh, limiter->hosts, host, next) {
        host->ask_after_ms = 0;
        if (host->cool_lost)
            tell_fleet(host);
    }
    wake(limiter);
}

void ps_rate_limiter_return_share(struct ps_rate_limiter *limiter)
{
    struct ps_rate_limiter_host *host;
    struct ps_rate_limiter_host *next;

    HASH_ITER (hh, limiter->hosts, host, next) {
        if (host->counted > 0 && host->on_wire == 0 && ps_redis_up(limiter->options.redis))
            ask_fleet(host, 0);
    }
}

int64_t ps_permit_pause_ms(const struct ps_rate_limiter *limiter, const struct ps_permit *permit)
{
    int64_t left_ms = 0;

    if (permit->state == PS_PERMIT_WAITING)
        left_ms = permit->host->paused_until_ms - now_ms(limiter);
    return left_ms > 0 ? left_ms : 0;
}

bool ps_rate_limiter_is_limiting(const struct ps_rate_limiter *limiter)
{
    const struct ps_rate_limiter_host *host;
    int64_t now = now_ms(limiter);

    for (host = limiter->hosts; host != NULL; host = host->hh.next) {
        if (host->held_back || host->paused_until_ms > now)
            return true;
    }
    return false;
}

size_t ps_rate_limiter_waiting(const struct ps_rate_limiter *limiter)
{
    return limiter->waiting;
}

size_t ps_rate_limiter_in_flight(const struct ps_rate_limiter *limiter)
{
    return limiter->on_wire;
}

size_t ps_rate_limiter_paused_hosts(const struct ps_rate_limiter *limiter)
{
    struct ps_rate_limiter_host *host;
    struct ps_rate_limiter_host *next;
    size_t count = 0;

    HASH_ITER (hh, limiter->hosts, host, next) {
        if (host->paused_until_ms > now_ms(limiter))
            count++;
    }
    return count;
}

uint64_t ps_rate_limiter_completed(const struct ps_rate_limiter *limiter)
{
    return limiter->ended;
}

int64_t ps_rate_limiter_latency_us(const struct ps_rate_limiter *limiter)
{
    return limiter->latency_us;
}
