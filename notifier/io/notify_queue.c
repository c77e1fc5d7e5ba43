#include "notifier/io/notify_queue.h"

#include "notifier/io/channel_lock.h"
#include "notifier/io/notify_wait.h"
#include "shared/core/alloc.h"
#include "shared/core/bounds.h"
#include "shared/core/buf.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IDLE_MS = 200,
    RECLAIM_MS = 5000,
    RECLAIM_IDLE_MS = 15 * 1000, /* while no message has moved for QUIET_MS: nobody can hold one */
    QUIET_MS = 60 * 1000,
    DEPTH_MS = 1000,
    EMPTY_MS = 60 * 1000, /* an empty list is read this often even without a report */
    TAKE_MAX = 64,        /* messages of one take */
    FULL_MAX = 128,       /* channels that one take skips */
    FIXED_ARGS = 7
};

struct ps_notify_queue {
    struct ps_notify_queue_options options;
    char *inflight;        /* key of our own list */
    char *inflight_prefix; /* of every notifier's */
    char *holder_prefix;   /* of every notifier's heartbeat */
    struct ps_timer *turn;
    struct ps_notify_wait *wait;              /* NULL: the list is read every IDLE_MS */
    bool empty;                               /* the list was, when it was read last */
    int64_t reclaimed_ms, depth_ms, taken_ms; /* when asked last */
    int64_t moved_ms;                         /* when the list held something last */
    bool own_reclaimed; /* messages that an earlier run under this name held are back in the list */
    bool reclaiming;
    bool taking; /* an answer is awaited that can bring messages */
    bool lost;   /* such an answer never came */
    size_t asked;
    bool stopped;
    void (*on_stopped)(void *cookie);
    void *stop_cookie;
};

struct waiting {
    ps_notify_queue_fn fn;
    void *cookie;
};

static void on_turn(void *cookie);

/* The list was empty until now, so no message has waited in it longer than that. */
static void on_filled(void *cookie)
{
    struct ps_notify_queue *notify_queue = cookie;

    if (notify_queue->stopped)
        return;
    notify_queue->options.depth(notify_queue->options.cookie, 0);
    notify_queue->empty = false;
    notify_queue->moved_ms = ps_loop_now(notify_queue->options.loop);
    ps_notify_queue_nudge(notify_queue);
}

struct ps_notify_queue *ps_notify_queue_create(const struct ps_notify_queue_options *options)
{
    struct ps_notify_queue *notify_queue = ps_alloc_zero(1, sizeof(*notify_queue));

    notify_queue->options = *options;
    notify_queue->moved_ms = ps_loop_now(options->loop);
    notify_queue->inflight = ps_key_with(options->keys, PS_KEY_NOTIFY_INFLIGHT, options->instance);
    notify_queue->inflight_prefix = ps_key_with(options->keys, PS_KEY_NOTIFY_INFLIGHT, "");
    notify_queue->holder_prefix = ps_key_instance(options->keys, "notifier", "");
    if (options->server != NULL) {
        struct ps_err err; /* the same options made options->redis: they are valid */

        notify_queue->wait = ps_notify_wait_create(options->loop, options->server,
                                                   ps_key(options->keys, PS_KEY_NOTIFY), on_filled,
                                                   notify_queue, &err);
    }
    notify_queue->turn = ps_timer_create(options->loop, on_turn, notify_queue);
    ps_timer_set(notify_queue->turn, 0);
    return notify_queue;
}

void ps_notify_queue_destroy(struct ps_notify_queue *notify_queue)
{
    if (notify_queue == NULL)
        return;
    ps_notify_wait_destroy(notify_queue->wait);
    ps_timer_destroy(notify_queue->turn);
    free(notify_queue->inflight);
    free(notify_queue->inflight_prefix);
    free(notify_queue->holder_prefix);
    free(notify_queue);
}

static void log_error(const char *what, const struct ps_err *err)
{
    if (err->code != PS_REDIS_ERR_OFFLINE)
        PS_LOG(MQ_ERROR, F_TEXT("what", what), F_ERR(err));
}

static void on_reclaimed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notify_queue *notify_queue = cookie;

    notify_queue->reclaiming = false;
    if (err != NULL) {
        log_error("reclaim", err);
        return;
    }
    if (ps_redis_reply_int(reply, 0) > 0)
        PS_LOG(MQ_RECLAIMED, F_INT("messages", ps_redis_reply_int(reply, 0)));
    if (!notify_queue->own_reclaimed && !notify_queue->stopped)
        ps_timer_set(notify_queue->turn, 0);
    notify_queue->own_reclaimed = true;
}

/* Our own in-flight list is emptied once, before the first take, because a new pod may have an old
 * INSTANCE_ID. */
static void reclaim(struct ps_notify_queue *notify_queue, int64_t now_ms)
{
    const char *keys[] = { ps_key(notify_queue->options.keys, PS_KEY_NOTIFY),
                           ps_key(notify_queue->options.keys, PS_KEY_NOTIFY_HOLDERS) };
    struct ps_str args[] = { ps_str_of(notify_queue->holder_prefix),
                             ps_str_of(notify_queue->inflight_prefix),
                             ps_str_of(notify_queue->options.instance),
                             ps_str_of(notify_queue->own_reclaimed ? "0" : "1") };

    notify_queue->reclaiming = true;
    notify_queue->reclaimed_ms = now_ms;
    ps_script_run(notify_queue->options.redis, PS_SCRIPT_MESSAGE_RECLAIM, keys, PS_COUNT_OF(keys),
                  args, PS_COUNT_OF(args), on_reclaimed, notify_queue);
}

static void on_depth(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notify_queue *notify_queue = cookie;

    if (err == NULL)
        notify_queue->options.depth(notify_queue->options.cookie, ps_redis_reply_int(reply, 0));
}

/* Whether the list was empty when it was last read and the wait will report the next message. */
static bool waits(struct ps_notify_queue *notify_queue)
{
    return notify_queue->empty && notify_queue->wait != NULL &&
           ps_notify_wait_start(notify_queue->wait);
}

/* Runs after each answer that could contain messages. Sets the next turn, or reports that the queue
 * has stopped. */
static void settled_down(struct ps_notify_queue *notify_queue, const struct ps_err *err, bool more)
{
    void (*fn)(void *cookie) = notify_queue->on_stopped;

    notify_queue->taking = false;
    if (err != NULL && (err->code == PS_REDIS_ERR_LOST || err->code == PS_REDIS_ERR_TIMEOUT))
        notify_queue->lost = true;
    if (!notify_queue->stopped) {
        ps_timer_set_about(notify_queue->turn, more                  ? 0
                                               : waits(notify_queue) ? RECLAIM_MS
                                                                     : IDLE_MS);
    } else if (fn != NULL) {
        notify_queue->on_stopped = NULL;
        fn(notify_queue->stop_cookie);
    }
}

static void hand_over(struct ps_notify_queue *notify_queue, const struct redisReply *reply,
                      size_t first, bool unknown_only)
{
    const struct ps_notify_queue_options *options = &notify_queue->options;

    for (size_t i = first; i < reply->elements; i++) {
        size_t len = 0;
        const char *text = ps_redis_reply_text(reply->element[i], &len);
        struct ps_str raw = { text, len };

        if (text != NULL && !(unknown_only && options->holds(options->cookie, raw)))
            options->taken(options->cookie, raw);
    }
    options->round(options->cookie);
}

static void on_taken(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notify_queue *notify_queue = cookie;
    bool more = false;

    if (err != NULL) {
        log_error("take", err);
    } else if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
        notify_queue->depth_ms = ps_loop_now(notify_queue->options.loop);
        notify_queue->empty = ps_redis_reply_int(reply->element[0], 0) == 0;
        if (!notify_queue->empty || reply->elements > 1)
            notify_queue->moved_ms = notify_queue->depth_ms;
        more = notify_queue->asked > 0 && reply->elements - 1 >= notify_queue->asked;
        hand_over(notify_queue, reply, 1, false);
        /* The depth is reported last. The messages have left the list and are held only now;
         * otherwise they would count nowhere for a moment. */
        notify_queue->options.depth(notify_queue->options.cookie,
                                    ps_redis_reply_int(reply->element[0], 0));
    }
    settled_down(notify_queue, err, more);
}

static void on_recovered(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_notify_queue *notify_queue = cookie;

    if (err != NULL) {
        log_error("recover", err);
    } else {
        notify_queue->lost = false;
        if (reply->type == REDIS_REPLY_ARRAY)
            hand_over(notify_queue, reply, 0, true);
    }
    settled_down(notify_queue, err, true);
}

struct full {
    size_t count;
    struct ps_str *names; /* FULL_MAX; borrowed from whom visits */
};

static void add_full(void *cookie, const char *channel)
{
    struct full *full = cookie;

    if (full->count < FULL_MAX)
        full->names[full->count++] = ps_str_of(channel);
}

static void take(struct ps_notify_queue *notify_queue, int64_t now_ms)
{
    const char *keys[] = { ps_key(notify_queue->options.keys, PS_KEY_NOTIFY),
                           notify_queue->inflight,
                           ps_key(notify_queue->options.keys, PS_KEY_NOTIFY_HOLDERS) };
    struct ps_str args[FIXED_ARGS + FULL_MAX];
    struct full full = { .names = args + FIXED_ARGS };
    size_t room = notify_queue->options.room(notify_queue->options.cookie, add_full, &full);
    char most[24], of_all[24], of_one[24], lease[24];

    notify_queue->taken_ms = now_ms;
    notify_queue->asked =
        room > PS_NOTIFY_QUEUE_RESERVE ? ps_min_size(room - PS_NOTIFY_QUEUE_RESERVE, TAKE_MAX) : 0;
    (void)snprintf(most, sizeof(most), "%zu", notify_queue->asked);
    (void)snprintf(of_all, sizeof(of_all), "%zu", ps_min_size(room, TAKE_MAX));
    (void)snprintf(of_one, sizeof(of_one), "%d", PS_NOTIFY_QUEUE_OF_ONE);
    (void)snprintf(lease, sizeof(lease), "%d", PS_CHANNEL_LOCK_LEASE_MS);
    args[0] = ps_str_of(notify_queue->options.instance);
    args[1] = ps_str_of(most);
    args[2] = ps_str_of(of_all);
    args[3] = ps_str_of(of_one);
    args[4] = ps_str_of(ps_key(notify_queue->options.keys, PS_KEY_CHANNEL));
    args[5] = ps_str_of(notify_queue->holder_prefix);
    args[6] = ps_str_of(lease);
    if (room > 0) {
        notify_queue->taking = true;
        ps_script_run(notify_queue->options.redis, PS_SCRIPT_MESSAGE_TAKE, keys, PS_COUNT_OF(keys),
                      args, FIXED_ARGS + full.count, on_taken, notify_queue);
    } else if (now_ms - notify_queue->depth_ms >= DEPTH_MS) {
        notify_queue->depth_ms = now_ms;
        PS_REDIS(notify_queue->options.redis, on_depth, notify_queue, "LLEN", keys[0]);
    }
}

static void on_turn(void *cookie)
{
    struct ps_notify_queue *notify_queue = cookie;
    int64_t now_ms = ps_loop_now(notify_queue->options.loop), reclaim_ms;

    if (notify_queue->stopped || notify_queue->taking)
        return;
    ps_timer_set_about(notify_queue->turn, waits(notify_queue) ? RECLAIM_MS : IDLE_MS);
    if (!ps_redis_up(notify_queue->options.redis) ||
        !ps_heartbeat_written(notify_queue->options.heartbeat))
        return;
    /* Every notifier that waits for the list notices each message that passes through it, so
     * without any there is none in another one's hands. */
    reclaim_ms = now_ms - notify_queue->moved_ms < QUIET_MS || !notify_queue->empty
                     ? RECLAIM_MS
                     : RECLAIM_IDLE_MS;
    if (!notify_queue->reclaiming &&
        (!notify_queue->own_reclaimed || now_ms - notify_queue->reclaimed_ms >= reclaim_ms))
        reclaim(notify_queue, now_ms);
    if (!notify_queue->own_reclaimed)
        return;
    if (notify_queue->lost) {
        notify_queue->taking = true;
        PS_REDIS(notify_queue->options.redis, on_recovered, notify_queue, "LRANGE",
                 notify_queue->inflight, "0", "-1");
        return;
    }
    if (!waits(notify_queue) || now_ms - notify_queue->taken_ms >= EMPTY_MS)
        take(notify_queue, now_ms);
}

void ps_notify_queue_nudge(struct ps_notify_queue *notify_queue)
{
    if (!notify_queue->stopped && !notify_queue->taking)
        ps_timer_set(notify_queue->turn, 0);
}

static void on_settled(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct waiting waiting = *(struct waiting *)cookie;

    free(cookie);
    waiting.fn(waiting.cookie, err == NULL && ps_redis_reply_int(reply, 0) == 1, err);
}

void ps_notify_queue_settle(struct ps_notify_queue *notify_queue,
                            const struct ps_acknowledgement *settling, ps_notify_queue_fn fn,
                            void *cookie)
{
    static const char *const words[] = { [PS_ACKNOWLEDGE_DONE] = "done",
                                         [PS_ACKNOWLEDGE_BACK] = "back",
                                         [PS_ACKNOWLEDGE_DEAD] = "dead" };
    char *channel = ps_key_with(notify_queue->options.keys, PS_KEY_CHANNEL,
                                settling->channel != NULL ? settling->channel : "");
    const char *keys[] = { ps_key(notify_queue->options.keys, PS_KEY_NOTIFY),
                           notify_queue->inflight,
                           ps_key(notify_queue->options.keys, PS_KEY_NOTIFY_DEAD), channel };
    struct ps_str args[] = { ps_str_of(words[settling->how]), settling->raw,
                             ps_str_of(settling->letter), ps_str_of(settling->id),
                             ps_str_of(settling->slack_id) };
    struct waiting *waiting = ps_alloc(sizeof(*waiting));

    *waiting = (struct waiting){ .fn = fn, .cookie = cookie };
    ps_script_run(notify_queue->options.redis, PS_SCRIPT_MESSAGE_ACKNOWLEDGE, keys,
                  PS_COUNT_OF(keys), args, PS_COUNT_OF(args), on_settled, waiting);
    free(channel);
}

void ps_notify_queue_stop(struct ps_notify_queue *notify_queue, void (*done)(void *cookie),
                          void *cookie)
{
    notify_queue->stopped = true;
    ps_timer_cancel(notify_queue->turn);
    if (!notify_queue->taking) {
        done(cookie);
        return;
    }
    notify_queue->on_stopped = done;
    notify_queue->stop_cookie = cookie;
}
