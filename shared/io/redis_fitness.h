/* Checks which Redis answers and whether it is safe to use (core/redis_info.h): when the connection
 * comes up, and each minute. A program whose Redis is unfit is not ready and leads nothing: a
 * server that evicts keys deletes leases and tasks silently. */
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
void ps_redis_fitness_look(
    struct ps_redis_fitness *watch); /* call it when the connection came up */
/* The INFO of this connection; NULL until it is read. Borrowed until the loop turns. */
const struct ps_redis_info *ps_redis_fitness_info(const struct ps_redis_fitness *watch);
/* Why this server must not get work; NULL if it may, or if INFO was not read yet. Borrowed. */
const char *ps_redis_fitness_fault(const struct ps_redis_fitness *watch);

#endif
