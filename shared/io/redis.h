/* One connection to Redis on the loop: connect, TLS, AUTH, SELECT, deadlines of our own, reconnect
 * with backoff and jitter.
 *
 * Place in the data flow: each program has one for commands and scripts, and others for blocking
 * reads (stream_reader, notify_wait), because a blocking read would delay every command behind it.
 * A command that gets no answer in time ends the connection: the server may be gone without a word,
 * and answers that arrive later could not be attributed to their commands.
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

/* Starts connecting and never gives up; attempts are 100 ms to 5 s apart. Each attempt looks the
 * host name up anew once all its addresses had their turn.
 *
 * With Sentinels, each attempt first asks them for the master's address, and a server whose ROLE is
 * not master is refused. While the connection is up, the Sentinels are asked every three seconds;
 * two consecutive answers that name the same other master end the connection. READONLY, LOADING,
 * MASTERDOWN, NOAUTH, UNBLOCKED and MOVED replies end the connection too, so that the next attempt
 * finds the right server.
 *
 * options is borrowed for the call (see there for the exceptions), loop and cookie for life.
 * on_state must not be NULL; it may destroy the connection. Fails only as ps_redis_options_check
 * does (CONFIGURATION). */
struct ps_redis *ps_redis_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                 ps_redis_state_fn on_state, void *cookie,
                                 struct ps_err *err) PS_MUST_USE;
/* Closes the connection. Outstanding callbacks run now, with PS_REDIS_ERR_LOST: destroy the
 * connection before the objects that they point to. on_state does not run. NULL is fine. Must not
 * be called from a ps_redis_fn. */
void ps_redis_destroy(struct ps_redis *redis);
/* Returns whether commands can be sent now: connected, authenticated, and on_state(true) was called
 * or is being called. A server that is gone without a word counts as up until a command times
 * out. */
bool ps_redis_up(const struct ps_redis *redis);
/* Returns how often the connection came up again after the first time. */
uint64_t ps_redis_reconnects(const struct ps_redis *redis);
/* Returns why the last connection ended or could not be made; "" if none ended yet. The text stays
 * when a new connection comes up. Borrowed until the loop turns. */
const char *ps_redis_why(const struct ps_redis *redis);
/* Returns how many commands were sent and are not answered. */
int ps_redis_outstanding(const struct ps_redis *redis);
/* Bounds the memory of callers that send faster than Redis answers. */
enum { PS_REDIS_OUTSTANDING_MAX = 100000 };
/* The ps_redis_fn of callers that pass NULL: logs error replies (REDIS_ERROR), but not a lost
 * connection, which on_state reports once. */
void ps_redis_ignore(void *cookie, const struct redisReply *reply, const struct ps_err *err);
/* Sends one command; copies the arguments (count of them, at least 1, any bytes). Redis runs the
 * commands of one connection in the order of the calls. fn may be NULL (ps_redis_ignore). A command
 * while the connection is not up gets PS_REDIS_ERR_OFFLINE, one beyond PS_REDIS_OUTSTANDING_MAX
 * gets ENOBUFS; neither is sent. */
void ps_redis_send(struct ps_redis *redis, const struct ps_str *args, size_t count, ps_redis_fn fn,
                   void *cookie);
/* The same with its own timeout instead of command_timeout_ms, for blocking reads: the block time
 * plus a margin. */
void ps_redis_send_within(struct ps_redis *redis, int64_t timeout_ms, const struct ps_str *args,
                          size_t count, ps_redis_fn fn, void *cookie);
/* The same for NUL-terminated texts: PS_REDIS(redis, fn, cookie, "GET", key). */
#define PS_REDIS(redis, fn, cookie, ...)                                                           \
    ps_redis_send_texts(redis, (const char *const[]){ __VA_ARGS__ },                               \
                        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), fn,   \
                        cookie)
void ps_redis_send_texts(struct ps_redis *redis, const char *const *args, size_t count,
                         ps_redis_fn fn, void *cookie);
/* Ends the connection and makes a new one. ps_redis_up is false from now on; the connection closes
 * on the next turn of the loop, and outstanding commands get PS_REDIS_ERR_LOST then. Does nothing
 * if there is no connection. */
void ps_redis_reset(struct ps_redis *redis);

#endif
