/* Before every request: the permit of the whole fleet for its host (promise 6), and a free slot of
 * this worker. */
#ifndef PS_WORKER_IO_GATE_H
#define PS_WORKER_IO_GATE_H
#include "shared/core/keys.h"
#include "shared/core/metrics.h"
#include "shared/io/failure_log.h"
#include "shared/io/redis.h"

#include <sys/queue.h>

struct ps_gate;
struct ps_gate_host;

/* Runs on the loop, never before ps_gate_enter returned: the request may be sent now. */
typedef void (*ps_gate_fn)(void *cookie);

/* One request's place, held by whoever makes it; zeroed before its first use. */
struct ps_ticket {
    TAILQ_ENTRY(ps_ticket) link;
    struct ps_gate_host *host;
    enum { PS_TICKET_NONE, PS_TICKET_WAITS, PS_TICKET_ON_WIRE } state;
    int64_t admitted_us;
    ps_gate_fn fn;
    void *cookie;
};

struct ps_gate_options {
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

/* Borrows what options names, until ps_gate_destroy. */
struct ps_gate *ps_gate_create(const struct ps_gate_options *options) PS_MUST_USE;
/* After redis is gone, and with no ticket in it. */
void ps_gate_destroy(struct ps_gate *gate);

/* Waits for the turn of a request to url's host. false when url has no host (CONFIGURATION). */
bool ps_gate_enter(struct ps_gate *gate, struct ps_ticket *ticket, const char *url, ps_gate_fn fn,
                   void *cookie, struct ps_err *err) PS_MUST_USE;
/* The request is over, or will not be made; fn does not run any more. Nothing for a ticket that is
 * not in. */
void ps_gate_leave(struct ps_gate *gate, struct ps_ticket *ticket);
/* The host of url asked for a pause (why: HTTP status): nobody in the fleet asks it before the
 * pause is over. */
void ps_gate_cool(struct ps_gate *gate, const char *url, int64_t pause_ms, int status);

void ps_gate_redis(struct ps_gate *gate, bool up); /* tell it when Redis comes or goes */
/* What is left of the pause whose end it waits for; 0: of none. */
int64_t ps_ticket_pause_ms(const struct ps_gate *gate, const struct ps_ticket *ticket);
/* This worker goes: its share is others' at once. With nothing under way. */
void ps_gate_give_back(struct ps_gate *gate);
/* Whether the fleet last let this worker do less than it could, or a host is paused. */
bool ps_gate_holds_back(const struct ps_gate *gate);
size_t ps_gate_waiting(const struct ps_gate *gate);
size_t ps_gate_on_wire(const struct ps_gate *gate);
size_t ps_gate_paused_hosts(const struct ps_gate *gate);
uint64_t
ps_gate_ended(const struct ps_gate *gate); /* requests that came to an end, whatever it was */
int64_t ps_gate_latency_us(const struct ps_gate *gate); /* average of a request; 0: none yet */

#endif
