/* The running cycle and the backlog, as Redis last told them. */
#ifndef PS_WORKER_BACKLOG_MONITOR_H
#define PS_WORKER_BACKLOG_MONITOR_H
#include "shared/core/keys.h"
#include "shared/io/redis.h"

struct ps_backlog_monitor;

/* known is false while there is no cycle hash. */
struct ps_cycle_view {
    bool known;
    int64_t number;
    int64_t epoch;       /* of the leader that opened it, or took it over */
    int64_t deadline_ms; /* wall clock; 0: not told */
    int64_t backlog;     /* entries in tasks, those held included */
    int64_t pending;     /* those delivered to any worker */
};

/* Borrows loop, redis and keys. Asks once a second while Redis is up; fn (on the loop) after each
 * answer. */
struct ps_backlog_monitor *ps_backlog_monitor_create(struct ps_loop *loop, struct ps_redis *redis,
                                                     const struct ps_keys *keys,
                                                     void (*fn)(void *cookie),
                                                     void *cookie) PS_MUST_USE;
void ps_backlog_monitor_destroy(struct ps_backlog_monitor *watch); /* after redis is gone */
void ps_backlog_monitor_on_redis(struct ps_backlog_monitor *watch, bool up);
const struct ps_cycle_view *ps_backlog_monitor_view(const struct ps_backlog_monitor *watch);

#endif
