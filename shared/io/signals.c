/* One blocking XREAD at a time, from the last id seen. A stream, not a pub/sub channel: a signal
 * that is sent between two reads is not lost, and it needs no rights on channels, which the ACL of
 * installations lacks. */
#include "shared/io/signals.h"

#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/stream_reader.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_MS = 30 * 1000,
    MARGIN_MS = 2000,
    GAP_MS = 200,           /* between two signals of one kind */
    RETRY_MS = 5000,        /* after an error reply */
    REFUSED_MS = 60 * 1000, /* after a missing right: an operator has to act */
    LISTENERS_MAX = 16,
    ID_TEXT = 48
};
/* Entries of the stream; it only bridges the time between two reads. */
#define STREAM_LENGTH "64"

struct listener {
    enum ps_signal signal;
    void (*fn)(void *cookie);
    void *cookie;
};

struct ps_signals {
    struct ps_loop *loop;
    struct ps_redis *sender; /* borrowed */
    struct ps_redis *redis;
    const struct ps_keys *keys; /* borrowed */
    const char *stream;
    char last[ID_TEXT]; /* id seen last; "$" before the first */
    bool reading, closing;
    bool arrive;  /* a read waits that Redis did not refuse */
    bool refused; /* logged */
    struct ps_timer *retry;
    struct ps_timer *later; /* sends what waits for its gap */
    bool waits[PS_SIGNAL_COUNT];
    int64_t sent_ms[PS_SIGNAL_COUNT]; /* monotonic; 0: never */
    size_t listener_count;
    struct listener listeners[LISTENERS_MAX];
};

static const char *const names[] = {
#define PS_X(id, name) name,
    PS_SIGNALS(PS_X)
#undef PS_X
};

const char *ps_signal_name(enum ps_signal signal)
{
    return names[signal];
}

static void notify(const struct ps_signals *signals, const bool which[PS_SIGNAL_COUNT])
{
    for (size_t i = 0; i < signals->listener_count; i++)
        if (which[signals->listeners[i].signal])
            signals->listeners[i].fn(signals->listeners[i].cookie);
}

static void notify_all(const struct ps_signals *signals)
{
    bool which[PS_SIGNAL_COUNT];

    for (int i = 0; i < PS_SIGNAL_COUNT; i++)
        which[i] = true;
    notify(signals, which);
}

static void read_next(struct ps_signals *signals);

struct news {
    struct ps_signals *signals;
    bool which[PS_SIGNAL_COUNT];
};

/* Field: what. A signal of another version is ignored. */
static void on_entry(void *cookie, const struct ps_stream_entry *entry)
{
    struct news *news = cookie;

    (void)snprintf(news->signals->last, sizeof(news->signals->last), "%s", entry->id);
    for (size_t i = 0; i + 1 < entry->count; i += 2)
        for (int what = 0; what < PS_SIGNAL_COUNT; what++)
            if (ps_str_is(entry->fields[i], "what") && ps_str_is(entry->fields[i + 1], names[what]))
                news->which[what] = true;
}

/* A user of Redis that may not run XREAD is no fault: the programs read more often instead. */
static void refuse(struct ps_signals *signals, const struct ps_err *err)
{
    bool right = strncmp(err->what, "NOPERM", 6) == 0;

    if (!signals->refused)
        PS_LOG(REDIS_ERROR, F_TEXT("what", "signals of other programs are not read"), F_ERR(err));
    signals->refused = true;
    signals->arrive = false;
    ps_timer_set(signals->retry, right ? REFUSED_MS : RETRY_MS);
}

static void on_read(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_signals *signals = cookie;
    struct news news = { .signals = signals };

    signals->reading = false;
    if (signals->closing)
        return;
    if (err != NULL) {
        if (err->code == PS_REDIS_ERR_REPLY)
            refuse(signals, err);
        else
            signals->arrive = false; /* on_state follows */
        return;
    }
    signals->refused = false;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
        reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements == 2)
        ps_stream_entries(reply->element[0]->element[1], on_entry, &news);
    read_next(signals);
    notify(signals, news.which);
}

/* Reads what was added after the entry seen last. */
static void read_next(struct ps_signals *signals)
{
    char block[24];
    struct ps_str args[] = {
        ps_str_of("XREAD"),   ps_str_of("BLOCK"),         {block, 0},
        ps_str_of("STREAMS"), ps_str_of(signals->stream), { NULL, 0}
    };

    if (signals->reading || !ps_redis_up(signals->redis))
        return;
    args[2].len = (size_t)snprintf(block, sizeof(block), "%d", BLOCK_MS);
    args[5] = ps_str_of(signals->last);
    signals->reading = true;
    ps_redis_send_within(signals->redis, BLOCK_MS + MARGIN_MS, args, PS_COUNT_OF(args), on_read,
                         signals);
}

static void on_first(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_signals *signals = cookie;
    struct news news = { .signals = signals };

    if (signals->closing || (err != NULL && err->code != PS_REDIS_ERR_REPLY))
        return;
    if (err != NULL) {
        refuse(signals, err);
        return;
    }
    (void)snprintf(signals->last, sizeof(signals->last), "0-0");
    ps_stream_entries(reply, on_entry, &news);
    signals->arrive = true;
    read_next(signals);
    notify_all(signals);
}

/* Where the stream ends: from there on nothing is missed, and what was missed before is what
 * notify_all is for. */
static void begin(struct ps_signals *signals)
{
    PS_REDIS(signals->redis, on_first, signals, "XREVRANGE", signals->stream, "+", "-", "COUNT",
             "1");
}

static void on_retry(void *cookie)
{
    struct ps_signals *signals = cookie;

    if (ps_redis_up(signals->redis) && !signals->reading)
        begin(signals);
}

/* The main connection logs an outage of Redis. */
static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_signals *signals = cookie;

    (void)err;
    signals->arrive = false;
    if (signals->closing || signals->retry == NULL)
        return;
    ps_timer_cancel(signals->retry);
    if (up)
        begin(signals);
}

void ps_signals_write(struct ps_redis *redis, const struct ps_keys *keys, enum ps_signal signal,
                      ps_redis_fn fn, void *cookie)
{
    PS_REDIS(redis, fn, cookie, "XADD", ps_key(keys, PS_KEY_SIGNALS), "MAXLEN", "~", STREAM_LENGTH,
             "*", "what", names[signal]);
}

static void send_now(struct ps_signals *signals, enum ps_signal signal)
{
    signals->waits[signal] = false;
    signals->sent_ms[signal] = ps_loop_now(signals->loop);
    if (ps_redis_up(signals->sender))
        ps_signals_write(signals->sender, signals->keys, signal, NULL, NULL);
}

static void on_later(void *cookie)
{
    struct ps_signals *signals = cookie;

    for (int i = 0; i < PS_SIGNAL_COUNT; i++)
        if (signals->waits[i])
            send_now(signals, (enum ps_signal)i);
}

void ps_signals_send(struct ps_signals *signals, enum ps_signal signal)
{
    int64_t since_ms;

    if (signals == NULL || signals->waits[signal])
        return;
    since_ms = ps_loop_now(signals->loop) - signals->sent_ms[signal];
    if (signals->sent_ms[signal] == 0 || since_ms >= GAP_MS) {
        send_now(signals, signal);
        return;
    }
    signals->waits[signal] = true;
    if (!ps_timer_pending(signals->later))
        ps_timer_set(signals->later, GAP_MS - since_ms);
}

struct ps_signals *ps_signals_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                     struct ps_redis *redis, const struct ps_keys *keys,
                                     struct ps_err *err)
{
    struct ps_signals *signals = ps_alloc_zero(1, sizeof(*signals));

    signals->loop = loop;
    signals->sender = redis;
    signals->keys = keys;
    signals->stream = ps_key(keys, PS_KEY_SIGNALS);
    signals->redis = ps_redis_create(loop, options, on_state, signals, err);
    if (signals->redis == NULL) {
        free(signals);
        return NULL;
    }
    signals->retry = ps_timer_create(loop, on_retry, signals);
    signals->later = ps_timer_create(loop, on_later, signals);
    return signals;
}

void ps_signals_destroy(struct ps_signals *signals)
{
    if (signals == NULL)
        return;
    signals->closing = true;
    ps_redis_destroy(signals->redis);
    ps_timer_destroy(signals->retry);
    ps_timer_destroy(signals->later);
    free(signals);
}

void ps_signals_listen(struct ps_signals *signals, enum ps_signal signal, void (*fn)(void *cookie),
                       void *cookie)
{
    if (signals == NULL)
        return;
    if (signals->listener_count == LISTENERS_MAX)
        abort();
    signals->listeners[signals->listener_count++] =
        (struct listener){ .signal = signal, .fn = fn, .cookie = cookie };
}

bool ps_signals_arrive(const struct ps_signals *signals)
{
    return signals != NULL && signals->arrive && ps_redis_up(signals->redis);
}

int64_t ps_signals_period(const struct ps_signals *signals, int64_t often_ms, int64_t seldom_ms)
{
    return ps_signals_arrive(signals) ? seldom_ms : often_ms;
}
