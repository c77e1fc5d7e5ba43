#include "notifier/io/queue.h"

#include "notifier/io/channels.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IDLE_MS = 200,
    RECLAIM_MS = 5000,
    DEPTH_MS = 1000,
    TAKE_MAX = 64,  /* messages of one take */
    FULL_MAX = 128, /* channels of one take that are passed over */
    FIXED_ARGS = 7
};

struct ps_queue {
    struct ps_queue_options options;
    char *inflight;        /* key of our own list */
    char *inflight_prefix; /* of every notifier's */
    char *holder_prefix;   /* of every notifier's heartbeat */
    struct ps_timer *turn;
    int64_t reclaimed_ms, depth_ms; /* when asked last */
    bool own_reclaimed;             /* what an earlier life under this name held is back */
    bool reclaiming;
    bool taking; /* an answer is awaited that can bring messages */
    bool lost;   /* such an answer never came */
    size_t asked;
    bool stopped;
    void (*on_stopped)(void *cookie);
    void *stop_cookie;
};

struct waiting {
    ps_queue_fn fn;
    void *cookie;
};

static void on_turn(void *cookie);

struct ps_queue *ps_queue_create(const struct ps_queue_options *options)
{
    struct ps_queue *queue = ps_alloc_zero(1, sizeof(*queue));

    queue->options = *options;
    queue->inflight = ps_key_with(options->keys, PS_KEY_NOTIFY_INFLIGHT, options->instance);
    queue->inflight_prefix = ps_key_with(options->keys, PS_KEY_NOTIFY_INFLIGHT, "");
    queue->holder_prefix = ps_key_instance(options->keys, "notifier", "");
    queue->turn = ps_timer_create(options->loop, on_turn, queue);
    ps_timer_set(queue->turn, 0);
    return queue;
}

void ps_queue_destroy(struct ps_queue *queue)
{
    if (queue == NULL)
        return;
    ps_timer_destroy(queue->turn);
    free(queue->inflight);
    free(queue->inflight_prefix);
    free(queue->holder_prefix);
    free(queue);
}

static void log_error(const char *what, const struct ps_err *err)
{
    if (err->code != PS_REDIS_ERR_OFFLINE)
        PS_LOG(MQ_ERROR, F_TEXT("what", what), F_ERR(err));
}

static void on_reclaimed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_queue *queue = cookie;

    queue->reclaiming = false;
    if (err != NULL) {
        log_error("reclaim", err);
        return;
    }
    if (ps_reply_int(reply, 0) > 0)
        PS_LOG(MQ_RECLAIMED, F_INT("messages", ps_reply_int(reply, 0)));
    if (!queue->own_reclaimed && !queue->stopped)
        ps_timer_set(queue->turn, 0);
    queue->own_reclaimed = true;
}

/* Our own list is emptied once, before anything is taken: a new pod may bear an old INSTANCE_ID. */
static void reclaim(struct ps_queue *queue, int64_t now_ms)
{
    const char *keys[] = { ps_key(queue->options.keys, PS_KEY_NOTIFY),
                           ps_key(queue->options.keys, PS_KEY_NOTIFY_HOLDERS) };
    struct ps_str args[] = { ps_str_of(queue->holder_prefix), ps_str_of(queue->inflight_prefix),
                             ps_str_of(queue->options.instance),
                             ps_str_of(queue->own_reclaimed ? "0" : "1") };

    queue->reclaiming = true;
    queue->reclaimed_ms = now_ms;
    ps_script_run(queue->options.redis, PS_SCRIPT_NOTICE_RECLAIM, keys, PS_COUNT_OF(keys), args,
                  PS_COUNT_OF(args), on_reclaimed, queue);
}

static void on_depth(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_queue *queue = cookie;

    if (err == NULL)
        queue->options.depth(queue->options.cookie, ps_reply_int(reply, 0));
}

/* The end of whatever could bring messages: the next turn, or the end of the queue. */
static void settled_down(struct ps_queue *queue, const struct ps_err *err, bool more)
{
    void (*fn)(void *cookie) = queue->on_stopped;

    queue->taking = false;
    if (err != NULL && (err->code == PS_REDIS_ERR_LOST || err->code == PS_REDIS_ERR_TIMEOUT))
        queue->lost = true;
    if (!queue->stopped) {
        ps_timer_set(queue->turn, more ? 0 : IDLE_MS);
    } else if (fn != NULL) {
        queue->on_stopped = NULL;
        fn(queue->stop_cookie);
    }
}

static void hand_over(struct ps_queue *queue, const struct redisReply *reply, size_t first,
                      bool unknown_only)
{
    const struct ps_queue_options *options = &queue->options;

    for (size_t i = first; i < reply->elements; i++) {
        size_t len = 0;
        const char *text = ps_reply_text(reply->element[i], &len);
        struct ps_str raw = { text, len };

        if (text != NULL && !(unknown_only && options->holds(options->cookie, raw)))
            options->taken(options->cookie, raw);
    }
    options->round(options->cookie);
}

static void on_taken(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_queue *queue = cookie;
    bool more = false;

    if (err != NULL) {
        log_error("take", err);
    } else if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
        queue->depth_ms = ps_loop_now(queue->options.loop);
        queue->options.depth(queue->options.cookie, ps_reply_int(reply->element[0], 0));
        more = queue->asked > 0 && reply->elements - 1 >= queue->asked;
        hand_over(queue, reply, 1, false);
    }
    settled_down(queue, err, more);
}

static void on_recovered(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_queue *queue = cookie;

    if (err != NULL) {
        log_error("recover", err);
    } else {
        queue->lost = false;
        if (reply->type == REDIS_REPLY_ARRAY)
            hand_over(queue, reply, 0, true);
    }
    settled_down(queue, err, true);
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

static size_t less(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void take(struct ps_queue *queue, int64_t now_ms)
{
    const char *keys[] = { ps_key(queue->options.keys, PS_KEY_NOTIFY), queue->inflight,
                           ps_key(queue->options.keys, PS_KEY_NOTIFY_HOLDERS) };
    struct ps_str args[FIXED_ARGS + FULL_MAX];
    struct full full = { .names = args + FIXED_ARGS };
    size_t room = queue->options.room(queue->options.cookie, add_full, &full);
    char most[24], of_all[24], of_one[24], lease[24];

    queue->asked = room > PS_QUEUE_RESERVE ? less(room - PS_QUEUE_RESERVE, TAKE_MAX) : 0;
    (void)snprintf(most, sizeof(most), "%zu", queue->asked);
    (void)snprintf(of_all, sizeof(of_all), "%zu", less(room, TAKE_MAX));
    (void)snprintf(of_one, sizeof(of_one), "%d", PS_QUEUE_OF_ONE);
    (void)snprintf(lease, sizeof(lease), "%d", PS_CHANNELS_LEASE_MS);
    args[0] = ps_str_of(queue->options.instance);
    args[1] = ps_str_of(most);
    args[2] = ps_str_of(of_all);
    args[3] = ps_str_of(of_one);
    args[4] = ps_str_of(ps_key(queue->options.keys, PS_KEY_CHANNEL));
    args[5] = ps_str_of(queue->holder_prefix);
    args[6] = ps_str_of(lease);
    if (room > 0) {
        queue->taking = true;
        ps_script_run(queue->options.redis, PS_SCRIPT_NOTICE_TAKE, keys, PS_COUNT_OF(keys), args,
                      FIXED_ARGS + full.count, on_taken, queue);
    } else if (now_ms - queue->depth_ms >= DEPTH_MS) {
        queue->depth_ms = now_ms;
        PS_REDIS(queue->options.redis, on_depth, queue, "LLEN", keys[0]);
    }
}

static void on_turn(void *cookie)
{
    struct ps_queue *queue = cookie;
    int64_t now_ms = ps_loop_now(queue->options.loop);

    if (queue->stopped || queue->taking)
        return;
    ps_timer_set(queue->turn, IDLE_MS);
    if (!ps_redis_up(queue->options.redis) || !ps_heartbeat_written(queue->options.heartbeat))
        return;
    if (!queue->reclaiming && (!queue->own_reclaimed || now_ms - queue->reclaimed_ms >= RECLAIM_MS))
        reclaim(queue, now_ms);
    if (!queue->own_reclaimed)
        return;
    if (queue->lost) {
        queue->taking = true;
        PS_REDIS(queue->options.redis, on_recovered, queue, "LRANGE", queue->inflight, "0", "-1");
        return;
    }
    take(queue, now_ms);
}

void ps_queue_nudge(struct ps_queue *queue)
{
    if (!queue->stopped && !queue->taking)
        ps_timer_set(queue->turn, 0);
}

static void on_settled(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct waiting waiting = *(struct waiting *)cookie;

    free(cookie);
    waiting.fn(waiting.cookie, err == NULL && ps_reply_int(reply, 0) == 1, err);
}

void ps_queue_settle(struct ps_queue *queue, const struct ps_settling *settling, ps_queue_fn fn,
                     void *cookie)
{
    static const char *const words[] = {
        [PS_SETTLE_DONE] = "done", [PS_SETTLE_BACK] = "back", [PS_SETTLE_DEAD] = "dead"
    };
    char *channel = ps_key_with(queue->options.keys, PS_KEY_CHANNEL,
                                settling->channel != NULL ? settling->channel : "");
    const char *keys[] = { ps_key(queue->options.keys, PS_KEY_NOTIFY), queue->inflight,
                           ps_key(queue->options.keys, PS_KEY_NOTIFY_DEAD), channel };
    struct ps_str args[] = { ps_str_of(words[settling->how]), settling->raw,
                             ps_str_of(settling->letter), ps_str_of(settling->id),
                             ps_str_of(settling->slack_id) };
    struct waiting *waiting = ps_alloc(sizeof(*waiting));

    *waiting = (struct waiting){ .fn = fn, .cookie = cookie };
    ps_script_run(queue->options.redis, PS_SCRIPT_NOTICE_SETTLE, keys, PS_COUNT_OF(keys), args,
                  PS_COUNT_OF(args), on_settled, waiting);
    free(channel);
}

void ps_queue_stop(struct ps_queue *queue, void (*done)(void *cookie), void *cookie)
{
    queue->stopped = true;
    ps_timer_cancel(queue->turn);
    if (!queue->taking) {
        done(cookie);
        return;
    }
    queue->on_stopped = done;
    queue->stop_cookie = cookie;
}
