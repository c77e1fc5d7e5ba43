#include "shared/io/stream_reader.h"

#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_MS = 10 * 1000,
    MARGIN_MS = 2000,
    DOUBT_MS = 1000,
    BACKOFF_BASE_MS = 200,
    BACKOFF_CAP_MS = 5000
};

struct ps_stream_reader {
    struct ps_loop *loop;
    struct ps_redis *redis;
    char *stream;
    char *group;
    char *consumer;
    int64_t block_ms;
    ps_stream_fn fn;
    void *cookie;

    size_t want;         /* entries that the owner has room for */
    bool group_known;    /* the group exists, as far as this connection knows */
    bool creating_group; /* XGROUP CREATE is in flight */
    bool reading;        /* XREADGROUP is in flight */
    bool delivering;     /* the owner's fn is running */
    bool closing;        /* the reader is being destroyed */
    bool was_down;
    bool group_seen; /* the group existed once, so creating it again is a recreation */
    uint64_t group_recreates;
    uint64_t reads;        /* sent so far */
    uint64_t doubted_read; /* that one waited although the stream held entries; 0: none */
    int64_t doubted_ms;
    bool replaced; /* the connection, for such a read; no entry came since */
    int attempt;   /* consecutive failures */
    char fault[sizeof(
        ((struct ps_err *)NULL)->what)]; /* the error that prevents reading; "" if none */
    struct ps_timer *retry;
    void (*stopped)(void *cookie); /* not NULL: send no further read */
    void *stop_cookie;
    struct ps_timer *stop; /* calls stopped from the loop */
};

/* The reader is a state machine: each callback records its result and calls advance, which sends
 * the next command if the state allows one. No other function sends. */
static void advance(void *cookie);

static void back_off(struct ps_stream_reader *reader)
{
    if (reader->attempt < 30)
        reader->attempt++;
    ps_timer_set(reader->retry, ps_backoff_ms(BACKOFF_BASE_MS, BACKOFF_CAP_MS, reader->attempt,
                                              ps_clock_random()));
}

static bool connection_failed(const struct ps_err *err)
{
    return err->code == PS_REDIS_ERR_LOST || err->code == PS_REDIS_ERR_TIMEOUT ||
           err->code == PS_REDIS_ERR_OFFLINE;
}

/* Logs an error that the server reported and tries again later. */
static void on_server_error(struct ps_stream_reader *reader, const struct ps_err *err)
{
    memcpy(reader->fault, err->what, sizeof(reader->fault));
    PS_LOG(REDIS_ERROR, F_TEXT("stream", reader->stream), F_ERR(err));
    back_off(reader);
}

static void on_group_created(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stream_reader *reader = cookie;

    (void)reply;
    reader->creating_group = false;
    if (reader->closing || (err != NULL && connection_failed(err)))
        return; /* after the reconnect the group is created first */
    if (err != NULL && strncmp(err->what, "BUSYGROUP", 9) != 0) {
        on_server_error(reader, err);
        return;
    }
    if (err == NULL) {
        if (reader->group_seen)
            reader->group_recreates++;
        PS_LOG(REDIS_GROUP_MADE, F_TEXT("stream", reader->stream), F_TEXT("group", reader->group));
    }
    reader->group_seen = true;
    reader->group_known = true;
    reader->fault[0] = '\0';
    advance(reader);
}

/* Reads row, [id, [name, value, …]] or [id, [...], deliveries], into out_entry, with fields as its
 * array. Returns false for a deleted entry, whose fields are nil. */
static bool read_entry(const struct redisReply *row, struct ps_str *fields,
                       struct ps_stream_entry *out_entry)
{
    const struct redisReply *pairs;

    if (row->type != REDIS_REPLY_ARRAY || row->elements < 2 ||
        row->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    out_entry->id = ps_redis_reply_text(row->element[0], NULL);
    if (out_entry->id == NULL)
        return false;
    pairs = row->element[1];
    for (size_t i = 0; i < pairs->elements; i++) {
        fields[i].len = 0;
        fields[i].data = ps_redis_reply_text(pairs->element[i], &fields[i].len);
        if (fields[i].data == NULL)
            fields[i].data = "";
    }
    out_entry->fields = fields;
    out_entry->count = pairs->elements;
    out_entry->deliveries = row->elements > 2 ? ps_redis_reply_int(row->element[2], 1) : 1;
    return true;
}

static size_t field_count(const struct redisReply *row)
{
    if (row->type != REDIS_REPLY_ARRAY || row->elements < 2 ||
        row->element[1]->type != REDIS_REPLY_ARRAY)
        return 0;
    return row->element[1]->elements;
}

static void deliver(struct ps_stream_reader *reader, const struct redisReply *rows)
{
    struct ps_stream_entry *entries = ps_alloc_array(NULL, rows->elements + 1, sizeof(*entries));
    struct ps_str *fields;
    size_t total = 0;
    size_t count = 0;

    for (size_t i = 0; i < rows->elements; i++)
        total += field_count(rows->element[i]);
    fields = ps_alloc_array(NULL, total + 1, sizeof(*fields));
    total = 0;
    for (size_t i = 0; i < rows->elements; i++) {
        if (!read_entry(rows->element[i], fields + total, &entries[count]))
            continue;
        total += entries[count].count;
        count++;
    }
    reader->want -= reader->want < count ? reader->want : count;
    reader->replaced = reader->replaced && count == 0;
    reader->delivering = true;
    if (count > 0)
        reader->fn(reader->cookie, entries, count);
    reader->delivering = false;
    free(fields);
    free(entries);
}

static void on_read(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stream_reader *reader = cookie;

    reader->reading = false;
    if (reader->closing)
        return;
    if (err == NULL) {
        reader->attempt = 0;
        reader->fault[0] = '\0';
        if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
            reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements == 2)
            deliver(reader, reply->element[0]->element[1]);
    } else if (err->code == PS_REDIS_ERR_NOGROUP) {
        reader->group_known = false;
        back_off(reader);
    } else if (!connection_failed(err)) {
        on_server_error(reader, err);
    }
    if (reader->stopped != NULL)
        ps_timer_set(reader->stop, 0);
    advance(reader);
}

static void read_next(struct ps_stream_reader *reader)
{
    char count[24];
    char block[24];
    struct ps_str args[] = {
        ps_str_of("XREADGROUP"),     ps_str_of("GROUP"), ps_str_of(reader->group),
        ps_str_of(reader->consumer), ps_str_of("COUNT"), {count,  0},
        ps_str_of("BLOCK"),          { block, 0},
          ps_str_of("STREAMS"),
        ps_str_of(reader->stream),   ps_str_of(">")
    };

    args[5].len = (size_t)snprintf(count, sizeof(count), "%zu", reader->want);
    args[7].len = (size_t)snprintf(block, sizeof(block), "%lld", (long long)reader->block_ms);
    reader->reading = true;
    reader->reads++;
    ps_redis_send_within(reader->redis, reader->block_ms + MARGIN_MS, args, PS_COUNT_OF(args),
                         on_read, reader);
}

static void advance(void *cookie)
{
    struct ps_stream_reader *reader = cookie;

    if (reader->stopped != NULL || reader->delivering || reader->reading ||
        reader->creating_group || ps_timer_pending(reader->retry) || !ps_redis_up(reader->redis))
        return;
    if (!reader->group_known) {
        /* The group starts at id 0, so that entries that were added before it existed are read
         * too. */
        reader->creating_group = true;
        PS_REDIS(reader->redis, on_group_created, reader, "XGROUP", "CREATE", reader->stream,
                 reader->group, "0", "MKSTREAM");
    } else if (reader->want > 0) {
        read_next(reader);
    }
}

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_stream_reader *reader = cookie;

    if (reader->stopped != NULL)
        return;
    if (!up) {
        reader->was_down = true;
        memcpy(reader->fault, err->what, sizeof(reader->fault));
        PS_LOG(REDIS_DOWN, F_TEXT("stream", reader->stream), F_ERR(err));
        return;
    }
    if (reader->was_down)
        PS_LOG(REDIS_UP, F_TEXT("stream", reader->stream),
               F_INT("reconnects", ps_redis_reconnects(reader->redis)));
    reader->was_down = false;
    reader->group_known =
        false; /* the connection may lead to another server, or to an emptied one */
    advance(reader);
}

static void on_stop(void *cookie)
{
    struct ps_stream_reader *reader = cookie;

    if (!reader->reading)
        reader->stopped(reader->stop_cookie); /* may destroy the reader: do not use it afterwards */
}

struct ps_stream_reader *ps_stream_reader_create(struct ps_loop *loop,
                                                 const struct ps_stream_options *options,
                                                 ps_stream_fn fn, void *cookie, struct ps_err *err)
{
    struct ps_stream_reader *reader = ps_alloc_zero(1, sizeof(*reader));
    struct ps_redis_options redis = *options->redis;

    redis.client_name = options->consumer;
    reader->loop = loop;
    reader->fn = fn;
    reader->cookie = cookie;
    reader->block_ms = options->block_ms > 0 ? options->block_ms : BLOCK_MS;
    reader->redis = ps_redis_create(loop, &redis, on_state, reader, err);
    if (reader->redis == NULL) {
        free(reader);
        return NULL;
    }
    reader->stream = ps_alloc_text(options->stream);
    reader->group = ps_alloc_text(options->group);
    reader->consumer = ps_alloc_text(options->consumer);
    reader->retry = ps_timer_create(loop, advance, reader);
    reader->stop = ps_timer_create(loop, on_stop, reader);
    return reader;
}

void ps_stream_reader_destroy(struct ps_stream_reader *reader)
{
    if (reader == NULL)
        return;
    reader->closing = true;
    ps_redis_destroy(reader->redis);
    ps_timer_destroy(reader->retry);
    ps_timer_destroy(reader->stop);
    free(reader->stream);
    free(reader->group);
    free(reader->consumer);
    free(reader);
}

void ps_stream_reader_want(struct ps_stream_reader *reader, size_t count)
{
    reader->want = count;
    advance(reader);
}

void ps_stream_reader_stop(struct ps_stream_reader *reader, void (*done)(void *cookie),
                           void *cookie)
{
    assert(reader->stopped == NULL);
    reader->stopped = done;
    reader->stop_cookie = cookie;
    if (!reader->reading)
        ps_timer_set(reader->stop, 0);
}

void ps_stream_reader_cut(struct ps_stream_reader *reader)
{
    if (reader->reading)
        ps_redis_reset(reader->redis);
}

void ps_stream_reader_undelivered(struct ps_stream_reader *reader, bool undelivered)
{
    int64_t now_ms = ps_loop_now(reader->loop);

    if (!undelivered || !reader->reading) {
        reader->doubted_read = 0;
    } else if (reader->doubted_read != reader->reads) {
        reader->doubted_read = reader->reads;
        reader->doubted_ms = now_ms;
    } else if (now_ms - reader->doubted_ms >= DOUBT_MS && !reader->replaced) {
        reader->replaced = true;
        ps_redis_reset(reader->redis);
    }
}

const char *ps_stream_reader_fault(const struct ps_stream_reader *reader)
{
    return reader->fault[0] == '\0' ? NULL : reader->fault;
}

uint64_t ps_stream_reader_group_recreates(const struct ps_stream_reader *reader)
{
    return reader->group_recreates;
}

void ps_stream_entries(const struct redisReply *reply,
                       void (*visit)(void *cookie, const struct ps_stream_entry *entry),
                       void *cookie)
{
    struct ps_stream_entry entry;
    struct ps_str *fields;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i < reply->elements; i++) {
        fields = ps_alloc_array(NULL, field_count(reply->element[i]) + 1, sizeof(*fields));
        if (read_entry(reply->element[i], fields, &entry))
            visit(cookie, &entry);
        free(fields);
    }
}
