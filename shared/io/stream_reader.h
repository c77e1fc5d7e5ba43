/* A consumer's blocking read of one stream, on a connection of its own. */
#ifndef PS_IO_STREAM_READER_H
#define PS_IO_STREAM_READER_H
#include "shared/io/redis.h"

#include <stddef.h>

struct ps_stream_reader;

struct ps_stream_entry {
    const char *id;              /* borrowed */
    const struct ps_str *fields; /* name, value, …; borrowed; count of both together */
    size_t count;
    int64_t deliveries; /* 1 for a fresh read */
};

/* Runs with what one read brought, at least one entry, all borrowed for the call. Every entry is
   pending for this consumer now. May call …_want and …_stop, must not destroy the reader. What a
   read had made pending when its connection was cut is not delivered here: the owner finds it
   pending and idle, and recovers it. */
typedef void (*ps_stream_fn)(void *cookie, const struct ps_stream_entry *entries, size_t count);

struct ps_stream_options {
    const struct ps_redis_options *redis; /* borrowed for the call; the client's name is consumer */
    const char *stream;                   /* copied, as the next two */
    const char *group;
    const char *consumer;
    int64_t block_ms; /* finite; 0: 2000 */
};

/* Makes group and stream (XGROUP CREATE … 0 MKSTREAM) when they are missing, at start and after a
   flush, with backoff. A read that is not answered block_ms + 2 s after it was sent makes the
   connection anew. The stream's connection logs by itself when it goes down and comes up again.
   Fails on a bad URL only. */
struct ps_stream_reader *ps_stream_reader_create(struct ps_loop *loop,
                                                 const struct ps_stream_options *options,
                                                 ps_stream_fn fn, void *cookie,
                                                 struct ps_err *err) PS_MUST_USE;
void ps_stream_reader_destroy(struct ps_stream_reader *reader);
/* How many more entries the owner has room for; a read asks for at most this many, 0 pauses. Each
 * delivered entry counts it down by itself. */
void ps_stream_reader_want(struct ps_stream_reader *reader, size_t count);
/* No new read from now on. done runs (on the loop) once no read is out, block_ms later at most
 * while Redis answers: nothing is delivered after it. To be called once. */
void ps_stream_reader_stop(struct ps_stream_reader *reader, void (*done)(void *cookie),
                           void *cookie);
/* After …_stop: a read that is out ends now, with its connection, and done follows. What it had
 * made pending the owner recovers. */
void ps_stream_reader_cut(struct ps_stream_reader *reader);
int64_t ps_stream_reader_answered_ms(
    const struct ps_stream_reader *reader); /* monotonic; 0 before the first answer */
/* What keeps it from reading, as told last; NULL: nothing. Borrowed until the loop turns. */
const char *ps_stream_reader_fault(const struct ps_stream_reader *reader);
uint64_t ps_stream_reader_group_recreates(const struct ps_stream_reader *reader);

/* Walks a reply of stream entries [[id, [name, value, …]], …]; shared with claims. Entries deleted
   meanwhile (nil fields) are passed over; a number after the fields is taken as deliveries. visit's
   entry is borrowed for its call. */
void ps_stream_entries(const struct redisReply *reply,
                       void (*visit)(void *cookie, const struct ps_stream_entry *entry),
                       void *cookie);

#endif
