/* The worker: takes tasks, has them probed, says what came of them, lets go of all of them at its
 * end. */
#ifndef PS_WORKER_IO_WORKER_H
#define PS_WORKER_IO_WORKER_H
#include "shared/core/result.h"
#include "shared/io/daemon.h"

struct ps_worker;

struct ps_worker_counts {
    size_t in_flight;                                   /* entries held, whatever they wait for */
    uint64_t outcomes[PS_TIER_COUNT][PS_OUTCOME_COUNT]; /* of probes finished since start */
    uint64_t probes;                                    /* their sum */
    uint64_t claimed, dead, returned; /* entries taken over, buried, handed back */
    uint64_t group_recreates;
    size_t paused_hosts;
};

/* As struct ps_program wants them; self is the struct ps_worker. */
bool ps_worker_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err) PS_MUST_USE;
void ps_worker_on_redis(void *self, bool up);
void ps_worker_drain(void *self, int count);
void ps_worker_destroy(void *self);

/* Who is told that it has let go of everything: ps_daemon_drained unless a test says another. */
void ps_worker_tell_drained(struct ps_worker *worker, void (*fn)(struct ps_daemon *daemon));

void ps_worker_count(const struct ps_worker *worker, struct ps_worker_counts *out_counts);
/* There is something to do, nothing hinders it, and nothing has moved for a while (core/progress):
 * 22 s with the default settings. */
bool ps_worker_stuck(const struct ps_worker *worker);
/* What keeps it from reading tasks although Redis is there; NULL: nothing. Borrowed. */
const char *ps_worker_fault(const struct ps_worker *worker);
bool ps_worker_takes_tasks(const struct ps_worker *worker); /* its heartbeat is there, it reads */

#endif
