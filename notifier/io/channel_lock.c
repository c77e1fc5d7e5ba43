#include "notifier/io/channel_lock.h"

#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER = 24 }; /* bytes of a number of 64 bits and its NUL */

struct ps_channel_lock {
    struct ps_redis *redis; /* borrowed, as keys */
    const struct ps_keys *keys;
    char *instance;                       /* owned, as the next three */
    char *life;                           /* names this run: "<instance>/<launched_ms>" */
    char *heartbeats;                     /* prefix of the keys of notifiers' heartbeats */
    char *inflight;                       /* key of this notifier's in-flight list */
    char lease[NUMBER], interval[NUMBER]; /* ms, as arguments of the scripts */
};

struct asking {
    ps_admit_fn fn;
    void *cookie;
};

struct ps_channel_lock *ps_channel_lock_create(struct ps_redis *redis, const struct ps_keys *keys,
                                               const char *instance, int64_t launched_ms,
                                               int64_t interval_ms)
{
    struct ps_channel_lock *channels = ps_alloc_zero(1, sizeof(*channels));

    channels->redis = redis;
    channels->keys = keys;
    channels->instance = ps_alloc_text(instance);
    channels->life = ps_alloc_format("%s/%lld", instance, (long long)launched_ms);
    channels->heartbeats = ps_key_instance(keys, "notifier", "");
    channels->inflight = ps_key_with(keys, PS_KEY_NOTIFY_INFLIGHT, instance);
    (void)snprintf(channels->lease, sizeof(channels->lease), "%d", PS_CHANNEL_LOCK_LEASE_MS);
    (void)snprintf(channels->interval, sizeof(channels->interval), "%lld", (long long)interval_ms);
    return channels;
}

void ps_channel_lock_destroy(struct ps_channel_lock *channels)
{
    if (channels == NULL)
        return;
    free(channels->instance);
    free(channels->life);
    free(channels->heartbeats);
    free(channels->inflight);
    free(channels);
}

bool ps_channel_lock_up(const struct ps_channel_lock *channels)
{
    return ps_redis_up(channels->redis);
}

/* Reads the four values that channel_admit.lua returns. */
static void on_admitted(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct asking asking = *(struct asking *)cookie;
    struct ps_admission admission = { .unknown = err != NULL };

    free(cookie);
    if (err != NULL && err->code != PS_REDIS_ERR_OFFLINE)
        PS_LOG(MQ_ERROR, F_TEXT("what", "admit"), F_ERR(err));
    if (err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 4) {
        admission.wait_ms = ps_redis_reply_int(reply->element[0], 0);
        admission.held = ps_redis_reply_int(reply->element[1], 0) == 1;
        admission.elsewhere = ps_redis_reply_int(reply->element[1], 0) == 2;
        admission.doubtful = ps_redis_reply_int(reply->element[2], 0) == 1;
        admission.slack_id = ps_redis_reply_text(reply->element[3], NULL);
    }
    asking.fn(asking.cookie, &admission);
}

void ps_channel_lock_admit(struct ps_channel_lock *channels,
                           const struct ps_outgoing_message *message, ps_admit_fn fn, void *cookie)
{
    char *key = ps_key_with(channels->keys, PS_KEY_CHANNEL, message->content.channel);
    const char *keys[] = { key, channels->inflight };
    struct ps_str raw = { message->raw, message->raw_len };
    /* The mark names this copy of the message, not only this run of the notifier. A notifier that
     * others took for dead may get a message again that it sent and could not acknowledge; the
     * second copy must be doubtful. */
    char *copy = ps_alloc_format("%s/%llu", channels->life, (unsigned long long)message->seq);
    struct ps_str args[] = {
        ps_str_of(channels->instance),
        ps_str_of(copy),
        ps_str_of(channels->heartbeats),
        ps_str_of(channels->lease),
        ps_str_of(channels->interval),
        ps_str_of(message->content.id),
        message->outbox || message->raw == NULL ? ps_str_of("") : raw,
    };
    struct asking *asking = ps_alloc(sizeof(*asking));

    *asking = (struct asking){ .fn = fn, .cookie = cookie };
    ps_script_run(channels->redis, PS_SCRIPT_CHANNEL_ADMIT, keys, PS_COUNT_OF(keys), args,
                  PS_COUNT_OF(args), on_admitted, asking);
    free(copy);
    free(key);
}

void ps_channel_lock_answered(struct ps_channel_lock *channels, const char *channel, const char *id,
                              int64_t hold_ms)
{
    char *key = ps_key_with(channels->keys, PS_KEY_CHANNEL, channel);
    const char *keys[] = { key };
    char hold[NUMBER];
    struct ps_str args[] = {
        ps_str_of(id), {hold, 0}
    };

    (void)snprintf(hold, sizeof(hold), "%lld", (long long)hold_ms);
    args[1] = ps_str_of(hold);
    ps_script_run(channels->redis, PS_SCRIPT_CHANNEL_ANSWER, keys, PS_COUNT_OF(keys), args,
                  PS_COUNT_OF(args), ps_redis_ignore, NULL);
    free(key);
}

struct life {
    ps_alive_fn fn;
    void *cookie;
    char *name;
};

static void on_life(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct life *life = cookie;

    life->fn(life->cookie, life->name, err != NULL || ps_redis_reply_int(reply, 1) != 0);
    free(life->name);
    free(life);
}

void ps_channel_lock_alive(struct ps_channel_lock *channels, const char *name, ps_alive_fn fn,
                           void *cookie)
{
    char *key = ps_key_instance(channels->keys, "notifier", name);
    struct life *life = ps_alloc(sizeof(*life));

    *life = (struct life){ .fn = fn, .cookie = cookie, .name = ps_alloc_text(name) };
    PS_REDIS(channels->redis, on_life, life, "EXISTS", key);
    free(key);
}

void ps_channel_lock_keep(struct ps_channel_lock *channels, const char *channel)
{
    char *key = ps_key_with(channels->keys, PS_KEY_CHANNEL, channel);
    const char *keys[] = { key };
    struct ps_str args[] = { ps_str_of(channels->instance), ps_str_of(channels->lease) };

    ps_script_run(channels->redis, PS_SCRIPT_CHANNEL_KEEP, keys, PS_COUNT_OF(keys), args,
                  PS_COUNT_OF(args), ps_redis_ignore, NULL);
    free(key);
}
