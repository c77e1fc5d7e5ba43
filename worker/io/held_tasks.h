/* The tasks that this worker holds: from the stream entry to the answer that Redis accepted.
 *
 * Place in the data flow: task_intake delivers entries, a prober answers each, task_completion
 * writes the answer to Redis. One task takes one of these paths:
 *
 *     take -> probe -> result            the usual one
 *     take -> probe -> confirmation      a recent hit goes back to the stream for another worker
 *     take -> pause -> confirmation      this worker got its own request: the others may be busy
 *     take -> dead letter                unreadable, or delivered too often
 *     take -> result                     an error without a request: its cycle has ended
 *     take -> return to the stream       this worker is shutting down
 *
 * Guarantee 1: an entry stays pending for this worker until Redis has accepted its answer, and each
 * task counts once. Therefore a task is freed only on that acknowledgement, never earlier. */
#ifndef PS_WORKER_IO_HELD_TASKS_H
#define PS_WORKER_IO_HELD_TASKS_H
#include "shared/core/result.h"
#include "shared/io/daemon.h"
#include "worker/io/backlog_monitor.h"
#include "worker/io/prober.h"
#include "worker/io/task_intake.h"

struct ps_held_tasks;

/* Since start. */
struct ps_task_counts {
    uint64_t outcomes[PS_TIER_COUNT][PS_OUTCOME_COUNT]; /* of finished probes */
    uint64_t probes;                                    /* the sum of outcomes */
    uint64_t claimed;                                   /* entries taken from other consumers */
    uint64_t dead;                                      /* entries moved to tasks:dead */
    uint64_t returned;                                  /* entries put back into the stream */
};

struct ps_held_tasks_options {
    struct ps_daemon *daemon;
    struct ps_prober *prober;
    struct ps_backlog_monitor *monitor;
    void (*on_change)(void *cookie); /* a probe ended or a task was freed: there may be room */
    void *cookie;
};

/* Borrows what options names. */
struct ps_held_tasks *ps_held_tasks_create(const struct ps_held_tasks_options *options) PS_MUST_USE;
/* Cancels every probe without an answer. Call it after the Redis connection was destroyed. */
void ps_held_tasks_destroy(struct ps_held_tasks *tasks);

/* A ps_task_intake_fn; cookie is a struct ps_held_tasks. Starts the task's path. */
void ps_held_tasks_take(void *cookie, const struct ps_stream_entry *entry,
                        int64_t earlier_deliveries, const char *claimed_from);
/* Resets the idle time of entries that were last renewed interval_ms ago, so that no other worker
 * claims them. Does nothing while Redis is down. */
void ps_held_tasks_renew(struct ps_held_tasks *tasks, struct ps_task_intake *intake,
                         int64_t interval_ms);
/* Ends waiting tasks whose cycle is over or whose host stays paused until the cycle's deadline. A
 * request that is under way continues. */
void ps_held_tasks_drop_obsolete(struct ps_held_tasks *tasks);
/* From now on tasks that wait, and tasks that still arrive, return to the stream. */
void ps_held_tasks_drain(struct ps_held_tasks *tasks);
/* Returns every task, requests under way included: there is no time left to wait for them. */
void ps_held_tasks_return_all(struct ps_held_tasks *tasks);
/* The Redis connection came up or was lost; sends waiting answers again when it came up. */
void ps_held_tasks_on_redis(struct ps_held_tasks *tasks, bool up);

/* Returns how many tasks are held, whatever they wait for. */
size_t ps_held_tasks_len(const struct ps_held_tasks *tasks);
/* Returns how many answers Redis has accepted since the start. */
uint64_t ps_held_tasks_acknowledged(const struct ps_held_tasks *tasks);
/* Borrowed. */
const struct ps_task_counts *ps_held_tasks_counts(const struct ps_held_tasks *tasks);

#endif
