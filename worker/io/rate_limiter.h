/* Gives each request its permit: the right to send it to its host now.
 *
 * Place in the data flow: prober and document_reader acquire a permit before each request and
 * release it after the answer. The limits are the fleet's; they live in Redis and are enforced by
 * host_admit.lua and host_pause.lua.
 *
 * Guarantee 6: the whole fleet together sends a host at most PROBE_RATE_LIMIT requests per second,
 * has at most PROBE_HOST_CONCURRENCY of them in flight, and sends none while the host asked for a
 * pause. Therefore no request is sent without an answer from Redis: while Redis is down, requests
 * wait. A process without Redis (the commands for people) has these limits for itself. */
#ifndef PS_WORKER_RATE_LIMITER_H
#define PS_WORKER_RATE_LIMITER_H
#include "shared/core/keys.h"
#include "shared/core/metrics.h"
#include "shared/io/failure_log.h"
#include "shared/io/redis.h"

#include <sys/queue.h>

struct ps_rate_limiter;
struct ps_rate_limiter_host;

/* The request may be sent now. Runs on the loop, never before ps_rate_limiter_acquire returned. */
typedef void (*ps_rate_limiter_fn)(void *cookie);

/* One request's place in the queue of its host. The caller owns it, zeroes it before the first use
 * and reads no member. */
struct ps_permit {
    TAILQ_ENTRY(ps_permit) link;
    struct ps_rate_limiter_host *host;
    enum { PS_PERMIT_NONE, PS_PERMIT_WAITING, PS_PERMIT_IN_FLIGHT } state;
    int64_t admitted_us;
    ps_rate_limiter_fn fn;
    void *cookie;
};

struct ps_rate_limiter_options {
    struct ps_loop *loop;
    struct ps_redis *redis; /* NULL: no fleet, the limits are this process's own */
    const struct ps_keys *keys;
    const char *instance;            /* the worker's name in shares and pauses */
    struct ps_metrics *metrics;      /* NULL: request times and pauses are not counted */
    struct ps_failure_log *failures; /* NULL: pauses are not recorded there */
    double rate;                     /* requests per second and host; 0: no limit */
    double floor;                    /* pauses do not cut the rate below this */
    int64_t burst;
    size_t slots;       /* requests of this process in flight at once */
    size_t host_cap;    /* requests of the fleet in flight at one host; 0: no cap */
    int64_t timeout_ms; /* a request ends by then; a share outlives its worker by this time */
};

/* Borrows what options names, until ps_rate_limiter_destroy. */
struct ps_rate_limiter *
ps_rate_limiter_create(const struct ps_rate_limiter_options *options) PS_MUST_USE;
/* Call it after options.redis was destroyed and every permit was released. */
void ps_rate_limiter_destroy(struct ps_rate_limiter *limiter);

/* Queues a request for the host of url. fn runs when it may be sent. Fails with CONFIGURATION when
 * url has no host; permit is unused then. Borrows permit until it is released. */
bool ps_rate_limiter_acquire(struct ps_rate_limiter *limiter, struct ps_permit *permit,
                             const char *url, ps_rate_limiter_fn fn, void *cookie,
                             struct ps_err *err) PS_MUST_USE;
/* Cancels or completes the request; fn is never called afterwards. Does nothing for a permit that
 * is unused. */
void ps_rate_limiter_release(struct ps_rate_limiter *limiter, struct ps_permit *permit);
/* The host of url answered with this HTTP status and asked for a pause: no worker of the fleet
 * sends it a request until the pause ends. */
void ps_rate_limiter_pause_host(struct ps_rate_limiter *limiter, const char *url, int64_t pause_ms,
                                int status);
/* The Redis connection came up or was lost. While it is down, no permit is given. */
void ps_rate_limiter_on_redis(struct ps_rate_limiter *limiter, bool up);
/* Returns the ms left of the pause that a waiting permit waits for; 0 if there is none. */
int64_t ps_permit_pause_ms(const struct ps_rate_limiter *limiter, const struct ps_permit *permit);
/* Gives this worker's shares back at once and ends its presence, for a clean stop. Only with no
 * request in flight. No request may be started afterwards. */
void ps_rate_limiter_return_share(struct ps_rate_limiter *limiter);

/* Whether a host is paused, or the fleet's limit last allowed this worker less than it could do. */
bool ps_rate_limiter_is_limiting(const struct ps_rate_limiter *limiter);
/* Return this process's own numbers: permits that wait, requests in flight, hosts on pause. */
size_t ps_rate_limiter_waiting(const struct ps_rate_limiter *limiter);
size_t ps_rate_limiter_in_flight(const struct ps_rate_limiter *limiter);
size_t ps_rate_limiter_paused_hosts(const struct ps_rate_limiter *limiter);
/* Returns how many requests ended since the start, however they ended. */
uint64_t ps_rate_limiter_completed(const struct ps_rate_limiter *limiter);
/* Returns the average duration of a request; 0 before the first one ended. */
int64_t ps_rate_limiter_latency_us(const struct ps_rate_limiter *limiter);

#endif
