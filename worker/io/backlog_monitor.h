/* Reads from Redis which cycle runs and how long the backlog of tasks is: once a second while the
 * stream has tasks; while it is empty its length alone, every 15 seconds and when the leader
 * signals tasks, or every four seconds where no signals arrive.
 *
 * Place in the data flow: keys `cycle` and `tasks` -> held_tasks (drops tasks of ended cycles) and
 * the worker's stall detector (is there work?).
 *
 * The view may be some seconds old and keeps its last values while Redis is down. So it may only
 * decide what is safe to decide late: a task of an ended cycle counts for nothing, with or without
 * it. */
#ifndef PS_WORKER_BACKLOG_MONITOR_H
#define PS_WORKER_BACKLOG_MONITOR_H
#include "shared/core/keys.h"
#include "shared/io/redis.h"
#include "shared/io/signals.h"

struct ps_backlog_monitor;

struct ps_cycle_view {
    bool known; /* false while there is no cycle hash */
    int64_t number;
    int64_t epoch;       /* of the leader that opened the cycle or took it over */
    int64_t deadline_ms; /* wall clock; 0: unknown */
    int64_t backlog;     /* entries in `tasks`, those that workers hold included */
    int64_t pending;     /* entries that workers hold */
};

struct ps_backlog_monitor_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_redis *redis;
    struct ps_signals *signals; /* NULL: none arrive */
    const struct ps_keys *keys;
    void (*fn)(void *cookie); /* runs on the loop after each view that was read */
    void *cookie;
};

struct ps_backlog_monitor *
ps_backlog_monitor_create(const struct ps_backlog_monitor_options *options) PS_MUST_USE;
/* Call it after redis was destroyed. */
void ps_backlog_monitor_destroy(struct ps_backlog_monitor *monitor);
/* The Redis connection came up or was lost; reads the view at once when it came up. */
void ps_backlog_monitor_on_redis(struct ps_backlog_monitor *monitor, bool up);
/* This worker was given a task: reads the view now if the stream was thought to be empty. */
void ps_backlog_monitor_on_task(struct ps_backlog_monitor *monitor);
/* Borrowed; changes whenever the loop turns. */
const struct ps_cycle_view *ps_backlog_monitor_view(const struct ps_backlog_monitor *monitor);

#endif
