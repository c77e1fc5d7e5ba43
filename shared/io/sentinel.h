/* Asks Sentinels where the Redis master is.
 *
 * A connection (redis.h) owns it and asks before each try. A Sentinel is itself asked over such a
 * connection, so the caller passes the functions that make one: the two modules do not include each
 * other. */
#ifndef PS_IO_SENTINEL_H
#define PS_IO_SENTINEL_H
#include "shared/io/loop.h"
#include "shared/io/redis_options.h"
#include "shared/io/redis_reply.h"

struct ps_redis;
struct ps_sentinel;

/* Of redis.h: ps_redis_create, ps_redis_destroy and ps_redis_send_texts. */
struct ps_sentinel_connect {
    struct ps_redis *(*create)(struct ps_loop *loop, const struct ps_redis_options *options,
                               ps_redis_state_fn on_state, void *cookie, struct ps_err *err);
    void (*destroy)(struct ps_redis *redis);
    void (*send)(struct ps_redis *redis, const char *const *args, size_t count, ps_redis_fn fn,
                 void *cookie);
};

/* Exactly one of host and err is not NULL; both are borrowed. Runs on the loop, never before
 * ps_sentinel_ask returned. */
typedef void (*ps_sentinel_fn)(void *cookie, const char *host, uint16_t port,
                               const struct ps_err *err);

/* Copies options' Sentinel part and TLS files. connect: borrowed for life. tls: whether Sentinels
 * speak TLS. Fails as ps_redis_options_check does. */
struct ps_sentinel *ps_sentinel_create(struct ps_loop *loop,
                                       const struct ps_sentinel_connect *connect,
                                       const struct ps_redis_options *options, bool tls,
                                       ps_sentinel_fn fn, void *cookie,
                                       struct ps_err *err) PS_MUST_USE;
void ps_sentinel_destroy(struct ps_sentinel *sentinel); /* NULL is fine; fn will not run */
/* Asks once, and gives up an earlier question that is not answered yet. Asks the Sentinels in turn,
 * first the one that answered last, until one knows the master; each has a second. */
void ps_sentinel_ask(struct ps_sentinel *sentinel);
void ps_sentinel_cancel(struct ps_sentinel *sentinel); /* fn will not run; NULL is fine */
/* The address that the last Sentinel gave was wrong: the next question goes to another one first.
 * NULL is fine. */
void ps_sentinel_doubt(struct ps_sentinel *sentinel);
const char *ps_sentinel_master(const struct ps_sentinel *sentinel); /* its name */

#endif
