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
/* clang refuses uthash's default hash function, because its cases fall through. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

/* One timer drives all hosts. Each event (a permit requested or released, a reply, a reconnect)
 * sets it to fire at once; on_wake then runs host_step for each host:
 *
 *     paused?            send the pause to the fleet if that failed before; wait for its end
 *     permits at hand?   admit waiting requests
 *     share due?         renew it, or return it when idle
 *     more needed?       ask Redis (host_admit.lua) for permits and share in one round trip
 *
 * and sets the timer to the earliest time at which a host needs attention again. */

#define UNLIMITED_PERMITS (SIZE_MAX / 2) /* of a host without a rate */

enum {
    RETRY_MS = 500,
    SHARE_RETRY_MS = 50,
    ROUND_TRIP_MAX_MS = 1000,
    NUMBER_TEXT = 32,
    HOSTS_PRESENT_MAX = 64
};

TAILQ_HEAD(permit_list, ps_permit);

struct ps_rate_limiter_host {
    struct ps_rate_limiter *limiter;
    char name[PS_URL_HOST];
    char *limit_key;
    char *cooldown_key;
    struct permit_list waiting;
    size_t in_flight;
    int unanswered; /* scripts in flight with this host as cookie: it must not be freed */

    /* The last host_admit.lua and its answer. */
    bool admit_pending;
    int64_t asked_ms, round_trip_ms;
    int64_t ask_after_ms; /* earliest time to ask for more permits */
    size_t permits;
    int64_t permits_until_ms;
    bool limited; /* it granted less than was asked for */

    /* The share of the fleet's cap on requests in flight. */
    size_t share;
    size_t demand;             /* requests in flight that this worker asked to have */
    size_t reported_in_flight; /* while admit_pending: in flight, as reported to Redis */
    size_t share_counted;      /* what Redis counts as this worker's; 0: nothing to return */
    int64_t present_until_ms;  /* without a share: how long Redis counts this worker as present */
    int64_t share_renew_ms;
    int64_t idle_since_ms;

    int64_t paused_until_ms;
    int pause_status;       /* HTTP status that asked for the pause */
    bool pause_unsent;      /* Redis has not accepted the pause yet */
    int64_t pause_retry_ms; /* when to send it again */

    struct ps_local_rate local_rate; /* without a fleet */
    UT_hash_handle hh;
};

struct ps_rate_limiter {
    struct ps_rate_limiter_options options;
    struct ps_timer *timer;
    struct ps_rate_limiter_host *hosts;
    size_t waiting;
    size_t in_flight;
    uint64_t completed;
    int64_t latency_us;
    bool leaving; /* this worker stops: it does not stay present */
};

static void wake(struct ps_rate_limiter *limiter)
{
    ps_timer_set(limiter->timer, 0);
}

static int64_t now_ms(const struct ps_rate_limiter *limiter)
{
    return ps_loop_now(limiter->options.loop);
}

static struct ps_rate_limiter_host *find_or_add_host(struct ps_rate_limiter *limiter,
                                                     const char *name)
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

/* Pauses the host for this worker. Permits that were granted before are void, because a pause holds
 * for the whole fleet at once. url and status are those of the answer that asked for the pause;
 * NULL and 0 when Redis reports another worker's. */
static void pause_until(struct ps_rate_limiter_host *host, int64_t until_ms, const char *url,
                        int status)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    int64_t now = now_ms(host->limiter);
    bool begins = host->paused_until_ms <= now;
    struct ps_err err;

    if (until_ms <= host->paused_until_ms)
        return;
    host->paused_until_ms = until_ms;
    host->permits = 0;
    if (!begins)
        return;
    if (status != 0)
        ps_fail(&err, PS_FAILURE_RATE_LIMIT, status, "HTTP %d", status);
    else
        ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0, "the host asked another worker to pause");
    PS_LOG(PROBE_COOLDOWN, F_TEXT("host", host->name), F_INT("status", status),
           F_INT("pause_ms", until_ms - now), F_ERR(&err));
    if (options->metrics != NULL)
        ps_metrics_add(options->metrics, PS_METRIC_HOST_PAUSES, NULL, 1);
    if (options->failures != NULL && url != NULL)
        ps_failure_log_add(options->failures, ps_event_name(PS_EVENT_PROBE_COOLDOWN), &err, url,
                           status);
}

/* How many requests this worker may have in flight at the host now. While a question to Redis is
 * unanswered the worker stays within the number that it reported: Redis may be giving the rest of
 * its share to another worker in that moment, and the sum must never exceed the cap. */
static size_t in_flight_limit(const struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;

    if (options->host_cap == 0)
        return SIZE_MAX;
    if (options->redis == NULL)
        return options->host_cap;
    return host->admit_pending && host->reported_in_flight < host->share ? host->reported_in_flight
                                                                         : host->share;
}

static void admit_waiting(struct ps_rate_limiter_host *host)
{
    struct ps_rate_limiter *limiter = host->limiter;
    struct ps_permit *permit;

    while (host->permits > 0 && limiter->in_flight < limiter->options.slots &&
           host->in_flight < in_flight_limit(host) &&
           (permit = TAILQ_FIRST(&host->waiting)) != NULL) {
        TAILQ_REMOVE(&host->waiting, permit, link);
        limiter->waiting--;
        host->permits--;
        limiter->in_flight++;
        host->in_flight++;
        permit->state = PS_PERMIT_IN_FLIGHT;
        permit->admitted_us = ps_clock_mono_us();
        permit->fn(permit->cookie);
    }
}

static void grant(struct ps_rate_limiter_host *host, size_t permits, int64_t until_ms)
{
    host->permits = host->limiter->options.rate > 0 ? host->permits + permits : UNLIMITED_PERMITS;
    host->permits_until_ms = until_ms;
}

/* Permits live from the question, not from the answer: a pause that another worker reported while
 * the answer was on its way, or while this process was stopped, must not be overtaken by it. On a
 * Redis that is always slow all permits would be dead on arrival; so the previous round trip is
 * added to their life. */
static int64_t permits_expire_ms(struct ps_rate_limiter_host *host)
{
    int64_t life_ms = host->round_trip_ms + PS_PERMIT_LIFE_MS / 2;

    host->round_trip_ms = now_ms(host->limiter) - host->asked_ms;
    if (host->round_trip_ms > ROUND_TRIP_MAX_MS)
        host->round_trip_ms = ROUND_TRIP_MAX_MS;
    return host->asked_ms + (life_ms > PS_PERMIT_LIFE_MS ? life_ms : PS_PERMIT_LIFE_MS);
}

static int64_t reply_number(const struct redisReply *reply, size_t at)
{
    if (reply->type != REDIS_REPLY_ARRAY || at >= reply->elements)
        return 0;
    return ps_redis_reply_int(reply->element[at], 0);
}

/* host_admit.lua: {permits granted, ms until more, 1 when paused, share}. */
static void on_admitted(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_rate_limiter_host *host = cookie;
    int64_t now = now_ms(host->limiter);
    int64_t until_ms = permits_expire_ms(host);
    int64_t granted, wait_ms, share;

    host->admit_pending = false;
    host->unanswered--;
    wake(host->limiter);
    if (err != NULL) {
        /* Without Redis' answer no request is sent: it might be the one above the limit. */
        host->ask_after_ms = host->share_renew_ms = now + RETRY_MS;
        host->idle_since_ms = now;
        if (err->code == PS_REDIS_ERR_REPLY)
            PS_LOG(TASK_ERROR, F_TEXT("what", "host_admit"), F_ERR(err));
        return;
    }
    granted = reply_number(reply, 0);
    wait_ms = reply_number(reply, 1);
    share = reply_number(reply, 3);
    if (share >= 0) {
        host->share = (size_t)share;
        host->share_counted =
            host->share > host->reported_in_flight ? host->share : host->reported_in_flight;
        host->present_until_ms =
            host->demand > 0 || host->limiter->leaving ? 0 : now + PS_SHARE_PRESENT_MS;
        /* Requests beyond a share that shrank end soon. Redis must learn of it quickly, because
         * until then it counts them as this worker's. */
        host->share_renew_ms =
            now + (host->in_flight > host->share ? SHARE_RETRY_MS : PS_SHARE_RENEW_MS);
    }
    host->limited =
        wait_ms > 0 || (host->limiter->options.host_cap > 0 && host->share < host->demand);
    if (reply_number(reply, 2) == 1) {
        pause_until(host, now + wait_ms, NULL, 0);
        return;
    }
    /* A share that is too small grows when other workers finish, and no event announces that. */
    if (wait_ms == 0 && !TAILQ_EMPTY(&host->waiting) && host->in_flight >= in_flight_limit(host))
        wait_ms = SHARE_RETRY_MS;
    host->ask_after_ms = now + wait_ms;
    /* An answer that was on its way when this worker's own pause began grants nothing. */
    if (granted > 0 && host->paused_until_ms <= now && until_ms > now)
        grant(host, (size_t)granted, until_ms);
}

static size_t waiting_count(const struct ps_rate_limiter_host *host)
{
    const struct ps_permit *permit;
    size_t waiting = 0;

    TAILQ_FOREACH (permit, &host->waiting, link) {
        if (++waiting == PS_PERMIT_BATCH)
            break;
    }
    return waiting;
}

/* Asks Redis for wanted permits (may be 0) and for a share. */
static void ask_fleet(struct ps_rate_limiter_host *host, size_t wanted)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    enum { RATE, BURST, WANTED, CAP, INSTANCE, IN_FLIGHT, DEMAND, LIFE, PERMITS, PRESENT, ARGS };
    size_t demand_max = options->slots < options->host_cap ? options->slots : options->host_cap;
    size_t demand = host->in_flight + waiting_count(host);
    char texts[ARGS][NUMBER_TEXT];
    struct ps_str args[ARGS];

    host->demand = demand < demand_max ? demand : demand_max;
    host->reported_in_flight = host->in_flight;
    (void)snprintf(texts[RATE], NUMBER_TEXT, "%.6f", options->rate);
    (void)snprintf(texts[BURST], NUMBER_TEXT, "%lld", (long long)options->burst);
    (void)snprintf(texts[WANTED], NUMBER_TEXT, "%zu", wanted);
    (void)snprintf(texts[CAP], NUMBER_TEXT, "%zu", options->host_cap);
    (void)snprintf(texts[IN_FLIGHT], NUMBER_TEXT, "%zu", host->reported_in_flight);
    (void)snprintf(texts[DEMAND], NUMBER_TEXT, "%zu", host->demand);
    (void)snprintf(texts[LIFE], NUMBER_TEXT, "%lld",
                   (long long)options->timeout_ms + PS_SHARE_MARGIN_MS);
    (void)snprintf(texts[PERMITS], NUMBER_TEXT, "%zu", options->rate > 0 ? host->permits : 0);
    (void)snprintf(texts[PRESENT], NUMBER_TEXT, "%d",
                   host->limiter->leaving ? 0 : PS_SHARE_PRESENT_MS);
    for (size_t i = 0; i < ARGS; i++)
        args[i] = ps_str_of(i == INSTANCE ? options->instance : texts[i]);
    host->admit_pending = true;
    host->asked_ms = now_ms(host->limiter);
    host->unanswered++;
    ps_script_run(options->redis, PS_SCRIPT_HOST_ADMIT,
                  (const char *const[]){ host->limit_key, host->cooldown_key }, 2, args, ARGS,
                  on_admitted, host);
}

static void ask_local_rate(struct ps_rate_limiter_host *host, size_t wanted)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    int64_t now = now_ms(host->limiter), wait_ms;
    size_t granted = ps_local_rate_admit(&host->local_rate, options->rate, options->burst, wanted,
                                         ps_clock_mono_us(), &wait_ms);

    grant(host, granted, now + PS_PERMIT_LIFE_MS);
    host->ask_after_ms = now + wait_ms;
}

static size_t permits_wanted(const struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter *limiter = host->limiter;
    size_t cap = limiter->options.host_cap;
    struct ps_permit_need need = { .waiting = waiting_count(host),
                                   .available = host->permits,
                                   .free_slots = limiter->options.slots - limiter->in_flight,
                                   .in_flight = host->in_flight,
                                   .latency_us = limiter->latency_us };

    if (need.waiting == 0)
        return 0;
    /* Without a rate one permit allows every request while it lives. */
    if (limiter->options.rate <= 0)
        return host->permits_until_ms - now_ms(limiter) > PS_PERMIT_LIFE_MS / 2 ? 0 : 1;
    if (cap > 0 && cap - host->in_flight < need.free_slots)
        need.free_slots = cap - host->in_flight;
    return ps_permits_wanted(&need);
}

static void on_pause_sent(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_rate_limiter_host *host = cookie;

    host->unanswered--;
    wake(host->limiter);
    if (err == NULL) {
        /* Another worker may have asked for a longer pause. */
        pause_until(host, now_ms(host->limiter) + ps_redis_reply_int(reply, 0), NULL,
                    host->pause_status);
        return;
    }
    host->pause_unsent = true;
    host->pause_retry_ms = now_ms(host->limiter) + RETRY_MS;
    if (err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", "host_pause"), F_ERR(err));
}

/* Publishes a pause that the host asked this worker for. */
static void send_pause(struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter_options *options = &host->limiter->options;
    int64_t left_ms = host->paused_until_ms - now_ms(host->limiter);
    char pause[NUMBER_TEXT], rate[NUMBER_TEXT], floor[NUMBER_TEXT], reason[PS_URL_HOST];

    host->pause_unsent = false;
    if (left_ms <= 0)
        return;
    (void)snprintf(pause, sizeof(pause), "%lld", (long long)left_ms);
    (void)snprintf(rate, sizeof(rate), "%.6f", options->rate);
    (void)snprintf(reason, sizeof(reason), "HTTP %d seen by %s", host->pause_status,
                   options->instance);
    (void)snprintf(floor, sizeof(floor), "%.6f", options->floor);
    host->unanswered++;
    ps_script_run(options->redis, PS_SCRIPT_HOST_PAUSE,
                  (const char *const[]){ host->limit_key, host->cooldown_key }, 2,
                  (const struct ps_str[]){ ps_str_of(pause), ps_str_of(rate), ps_str_of(reason),
                                           ps_str_of(floor) },
                  4, on_pause_sent, host);
}

/* The earlier of two delays; -1 means never. */
static int64_t sooner(int64_t a, int64_t b)
{
    return b < 0 || (a >= 0 && a < b) ? a : b;
}

/* Delay until the share must be renewed or returned; -1: this worker has none. */
static int64_t share_due_ms(struct ps_rate_limiter_host *host)
{
    int64_t now = now_ms(host->limiter), due_ms = host->share_renew_ms;

    if (host->share_counted == 0 || host->limiter->options.redis == NULL)
        return -1;
    if (host->in_flight > 0 || !TAILQ_EMPTY(&host->waiting))
        host->idle_since_ms = now;
    if (host->idle_since_ms + PS_SHARE_IDLE_MS < due_ms)
        due_ms = host->idle_since_ms + PS_SHARE_IDLE_MS;
    return due_ms > now ? due_ms - now : 0;
}

static int64_t paused_step(struct ps_rate_limiter_host *host, int64_t now)
{
    if (host->pause_unsent && host->pause_retry_ms <= now &&
        ps_redis_up(host->limiter->options.redis))
        send_pause(host);
    if (host->pause_unsent && host->pause_retry_ms > now)
        return sooner(host->pause_retry_ms - now, host->paused_until_ms - now);
    return host->paused_until_ms - now;
}

/* Does what can be done for one host; see the top of this file. Returns the delay after which it
 * must run again, -1 when only another event makes that necessary. */
static int64_t host_step(struct ps_rate_limiter_host *host)
{
    struct ps_rate_limiter *limiter = host->limiter;
    int64_t now = now_ms(limiter), share_ms;
    bool share_due;
    size_t wanted;

    if (host->paused_until_ms > now)
        return paused_step(host, now);
    if (host->permits_until_ms <= now)
        host->permits = 0;
    admit_waiting(host);
    if (host->admit_pending)
        return -1;
    share_ms = share_due_ms(host);
    share_due = share_ms == 0;
    if (TAILQ_EMPTY(&host->waiting) && !share_due)
        return share_ms;
    if (host->ask_after_ms > now && !share_due)
        return sooner(host->ask_after_ms - now, share_ms);
    wanted = permits_wanted(host);
    if (wanted == 0 && !share_due) {
        /* Either every slot is in use, and the next release wakes the limiter; or permits are at
         * hand that the share does not allow to use, and they must be asked for again when they
         * have expired. */
        if (host->in_flight > 0 || TAILQ_EMPTY(&host->waiting))
            return share_ms;
        return sooner(share_ms, host->permits_until_ms > now ? host->permits_until_ms - now : 1);
    }
    if (limiter->options.redis == NULL) {
        ask_local_rate(host, wanted);
        return 0;
    }
    if (ps_redis_up(limiter->options.redis))
        ask_fleet(host, wanted);
    return -1;
}

/* Whether nothing is known of the host that must not be forgotten. */
static bool is_unused(const struct ps_rate_limiter_host *host)
{
    const struct ps_rate_limiter *limiter = host->limiter;
    int64_t now = now_ms(limiter);

    return TAILQ_EMPTY(&host->waiting) && host->in_flight == 0 && host->unanswered == 0 &&
           host->share_counted == 0 && host->paused_until_ms <= now &&
           /* A clean stop must end this worker's presence; but hosts of redirects are many. */
           (host->present_until_ms <= now || HASH_COUNT(limiter->hosts) > HOSTS_PRESENT_MAX) &&
           (limiter->options.redis != NULL || host->ask_after_ms <= now) &&
           host->permits_until_ms <= now;
}

static void on_wake(void *cookie)
{
    struct ps_rate_limiter *limiter = cookie;
    struct ps_rate_limiter_host *host, *next;
    int64_t soonest_ms = -1;

    HASH_ITER (hh, limiter->hosts, host, next) {
        soonest_ms = sooner(soonest_ms, host_step(host));
    }
    /* Tasks and redirects can name any number of hosts, so unused ones are freed. Not in the loop
     * above: host_step runs callbacks that may add hosts. */
    HASH_ITER (hh, limiter->hosts, host, next) {
        if (is_unused(host))
            host_free(host);
    }
    if (soonest_ms >= 0 && !ps_timer_pending(limiter->timer))
        ps_timer_set(limiter->timer, soonest_ms);
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
    struct ps_rate_limiter_host *host, *next;

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
    permit->host = find_or_add_host(limiter, name);
    permit->state = PS_PERMIT_WAITING;
    permit->fn = fn;
    permit->cookie = cookie;
    TAILQ_INSERT_TAIL(&permit->host->waiting, permit, link);
    limiter->waiting++;
    wake(limiter);
    return true;
}

void ps_rate_limiter_release(struct ps_rate_limiter *limiter, struct ps_permit *permit)
{
    int64_t duration_us;

    if (permit->state == PS_PERMIT_NONE)
        return;
    if (permit->state == PS_PERMIT_WAITING) {
        TAILQ_REMOVE(&permit->host->waiting, permit, link);
        limiter->waiting--;
    } else {
        duration_us = ps_clock_mono_us() - permit->admitted_us;
        limiter->in_flight--;
        limiter->completed++;
        permit->host->in_flight--;
        limiter->latency_us = ps_latency_average(limiter->latency_us, duration_us);
        if (limiter->options.metrics != NULL)
            ps_metrics_observe(limiter->options.metrics, PS_METRIC_PROBE_SECONDS,
                               (double)duration_us / 1e6);
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
    host = find_or_add_host(limiter, name);
    host->pause_status = status;
    pause_until(host, now_ms(limiter) + pause_ms, url, status);
    wake(limiter);
    if (limiter->options.redis != NULL)
        send_pause(host);
}

void ps_rate_limiter_on_redis(struct ps_rate_limiter *limiter, bool up)
{
    struct ps_rate_limiter_host *host, *next;

    if (!up)
        return;
    HASH_ITER (hh, limiter->hosts, host, next) {
        host->ask_after_ms = 0;
        if (host->pause_unsent)
            send_pause(host);
    }
    wake(limiter);
}

void ps_rate_limiter_return_share(struct ps_rate_limiter *limiter)
{
    struct ps_rate_limiter_host *host, *next;
    int64_t now = now_ms(limiter);

    limiter->leaving = true;
    HASH_ITER (hh, limiter->hosts, host, next) {
        if ((host->share_counted > 0 || host->present_until_ms > now) && host->in_flight == 0 &&
            ps_redis_up(limiter->options.redis))
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
        if (host->limited || host->paused_until_ms > now)
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
    return limiter->in_flight;
}

size_t ps_rate_limiter_paused_hosts(const struct ps_rate_limiter *limiter)
{
    const struct ps_rate_limiter_host *host;
    int64_t now = now_ms(limiter);
    size_t count = 0;

    for (host = limiter->hosts; host != NULL; host = host->hh.next)
        count += host->paused_until_ms > now;
    return count;
}

uint64_t ps_rate_limiter_completed(const struct ps_rate_limiter *limiter)
{
    return limiter->completed;
}

int64_t ps_rate_limiter_latency_us(const struct ps_rate_limiter *limiter)
{
    return limiter->latency_us;
}
