/* What kind of Redis it is: asked when the connection comes up and each minute after that. */
#ifndef PS_IO_REDIS_FITNESS_H
#define PS_IO_REDIS_FITNESS_H
#include "shared/core/redis_info.h"
#include "shared/io/loop.h"
#include "shared/io/redis.h"

struct ps_redis_fitness;

/* redis is borrowed. Changes are logged: what makes Redis unfit as an error, a missing AOF as a
 * warning. */
struct ps_redis_fitness *ps_redis_fitness_create(struct ps_loop *loop,
                                                 struct ps_redis *redis) PS_MUST_USE;
void ps_redis_fitness_destroy(struct ps_redis_fitness *watch); /* after redis; NULL is fine */
void ps_redis_fitness_look(struct ps_redis_fitness *watch);    /* the connection came up */
/* As told on this connection; NULL until then. */
const struct ps_redis_info *ps_redis_fitness_info(const struct ps_redis_fitness *watch);
/* Why work must not be trusted to it; NULL when it may, or when it was not told yet. */
const char *ps_redis_fitness_fault(const struct ps_redis_fitness *watch);

#endif
