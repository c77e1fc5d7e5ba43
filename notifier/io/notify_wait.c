#include "notifier/io/notify_wait.h"

#include "shared/core/alloc.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum {
    BLOCK_S = 5,
    DEADLINE_MS = (BLOCK_S + 2) * 1000, /* without a reply by then the connection is dead */
    REFUSED_MS = 5000
};

struct ps_notify_wait {
    struct ps_loop *loop;
    struct ps_redis *redis;
    char *list;
    void (*fn)(void *cookie);
    void *cookie;
    bool waiting;
    bool closing;
    int64_t refused_ms; /* monotonic; 0: Redis never refused */
};

static void on_moved(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notify_wait *wait = cookie;

    wait->waiting = false;
    if (wait->closing)
        return;
    if (err != NULL) {
        wait->refused_ms = ps_loop_now(wait->loop);
        return;
    }
    if (reply->type == REDIS_REPLY_NIL)
        (void)ps_notify_wait_start(wait); /* nothing came: it goes on */
    else
        wait->fn(wait->cookie);
}

bool ps_notify_wait_start(struct ps_notify_wait *wait)
{
    struct ps_str args[] = { ps_str_of("BLMOVE"), ps_str_of(wait->list), ps_str_of(wait->list),
                             ps_str_of("LEFT"),   ps_str_of("LEFT"),     ps_str_of("5") };

    if (wait->waiting)
        return true;
    if (!ps_redis_up(wait->redis) ||
        (wait->refused_ms != 0 && ps_loop_now(wait->loop) - wait->refused_ms < REFUSED_MS))
        return false;
    wait->waiting = true;
    ps_redis_send_within(wait->redis, DEADLINE_MS, args, PS_COUNT_OF(args), on_moved, wait);
    return true;
}

/* The notifier's main connection logs an outage of Redis. Without this one it asks more often. */
static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

struct ps_notify_wait *ps_notify_wait_create(struct ps_loop *loop,
                                             const struct ps_redis_options *options,
                                             const char *list, void (*fn)(void *cookie),
                                             void *cookie, struct ps_err *err)
{
    struct ps_notify_wait *wait = ps_alloc_zero(1, sizeof(*wait));

    wait->loop = loop;
    wait->fn = fn;
    wait->cookie = cookie;
    wait->redis = ps_redis_create(loop, options, on_state, wait, err);
    if (wait->redis == NULL) {
        free(wait);
        return NULL;
    }
    wait->list = ps_alloc_text(list);
    return wait;
}

void ps_notify_wait_destroy(struct ps_notify_wait *wait)
{
    if (wait == NULL)
        return;
    wait->closing = true;
    ps_redis_destroy(wait->redis);
    free(wait->list);
    free(wait);
}
