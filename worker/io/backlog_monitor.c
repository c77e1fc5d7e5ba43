#include "worker/io/backlog_monitor.h"

#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/heartbeat.h"
#include "shared/io/signal_look.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUSY_MS = 1000,
    /* Less than the life of a heartbeat: when another worker takes the first task and dies, this
       worker knows of the task before it may claim it. With signals it knows at once. */
    IDLE_MS = PS_HEARTBEAT_TTL_MS / 2,
    SELDOM_MS = 15000, /* with signals */
    FULL_MS = 60000    /* the whole view is read so often however idle the fleet is */
};

struct ps_backlog_monitor {
    struct ps_loop *loop;
    struct ps_redis *redis;
    const struct ps_signals *signals;
    const struct ps_keys *keys;
    struct ps_signal_look *look; /* until the last reply */
    int64_t full_ms;             /* when the whole view was asked for last; 0: never */
    struct ps_cycle_view view;
    void (*fn)(void *cookie);
    void *cookie;
};

static int64_t idle_ms(const struct ps_backlog_monitor *monitor)
{
    return ps_signals_period(monitor->signals, IDLE_MS, SELDOM_MS);
}

/* Reply 1: HMGET cycle number deadline epoch. The deadline is an ISO 8601 time or milliseconds. */
static void on_cycle(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *monitor = cookie;
    const char *deadline;

    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return;
    monitor->view.epoch = ps_redis_reply_int(reply->element[2], 0);
    monitor->view.number = ps_redis_reply_int(reply->element[0], -1);
    monitor->view.known = monitor->view.number >= 0;
    deadline = ps_redis_reply_text(reply->element[1], NULL);
    if (deadline == NULL || !ps_utc_time_parse_time(deadline, &monitor->view.deadline_ms))
        monitor->view.deadline_ms = ps_redis_reply_int(reply->element[1], 0);
}

/* Reply 2: XINFO GROUPS tasks, a list of names and values for each group. There is one group. */
static void on_groups(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *monitor = cookie;
    const struct redisReply *group;

    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return;
    group = reply->element[0];
    for (size_t i = 0; group->type == REDIS_REPLY_ARRAY && i + 1 < group->elements; i += 2) {
        const char *name = ps_redis_reply_text(group->element[i], NULL);

        if (name != NULL && strcmp(name, "pending") == 0)
            monitor->view.pending = ps_redis_reply_int(group->element[i + 1], 0);
    }
}

static void read_ended(struct ps_backlog_monitor *monitor)
{
    ps_signal_look_rest(monitor->look, monitor->view.backlog > 0 ? BUSY_MS : idle_ms(monitor));
    monitor->fn(monitor->cookie);
}

/* Reply 3: XLEN tasks. The view is complete. */
static void on_length(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *monitor = cookie;

    if (err != NULL) {
        ps_signal_look_put_off(monitor->look, BUSY_MS);
        return;
    }
    monitor->view.backlog = ps_redis_reply_int(reply, 0);
    read_ended(monitor);
}

static void read_view(struct ps_backlog_monitor *monitor)
{
    const char *tasks = ps_key(monitor->keys, PS_KEY_TASKS);

    monitor->full_ms = ps_loop_now(monitor->loop);
    PS_REDIS(monitor->redis, on_cycle, monitor, "HMGET", ps_key(monitor->keys, PS_KEY_CYCLE),
             "number", "deadline", "epoch");
    PS_REDIS(monitor->redis, on_groups, monitor, "XINFO", "GROUPS", tasks);
    PS_REDIS(monitor->redis, on_length, monitor, "XLEN", tasks);
}

/* While the stream is empty its length says whether anything else can have changed. */
static void on_idle_length(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *monitor = cookie;

    if (err != NULL)
        ps_signal_look_put_off(monitor->look, BUSY_MS);
    else if (ps_redis_reply_int(reply, 0) > 0)
        read_view(monitor);
    else
        read_ended(monitor);
}

static void on_look(void *cookie)
{
    struct ps_backlog_monitor *monitor = cookie;
    bool idle = monitor->full_ms != 0 && monitor->view.backlog == 0 &&
                ps_loop_now(monitor->loop) - monitor->full_ms < FULL_MS;

    if (!ps_redis_up(monitor->redis))
        ps_signal_look_put_off(monitor->look, BUSY_MS);
    else if (!idle)
        read_view(monitor);
    else
        PS_REDIS(monitor->redis, on_idle_length, monitor, "XLEN",
                 ps_key(monitor->keys, PS_KEY_TASKS));
}

struct ps_backlog_monitor *
ps_backlog_monitor_create(const struct ps_backlog_monitor_options *options)
{
    struct ps_backlog_monitor *monitor = ps_alloc_zero(1, sizeof(*monitor));

    monitor->loop = options->loop;
    monitor->redis = options->redis;
    monitor->signals = options->signals;
    monitor->keys = options->keys;
    monitor->fn = options->fn;
    monitor->cookie = options->cookie;
    monitor->look =
        ps_signal_look_create(&(struct ps_signal_look_options){ .loop = options->loop,
                                                                .signals = options->signals,
                                                                .signal = PS_SIGNAL_TASKS,
                                                                .fn = on_look,
                                                                .cookie = monitor });
    ps_signal_look_rest(monitor->look, 0);
    return monitor;
}

void ps_backlog_monitor_destroy(struct ps_backlog_monitor *monitor)
{
    if (monitor == NULL)
        return;
    ps_signal_look_destroy(monitor->look);
    free(monitor);
}

void ps_backlog_monitor_on_redis(struct ps_backlog_monitor *monitor, bool up)
{
    monitor->full_ms = 0; /* it may be another server */
    if (up)
        ps_signal_look_want(monitor->look);
}

void ps_backlog_monitor_on_task(struct ps_backlog_monitor *monitor)
{
    if (monitor->view.backlog > 0)
        return;
    monitor->view.backlog = 1; /* until it is read */
    ps_signal_look_want(monitor->look);
}

const struct ps_cycle_view *ps_backlog_monitor_view(const struct ps_backlog_monitor *monitor)
{
    return &monitor->view;
}
