/* Before every request: the permit of the whole fleet for its host (promise 6), and a free slot of
 * this worker. */
#ifndef PS_WORKER_RATE_LIMITER_H
#define PS_WORKER_RATE_LIMITER_H
#include "shared/core/keys.h"
#include "shared/core/metrics.h"
#include "shared/io/failure_log.h"
#include "shared/io/redis.h"

#include <sys/queue.h>

struct ps_rate_limiter;
struct ps_rate_limiter_host;

/* Runs on the loop, never before ps_rate_limiter_acquire returned: the request may be sent now. */
typedef void (*ps_rate_limiter_fn)(void *cookie);

/* One request's place, held by whoever makes it; zeroed before its first use. */
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
    struct ps_redis *redis; /* NULL: no fleet, the rate is this process's alone */
    const struct ps_keys *keys;
    const char *instance;            /* named in the pause it asks for; borrowed */
    struct ps_metrics *metrics;      /* time of requests, pauses; NULL: not counted */
    struct ps_failure_log *failures; /* pauses that this worker was asked for; NULL: nowhere */
    double rate;                     /* a second and host; 0: none */
    double floor;                    /* a host's pauses do not cut the rate below it */
    int64_t burst;
    size_t slots;       /* requests under way at once */
    size_t host_cap;    /* requests under way at one host, by the whole fleet; 0: no cap */
    int64_t timeout_ms; /* a request ends by then: so long a share outlives its worker */
};

/* Borrows what options names, until ps_rate_limiter_destroy. */
struct ps_rate_limiter *
ps_rate_limiter_create(const struct ps_rate_limiter_options *options) PS_MUST_USE;
/* After redis is gone, and with no permit in it. */
void ps_rate_limiter_destroy(struct ps_rate_limiter *limiter);

/* Waits for the turn of a request to url's host. false when url has no host (CONFIGURATION). */
bool ps_rate_limiter_acquire(struct ps_rate_limiter *limiter, struct ps_permit *permit,
                             const char *url, ps_rate_limiter_fn fn, void *cookie,
                             struct ps_err *err) PS_MUST_USE;
/* The request is over, or will not be made; fn does not run any more. Nothing for a permit that is
 * not in. */
void ps_rate_limiter_release(struct ps_rate_limiter *limiter, struct ps_permit *permit);
/* The host of url asked for a pause (why: HTTP status): nobody in the fleet asks it before the
 * pause is over. */
void ps_rate_limiter_pause_host(struct ps_rate_limiter *limiter, const char *url, int64_t pause_ms,
                                int status);

void ps_rate_limiter_on_redis(struct ps_rate_limiter *limiter,
                              bool up); /* tell it when Redis comes or goes */
/* What is left of the pause whose end it waits for; 0: of none. */
int64_t ps_permit_pause_ms(const struct ps_rate_limiter *limiter, const struct ps_permit *permit);
/* This worker goes: its share is others' at once. With nothing under way. */
void ps_rate_limiter_return_share(struct ps_rate_limiter *limiter);
/* Whether the fleet last let this worker do less than it could, or a host is paused. */
bool ps_rate_limiter_is_limiting(const struct ps_rate_limiter *limiter);
size_t ps_rate_limiter_waiting(const struct ps_rate_limiter *limiter);
size_t ps_rate_limiter_in_flight(const struct ps_rate_limiter *limiter);
size_t ps_rate_limiter_paused_hosts(const struct ps_rate_limiter *limiter);
uint64_t ps_rate_limiter_completed(
    const struct ps_rate_limiter *limiter); /* requests that came to an end, whatever it was */
int64_t ps_rate_limiter_latency_us(
    const struct ps_rate_limiter *limiter); /* average of a request; 0: none yet */

#endif
