#include "worker/io/backlog_monitor.h"

#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 1000 };

struct ps_backlog_monitor {
    struct ps_redis *redis;
    const struct ps_keys *keys;
    struct ps_timer *timer;
    bool asking;
    struct ps_cycle_view view;
    void (*fn)(void *cookie);
    void *cookie;
};

/* XINFO GROUPS: a list of names and values for each group; there is one. */
static void on_groups(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *watch = cookie;
    const struct redisReply *group;

    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return;
    group = reply->element[0];
    for (size_t i = 0; group->type == REDIS_REPLY_ARRAY && i + 1 < group->elements; i += 2) {
        const char *name = ps_redis_reply_text(group->element[i], NULL);

        if (name != NULL && strcmp(name, "pending") == 0)
            watch->view.pending = ps_redis_reply_int(group->element[i + 1], 0);
    }
}

static void on_length(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *watch = cookie;

    watch->asking = false;
    if (err != NULL)
        return;
    watch->view.backlog = ps_redis_reply_int(reply, 0);
    watch->fn(watch->cookie);
}

/* Written as a date for people, or as milliseconds. */
static int64_t time_of(const struct redisReply *reply)
{
    const char *text = ps_redis_reply_text(reply, NULL);
    int64_t wall_ms;

    if (text != NULL && ps_utc_time_parse_time(text, &wall_ms))
        return wall_ms;
    return ps_redis_reply_int(reply, 0);
}

static void on_cycle(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_backlog_monitor *watch = cookie;

    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return;
    watch->view.epoch = ps_redis_reply_int(reply->element[2], 0);
    watch->view.number = ps_redis_reply_int(reply->element[0], -1);
    watch->view.known = watch->view.number >= 0;
    watch->view.deadline_ms = time_of(reply->element[1]);
}

static void on_timer(void *cookie)
{
    struct ps_backlog_monitor *watch = cookie;

    ps_timer_set(watch->timer, EVERY_MS);
    if (watch->asking || !ps_redis_up(watch->redis))
        return;
    watch->asking = true;
    PS_REDIS(watch->redis, on_cycle, watch, "HMGET", ps_key(watch->keys, PS_KEY_CYCLE), "number",
             "deadline", "epoch");
    PS_REDIS(watch->redis, on_groups, watch, "XINFO", "GROUPS", ps_key(watch->keys, PS_KEY_TASKS));
    PS_REDIS(watch->redis, on_length, watch, "XLEN", ps_key(watch->keys, PS_KEY_TASKS));
}

struct ps_backlog_monitor *ps_backlog_monitor_create(struct ps_loop *loop, struct ps_redis *redis,
                                                     const struct ps_keys *keys,
                                                     void (*fn)(void *cookie), void *cookie)
{
    struct ps_backlog_monitor *watch = ps_alloc_zero(1, sizeof(*watch));

    watch->redis = redis;
    watch->keys = keys;
    watch->fn = fn;
    watch->cookie = cookie;
    watch->timer = ps_timer_create(loop, on_timer, watch);
    ps_timer_set(watch->timer, 0);
    return watch;
}

void ps_backlog_monitor_destroy(struct ps_backlog_monitor *watch)
{
    if (watch == NULL)
        return;
    ps_timer_destroy(watch->timer);
    free(watch);
}

void ps_backlog_monitor_on_redis(struct ps_backlog_monitor *watch, bool up)
{
    if (up)
        ps_timer_set(watch->timer, 0);
}

const struct ps_cycle_view *ps_backlog_monitor_view(const struct ps_backlog_monitor *watch)
{
    return &watch->view;
}
