/* How much to fetch at a time: permits for a host, and tasks from the stream.
 *
 * Place in the data flow: rate_limiter asks here how many permits to request from Redis, and worker
 * how many tasks to read. Pure.
 *
 * Both are a balance. Too few means a round trip to Redis for each request; too many means that
 * this worker sits on permits or tasks that another worker could use at once. */
#ifndef PS_WORKER_PERMIT_BATCH_H
#define PS_WORKER_PERMIT_BATCH_H
#include <stddef.h>
#include <stdint.h>

enum {
    /* A permit that is not used by then expires. So another worker's pause takes effect at the
     * latest after this time (guarantee 6). */
    PS_PERMIT_LIFE_MS = 100,
    PS_PERMIT_BATCH = 128,
    PS_BACKLOG_MAX = 128, /* tasks that wait for a free slot */
};

struct ps_permit_need {
    size_t waiting;     /* requests that wait for a permit */
    size_t available;   /* permits at hand */
    size_t free_slots;  /* requests that could be sent at once */
    size_t in_flight;   /* requests under way */
    int64_t latency_us; /* average duration of a request; 0: unknown */
};

/* Returns how many permits are worth asking for now: those that can be used before they expire. */
size_t ps_permits_wanted(const struct ps_permit_need *need);

/* Returns how many tasks to keep ready behind ${concurrency} requests in flight. No slot must run
 * empty while the stream is read; but another worker must not be able to do them sooner. */
size_t ps_backlog_room(size_t concurrency, int64_t latency_us);

/* Shares of a host's cap on requests in flight (host_admit.lua). */
enum {
    PS_SHARE_RENEW_MS = 1000,  /* a share is renewed this often, so that it stays fair */
    PS_SHARE_IDLE_MS = 250,    /* a share that no request uses is given back after this time */
    PS_SHARE_MARGIN_MS = 2000, /* a share outlives its worker by a request's timeout and this */
    /* After it returned its share a worker counts as present for so long: the others leave it a
     * part of the cap, so that one of them that hangs cannot stop it. */
    PS_SHARE_PRESENT_MS = 3600 * 1000,
};

/* Returns the next value of a running average; the first sample counts in full. */
int64_t ps_latency_average(int64_t average_us, int64_t sample_us);

/* The rate limit of a process without a fleet, such as the command `probe`. It follows the same
 * rule as host_admit.lua, the generic cell rate algorithm. Zero it before the first use. */
struct ps_local_rate {
    double full_us; /* when the bucket is full again */
};

/* Returns how many of ${wanted} requests may be sent now. Sets ${out_wait_ms} to the time after
 * which to ask for the others, 0 when all may be sent. rate: requests per second; 0: no limit. */
size_t ps_local_rate_admit(struct ps_local_rate *limit, double rate, int64_t burst, size_t wanted,
                           int64_t now_us, int64_t *out_wait_ms);

#endif
