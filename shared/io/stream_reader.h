/* One consumer's blocking reads of one Redis stream (XREADGROUP), on a connection of its own.
 *
 * The worker reads tasks through it, the scheduler results. The reader asks for at most as many
 * entries as its owner has room for, creates the consumer group when it is missing, and recovers
 * from lost connections.
 *
 * Guarantee: every entry that is delivered is pending for this consumer. Not delivered are entries
 * that Redis handed out when the connection broke; the owner must recover those itself (XAUTOCLAIM
 * after they are idle). */
#ifndef PS_IO_STREAM_READER_H
#define PS_IO_STREAM_READER_H
#include "shared/io/redis.h"

#include <stddef.h>

struct ps_stream_reader;

struct ps_stream_entry {
    const char *id;              /* borrowed */
    const struct ps_str *fields; /* name, value, name, value, …; borrowed */
    size_t count;                /* of names and values together */
    int64_t deliveries;          /* 1 for the first delivery */
};

/* Runs on the loop with the entries of one read, at least one, borrowed for the call. It may call
 * …_want and …_stop; it must not destroy the reader. */
typedef void (*ps_stream_fn)(void *cookie, const struct ps_stream_entry *entries, size_t count);

struct ps_stream_options {
    const struct ps_redis_options
        *redis; /* borrowed for the call; consumer becomes the client name */
    const char *stream, *group, *consumer; /* copied */
    int64_t block_ms;                      /* how long one read waits in Redis; 0: 10 s */
};

/* Starts connecting; reads nothing before ps_stream_reader_want. Creates stream and group from id 0
 * when they are missing, with backoff. A read without a reply block_ms + 2 s after it was sent
 * resets the connection. The reader logs REDIS-DOWN and REDIS-UP for its connection itself. Returns
 * NULL with err only for an invalid URL. Borrows loop and cookie. */
struct ps_stream_reader *ps_stream_reader_create(struct ps_loop *loop,
                                                 const struct ps_stream_options *options,
                                                 ps_stream_fn fn, void *cookie,
                                                 struct ps_err *err) PS_MUST_USE;
void ps_stream_reader_destroy(struct ps_stream_reader *reader); /* NULL is fine */

/* Sets how many more entries the owner has room for; 0 pauses. Each delivered entry lowers the
 * number. */
void ps_stream_reader_want(struct ps_stream_reader *reader, size_t count);
/* Sends no further read. done runs on the loop once no read is outstanding, at most block_ms later
 * while Redis replies; no entry is delivered afterwards. Call it once. */
void ps_stream_reader_stop(struct ps_stream_reader *reader, void (*done)(void *cookie),
                           void *cookie);
/* Ends an outstanding read now by closing its connection; after …_stop, done follows. The owner
 * recovers entries that the read had made pending. */
void ps_stream_reader_cut(struct ps_stream_reader *reader);

/* The owner has looked at the stream: undelivered says whether it holds entries that no consumer
 * has. Redis would have answered a waiting read as soon as such an entry came. So if the owner
 * reports such entries twice, at least a second apart, and the same read still waits, its
 * connection is dead. The reader replaces it, long before block_ms ends, but only once until a read
 * delivers something: the owner's report may be wrong for good, because entries that somebody
 * acknowledged by hand always look undelivered. */
void ps_stream_reader_undelivered(struct ps_stream_reader *reader, bool undelivered);
/* The error that keeps the reader from reading, valid until the current callback returns; NULL:
 * none. */
const char *ps_stream_reader_fault(const struct ps_stream_reader *reader);
uint64_t ps_stream_reader_group_recreates(const struct ps_stream_reader *reader);

/* Calls visit for each entry of a reply of the form [[id, [name, value, …]], …], as XREADGROUP and
 * XAUTOCLAIM return it; the entry is borrowed for its call. Skips entries that were deleted
 * meanwhile (fields are nil). A number after the fields is the count of deliveries. */
void ps_stream_entries(const struct redisReply *reply,
                       void (*visit)(void *cookie, const struct ps_stream_entry *entry),
                       void *cookie);

#endif
