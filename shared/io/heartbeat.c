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

enum {
    JOINED_MAX = 16384,
    WHOLE_MS = 60 * 1000 /* all fields are written so often even if none has changed */
};

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
    bool whole;         /* the heartbeat in flight writes all fields */
    bool extend;        /* the last heartbeat was accepted: the next may extend its life alone */
    bool forced;        /* the next heartbeat renews everything, however short ago it was renewed */
    int64_t joined_ms;  /* when the entry in the list of instances was renewed last */
    char *written;      /* the fields of the last heartbeat that wrote them, joined; owned */
    int64_t whole_ms;   /* when a heartbeat wrote all fields last */
    int64_t clock_ms;   /* what Redis' clock is ahead of our monotonic one, as seen then */
    bool writes_memory; /* the whole heartbeat of this component proves that Redis takes writes */
    void (*wrote)(void *cookie, const struct ps_err *err);
    void *wrote_cookie;
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

static void report(const struct ps_heartbeat *heartbeat, const struct ps_err *err)
{
    if (heartbeat->wrote != NULL && (err == NULL || err->code == PS_REDIS_ERR_REPLY))
        heartbeat->wrote(heartbeat->wrote_cookie, err);
}

static void on_beat(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_heartbeat *heartbeat = cookie;
    /* The reply to an extension is 0 where the key is gone: nothing was written. */
    int64_t answer = err == NULL ? ps_redis_reply_int(reply, 0) : 0;

    heartbeat->in_flight = false;
    heartbeat->extend = answer > 0;
    if (answer > 0)
        heartbeat->written_ms = heartbeat->sent_ms;
    else if (err == NULL)
        ps_timer_set(heartbeat->timer, 0);
    if (answer > 0 && heartbeat->whole) {
        heartbeat->whole_ms = heartbeat->sent_ms;
        heartbeat->clock_ms = answer - ps_clock_mono_ms();
        if (heartbeat->writes_memory)
            report(heartbeat, NULL);
    }
    if (err != NULL) {
        if (err->code == PS_REDIS_ERR_REPLY)
            PS_LOG(REDIS_ERROR, F_TEXT("what", "heartbeat"), F_ERR(err));
        report(heartbeat, err);
    }
    if (!heartbeat->removing)
        return;
    if (err == NULL)
        PS_REDIS(heartbeat->redis, on_deleted, heartbeat, "DEL", heartbeat->key);
    else
        on_deleted(heartbeat, NULL, err);
}

/* A refusal here lets the next heartbeat write everything: that of a worker is accepted by a Redis
 * without memory too. */
static void on_joined(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_heartbeat *heartbeat = cookie;

    (void)reply;
    if (err != NULL)
        heartbeat->extend = false;
    if (err != NULL && !heartbeat->removing)
        ps_timer_set_about(heartbeat->timer, PS_HEARTBEAT_EVERY_MS);
    report(heartbeat, err);
}

static char *join_fields(const struct ps_fields *fields)
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

/* Whether it is due before the next tick of the loop. */
static bool is_due(const struct ps_heartbeat *heartbeat, int64_t done_ms, int64_t every_ms)
{
    int64_t left_ms = done_ms + every_ms - ps_clock_mono_ms();

    return heartbeat->forced || left_ms < PS_LOOP_TICK_MS - PS_TIMER_EARLY_MS;
}

/* Extends the life of the key. */
static void extend(struct ps_heartbeat *heartbeat, const char *ttl)
{
    heartbeat->in_flight = true;
    heartbeat->sent_ms = ps_clock_mono_ms();
    PS_REDIS(heartbeat->redis, on_beat, heartbeat, "PEXPIRE", heartbeat->key, ttl);
}

/* Renews the entry in the list of instances. It ends by Redis' clock, which the last whole
 * heartbeat has read. */
static void join(struct ps_heartbeat *heartbeat)
{
    char ends[24];

    heartbeat->joined_ms = ps_clock_mono_ms();
    (void)snprintf(ends, sizeof(ends), "%lld",
                   (long long)(heartbeat->joined_ms + heartbeat->clock_ms + PS_HEARTBEAT_TTL_MS));
    PS_REDIS(heartbeat->redis, on_joined, heartbeat, "ZADD", heartbeat->instances, ends,
             heartbeat->member);
}

static void write_whole(struct ps_heartbeat *heartbeat, const struct ps_fields *fields,
                        const char *ttl)
{
    heartbeat->in_flight = true;
    heartbeat->sent_ms = heartbeat->joined_ms = ps_clock_mono_ms();
    send_fields(heartbeat, fields, ttl);
}

/* Of the two renewals that come next. */
static int64_t next_ms(const struct ps_heartbeat *heartbeat)
{
    int64_t beat_ms = heartbeat->sent_ms + PS_HEARTBEAT_IDLE_MS;
    int64_t join_ms = heartbeat->joined_ms + PS_HEARTBEAT_JOIN_MS;

    return (beat_ms < join_ms ? beat_ms : join_ms) - ps_clock_mono_ms();
}

/* While nothing changes, a heartbeat is one command in place of six: a fleet that has nothing to do
 * costs Redis little. */
static void send_beat(struct ps_heartbeat *heartbeat)
{
    struct ps_fields fields;
    char *now, ttl[24];

    ps_fields_init(&fields);
    ps_fields_add(&fields, "version", PS_VERSION);
    ps_fields_add(&fields, "started_at", heartbeat->started_at);
    if (heartbeat->fn != NULL)
        heartbeat->fn(heartbeat->cookie, &fields);
    now = join_fields(&fields);
    (void)snprintf(ttl, sizeof(ttl), "%d", PS_HEARTBEAT_TTL_MS);
    heartbeat->whole = !heartbeat->extend || heartbeat->written == NULL ||
                       strcmp(now, heartbeat->written) != 0 ||
                       ps_clock_mono_ms() - heartbeat->whole_ms >= WHOLE_MS;
    if (heartbeat->whole) {
        free(heartbeat->written);
        heartbeat->written = now;
        write_whole(heartbeat, &fields, ttl);
    } else {
        free(now);
        if (is_due(heartbeat, heartbeat->joined_ms, PS_HEARTBEAT_JOIN_MS))
            join(heartbeat);
        if (is_due(heartbeat, heartbeat->sent_ms, PS_HEARTBEAT_IDLE_MS))
            extend(heartbeat, ttl);
    }
    heartbeat->forced = false;
    ps_timer_set_about(heartbeat->timer,
                       heartbeat->whole ? PS_HEARTBEAT_EVERY_MS : next_ms(heartbeat));
    ps_fields_clear(&fields);
}

static void on_tick(void *cookie)
{
    struct ps_heartbeat *heartbeat = cookie;

    if (heartbeat->removing)
        return;
    ps_timer_set_about(heartbeat->timer, PS_HEARTBEAT_EVERY_MS);
    if (!heartbeat->in_flight && ps_redis_up(heartbeat->redis))
        send_beat(heartbeat);
}

void ps_heartbeat_beat(struct ps_heartbeat *heartbeat)
{
    heartbeat->forced = true;
    on_tick(heartbeat);
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
    heartbeat->writes_memory = strcmp(component, "worker") != 0; /* see instance_beat.lua */
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

void ps_heartbeat_on_write(struct ps_heartbeat *heartbeat,
                           void (*fn)(void *cookie, const struct ps_err *err), void *cookie)
{
    heartbeat->wrote = fn;
    heartbeat->wrote_cookie = cookie;
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
