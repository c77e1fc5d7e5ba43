/* Asks Sentinels where the Redis master is. */
#ifndef PS_IO_SENTINEL_H
#define PS_IO_SENTINEL_H
#include "shared/io/redis.h"

struct ps_sentinel;

/* Exactly one of host and err is not NULL; both are borrowed. Runs on the loop, never before
 * ps_sentinel_ask returned. */
typedef void (*ps_sentinel_fn)(void *cookie, const char *host, uint16_t port,
                               const struct ps_err *err);

/* Reads options' sentinel part and TLS files, and copies them. tls: whether they speak TLS. Fails
 * as ps_redis_options_check does. */
struct ps_sentinel *ps_sentinel_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                       bool tls, ps_sentinel_fn fn, void *cookie,
                                       struct ps_err *err) PS_MUST_USE;
void ps_sentinel_destroy(struct ps_sentinel *sentinel); /* NULL is fine; fn will not run */
/* One question; a question that is out is given up. They are asked in turn, first the one that
 * answered last, until one knows; each has a second. */
void ps_sentinel_ask(struct ps_sentinel *sentinel);
void ps_sentinel_cancel(struct ps_sentinel *sentinel); /* fn will not run; NULL is fine */
/* The next question goes to another one first: what this one said did not hold.
 * NULL is fine. */
void ps_sentinel_doubt(struct ps_sentinel *sentinel);
const char *ps_sentinel_master(const struct ps_sentinel *sentinel); /* its name */

#endif
