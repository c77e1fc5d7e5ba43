/* How much to take at a time: permits for a host, tasks from the stream. */
#ifndef PS_WORKER_PERMIT_BATCH_H
#define PS_WORKER_PERMIT_BATCH_H
#include <stddef.h>
#include <stdint.h>

enum {
    PS_PERMIT_LIFE_MS = 100, /* a leased permit not used by then is forgotten: so late may a pause
                                that another worker saw be felt */
    PS_PERMIT_BATCH = 128,
    PS_BACKLOG_MAX = 128, /* tasks that wait for a free slot */
};

/* What decides how many permits to lease. */
struct ps_permit_need {
    size_t waiting;     /* requests that want one */
    size_t stock;       /* permits at hand */
    size_t free_slots;  /* requests that could go at once */
    size_t on_wire;     /* under way */
    int64_t latency_us; /* of a request, on average; 0: not known yet */
};

/* Permits worth asking for now: what can be used while they live. 0: none. */
size_t ps_permits_wanted(const struct ps_permit_need *need);

/* Tasks to keep ready behind concurrency requests under way: enough that no slot runs empty while
 * the stream is asked for more, not so many that another worker could have done them by then. */
size_t ps_backlog_room(size_t concurrency, int64_t latency_us);

/* Shares of what may be under way at a host (host_admit.lua). */
enum {
    PS_SHARE_RENEW_MS = 1000, /* a share is looked after so often: others may want of it */
    PS_SHARE_IDLE_MS = 250,   /* a share that nothing uses is given back after it */
    PS_SHARE_MARGIN_MS = 2000
};

/* Running average; the first sample counts in full. */
int64_t ps_latency_average(int64_t average_us, int64_t sample_us);

/* The rate of a program that has no fleet to share it with: the rule of host_admit.lua. */
struct ps_local_rate {
    double full_us; /* when the bucket is full again */
};

/* How many of wanted requests may go now; out_wait_ms: when to ask for the others, 0 when all may.
 * rate 0: all. */
size_t ps_local_rate_admit(struct ps_local_rate *pace, double rate, int64_t burst, size_t wanted,
                           int64_t now_us, int64_t *out_wait_ms);

#endif
