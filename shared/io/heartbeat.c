#include "shared/io/heartbeat.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOINED_MAX = 16384 };

struct ps_heartbeat {
    struct ps_redis *redis;
    struct ps_timer *timer;
    char *key;
    char *instances; /* key of the list of all instances */
    char *member;    /* our name in that list */
    char started_at[PS_UTC_TIME_TEXT];
    ps_heartbeat_fn fn;
    void *cookie;
    bool in_flight;
    bool extend;     /* the last heartbeat wrote all fields: the next may extend its life alone */
    char *written;   /* the fields of the last heartbeat that wrote them, joined; owned */
    int64_t sent_ms; /* when the heartbeat in flight was sent */
    /* When the last heartbeat that Redis accepted was sent; -1: none yet. The time of sending,
     * because the TTL may start as early as that. */
    int64_t written_ms;
    bool removing;
    void (*removed)(void *cookie);
    void *removed_cookie;
};

static void on_deleted(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_heartbeat *heartbeat = cookie;

    (void)reply;
    (void)err; /* the key expires a little later in any case */
    if (heartbeat->removed != NULL)
        heartbeat->removed(heartbeat->removed_cookie);
}

static void on_beat(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_heartbeat *heartbeat = cookie;
    /* The reply to an extension is 0 where the key is gone: nothing was written. */
    bool written = err == NULL && ps_redis_reply_int(reply, 0) == 1;

    heartbeat->in_flight = false;
    heartbeat->extend = written && !heartbeat->extend;
    if (written)
        heartbeat->written_ms = heartbeat->sent_ms;
    else if (err == NULL)
        ps_timer_set(heartbeat->timer, 0);
    else if (err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(REDIS_ERROR, F_TEXT("what", "heartbeat"), F_ERR(err));
    if (!heartbeat->removing)
        return;
    if (err == NULL)
        PS_REDIS(heartbeat->redis, on_deleted, heartbeat, "DEL", heartbeat->key);
    else
        on_deleted(heartbeat, NULL, err);
}

static char *join(const struct ps_fields *fields)
{
    struct ps_buf joined;
    char *text;

    ps_buf_init(&joined, JOINED_MAX);
    for (size_t i = 0; i < fields->len; i++)
        (void)ps_buf_format(&joined, "%s\n", fields->items[i]);
    text = ps_alloc_text(ps_buf_str(&joined));
    ps_buf_clear(&joined);
    return text;
}

/* Writes the key with all its fields, and the entry in the list of instances. */
static void send_fields(struct ps_heartbeat *heartbeat, const struct ps_fields *fields,
                        const char *ttl)
{
    struct ps_str *args = ps_alloc_zero(fields->len + 2, sizeof(*args));

    args[0] = ps_str_of(ttl);
    args[1] = ps_str_of(heartbeat->member);
    for (size_t i = 0; i < fields->len; i++)
        args[i + 2] = ps_str_of(fields->items[i]);
    ps_script_run(heartbeat->redis, PS_SCRIPT_INSTANCE_BEAT,
                  (const char *const[]){ heartbeat->key, heartbeat->instances }, 2, args,
                  fields->len + 2, on_beat, heartbeat);
    free(args);
}

/* While nothing changes, every other heartbeat extends the life of the key alone, which is one
 * command in place of six: a fleet that has nothing to do costs Redis little. The entry in the list
 * of instances lives as long as the key, so it is written again within that time. */
static void send_beat(struct ps_heartbeat *heartbeat)
{
    struct ps_fields fields;
    char *now, ttl[24];

    ps_fields_init(&fields);
    ps_fields_add(&fields, "version", PS_VERSION);
    ps_fields_add(&fields, "started_at", heartbeat->started_at);
    if (heartbeat->fn != NULL)
        heartbeat->fn(heartbeat->cookie, &fields);
    now = join(&fields);
    (void)snprintf(ttl, sizeof(ttl), "%d", PS_HEARTBEAT_TTL_MS);
    heartbeat->in_flight = true;
    heartbeat->sent_ms = ps_clock_mono_ms();
    if (heartbeat->extend && heartbeat->written != NULL && strcmp(now, heartbeat->written) == 0) {
        free(now);
        PS_REDIS(heartbeat->redis, on_beat, heartbeat, "PEXPIRE", heartbeat->key, ttl);
    } else {
        heartbeat->extend = false;
        free(heartbeat->written);
        heartbeat->written = now;
        send_fields(heartbeat, &fields, ttl);
    }
    ps_fields_clear(&fields);
}

void ps_heartbeat_beat(struct ps_heartbeat *heartbeat)
{
    if (heartbeat->removing)
        return;
    ps_timer_set(heartbeat->timer, PS_HEARTBEAT_EVERY_MS);
    if (!heartbeat->in_flight && ps_redis_up(heartbeat->redis))
        send_beat(heartbeat);
}

static void on_tick(void *cookie)
{
    ps_heartbeat_beat(cookie);
}

struct ps_heartbeat *ps_heartbeat_create(struct ps_loop *loop, struct ps_redis *redis,
                                         const struct ps_keys *keys, const char *component,
                                         const char *instance, ps_heartbeat_fn fn, void *cookie)
{
    struct ps_heartbeat *heartbeat = ps_alloc_zero(1, sizeof(*heartbeat));

    heartbeat->redis = redis;
    heartbeat->key = ps_key_instance(keys, component, instance);
    heartbeat->instances = ps_alloc_text(ps_key(keys, PS_KEY_INSTANCES));
    heartbeat->member = ps_alloc_format("%s:%s", component, instance);
    heartbeat->fn = fn;
    heartbeat->cookie = cookie;
    heartbeat->written_ms = -1;
    ps_utc_time_format_time(ps_clock_wall_ms(), heartbeat->started_at);
    heartbeat->timer = ps_timer_create(loop, on_tick, heartbeat);
    ps_timer_set(heartbeat->timer, 0);
    return heartbeat;
}

void ps_heartbeat_destroy(struct ps_heartbeat *heartbeat)
{
    if (heartbeat == NULL)
        return;
    ps_timer_destroy(heartbeat->timer);
    free(heartbeat->key);
    free(heartbeat->instances);
    free(heartbeat->member);
    free(heartbeat->written);
    free(heartbeat);
}

bool ps_heartbeat_written(const struct ps_heartbeat *heartbeat)
{
    return heartbeat->written_ms >= 0 &&
           ps_clock_mono_ms() - heartbeat->written_ms < PS_HEARTBEAT_TTL_MS;
}

bool ps_heartbeat_written_since(const struct ps_heartbeat *heartbeat, int64_t since_ms)
{
    return ps_heartbeat_written(heartbeat) && heartbeat->written_ms >= since_ms;
}

/* Waits for a heartbeat in flight before it deletes the key. If the server did not know the script,
 * the second attempt (EVAL after NOSCRIPT) would otherwise follow the deletion and create the key
 * again. */
void ps_heartbeat_remove(struct ps_heartbeat *heartbeat, void (*done)(void *cookie), void *cookie)
{
    heartbeat->removing = true;
    heartbeat->removed = done;
    heartbeat->removed_cookie = cookie;
    ps_timer_cancel(heartbeat->timer);
    if (!heartbeat->in_flight)
        PS_REDIS(heartbeat->redis, on_deleted, heartbeat, "DEL", heartbeat->key);
}
