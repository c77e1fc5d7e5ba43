/* What kind of Redis it is: asked when the connection comes up and each minute after that. */
#ifndef PS_IO_REDIS_WATCH_H
#define PS_IO_REDIS_WATCH_H
#include "shared/core/redis_info.h"
#include "shared/io/loop.h"
#include "shared/io/redis.h"

struct ps_redis_watch;

/* redis is borrowed. Changes are logged: what makes Redis unfit as an error, a missing AOF as a
 * warning. */
struct ps_redis_watch *ps_redis_watch_create(struct ps_loop *loop,
                                             struct ps_redis *redis) PS_MUST_USE;
void ps_redis_watch_destroy(struct ps_redis_watch *watch); /* after redis; NULL is fine */
void ps_redis_watch_look(struct ps_redis_watch *watch);    /* the connection came up */
/* As told on this connection; NULL until then. */
const struct ps_redis_info *ps_redis_watch_info(const struct ps_redis_watch *watch);
/* Why work must not be trusted to it; NULL when it may, or when it was not told yet. */
const char *ps_redis_watch_fault(const struct ps_redis_watch *watch);

#endif
