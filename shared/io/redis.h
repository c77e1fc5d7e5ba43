/* One connection to Redis on the loop: connect, TLS, AUTH, SELECT, deadlines of our own, reconnect
 * with backoff and jitter.
 *
 * Place in the data flow: each program has one for commands and scripts, and others for blocking
 * reads (stream_reader, notify_wait), because a blocking read would delay every command behind it.
 * A command without an answer in its time tears the connection down: the server may be gone without
 * a word, and later answers could not be attributed.
 *
 * Guarantee: each callback runs exactly once. A command is never sent twice; after LOST and TIMEOUT
 * it may have run. */
#ifndef PS_IO_REDIS_H
#define PS_IO_REDIS_H
#include "shared/core/str.h"
#include "shared/io/loop.h"
#include "shared/io/redis_options.h"
#include "shared/io/redis_reply.h"

struct ps_redis;

/* Starts connecting and keeps trying, with 100 ms to 5 s between tries. With Sentinels each try
   asks them for the master's address, and a server whose ROLE is not master is refused. While the
   connection is up, the Sentinels are asked every three seconds; two answers in a row that name
   another master end the connection. READONLY, LOADING, MASTERDOWN, NOAUTH, UNBLOCKED and MOVED
   replies tear the connection down so that the next connect looks the address up again. Fails only
   as ps_redis_options_check does (CONFIGURATION). */
struct ps_redis *ps_redis_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                 ps_redis_state_fn on_state, void *cookie,
                                 struct ps_err *err) PS_MUST_USE;
/* Outstanding callbacks run now with PS_REDIS_ERR_LOST: destroy it before what they point to. NULL
 * is fine. Must not be called from a ps_redis_fn. */
void ps_redis_destroy(struct ps_redis *redis);
bool ps_redis_up(const struct ps_redis *redis);
uint64_t ps_redis_reconnects(const struct ps_redis *redis); /* times it came up again */
/* Why the last connection ended or did not come up; "" where there was none. Borrowed. */
const char *ps_redis_why(const struct ps_redis *redis);
int ps_redis_outstanding(const struct ps_redis *redis);
enum { PS_REDIS_OUTSTANDING_MAX = 100000 };
/* A ps_redis_fn that logs error replies and nothing else; what an fn of NULL means. */
void ps_redis_ignore(void *cookie, const struct redisReply *reply, const struct ps_err *err);
/* Copies the arguments. fn may be NULL (ps_redis_ignore). A command while not up gets
 * PS_REDIS_ERR_OFFLINE, one past PS_REDIS_OUTSTANDING_MAX gets ENOBUFS: neither was sent. */
void ps_redis_send(struct ps_redis *redis, const struct ps_str *args, size_t count, ps_redis_fn fn,
                   void *cookie);
/* The same with a deadline of its own, for blocking reads (block time + margin). */
void ps_redis_send_within(struct ps_redis *redis, int64_t timeout_ms, const struct ps_str *args,
                          size_t count, ps_redis_fn fn, void *cookie);
/* PS_REDIS(redis, fn, cookie, "GET", key): NUL-terminated texts only. */
#define PS_REDIS(redis, fn, cookie, ...)                                                           \
    ps_redis_send_texts(redis, (const char *const[]){ __VA_ARGS__ },                               \
                        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), fn,   \
                        cookie)
void ps_redis_send_texts(struct ps_redis *redis, const char *const *args, size_t count,
                         ps_redis_fn fn, void *cookie);
/* Tear the connection down and build it again: not up from now on, done on the loop. */
void ps_redis_reset(struct ps_redis *redis);

#endif
