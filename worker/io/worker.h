/* The worker: takes probe tasks from the stream, has each one answered, and gives all of them back
 * when it stops.
 *
 * Place in the data flow: this file wires the parts of the daemon together and decides when the
 * worker reads, how many tasks it takes, and how it shuts down.
 *
 *     task_intake -> held_tasks -> prober (rate_limiter, document_reader) -> task_completion
 *
 * Guarantees 1 and 9: the worker takes no task before its heartbeat is in Redis, because other
 * workers take over the tasks of a worker without a heartbeat at once; and a clean stop finishes or
 * returns every task within SHUTDOWN_GRACE_SECONDS. */
#ifndef PS_WORKER_IO_WORKER_H
#define PS_WORKER_IO_WORKER_H
#include "worker/io/held_tasks.h"

struct ps_worker;

struct ps_worker_counts {
    struct ps_task_counts tasks;
    size_t in_flight;         /* entries held, whatever they wait for */
    uint64_t group_recreates; /* how often the consumer group had to be created again */
    size_t paused_hosts;      /* hosts that asked the fleet for a pause */
};

/* The callbacks of struct ps_program, whose contracts are in program.h; self is the struct
 * ps_worker. */
bool ps_worker_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err) PS_MUST_USE;
void ps_worker_on_redis(void *self, bool up);
void ps_worker_drain(void *self, int signals);
void ps_worker_destroy(void *self);

/* Sets every member of out_counts; reads memory only. */
void ps_worker_count(const struct ps_worker *worker, struct ps_worker_counts *out_counts);
/* Returns whether there is work, nothing blocks it, and still nothing was finished for a while
 * (stall_detector.h): 22 s with the default settings. */
bool ps_worker_stuck(void *self);
/* Returns why the worker cannot read tasks although Redis answers, borrowed; NULL if it can. */
const char *ps_worker_fault(const struct ps_worker *worker);
/* Returns whether it reads tasks: its heartbeat is in Redis and it is not shutting down. */
bool ps_worker_takes_tasks(const struct ps_worker *worker);

#endif
