/* What becomes of a held entry: its result, a place among the dead, or back to the stream. */
#ifndef PS_WORKER_TASK_COMPLETION_H
#define PS_WORKER_TASK_COMPLETION_H
#include "shared/core/keys.h"
#include "shared/core/result.h"
#include "shared/io/redis.h"

struct ps_task_completion;

enum {
    PS_TASK_COMPLETION_BATCH =
        64, /* results in one round trip: Redis is away for half a millisecond */
    PS_TASK_COMPLETION_WAIT_MS = 5,     /* so long one waits for others */
    PS_TASK_COMPLETION_DEAD_MAX = 10000 /* entries in tasks:dead, about */
};

/* item was given with the entry: Redis has taken what was said of it. Runs on the loop. */
typedef void (*ps_task_completion_fn)(void *cookie, void *item);

struct ps_task_completion_options {
    struct ps_loop *loop;
    struct ps_redis *redis;
    const struct ps_keys *keys;
    const char *instance;
    ps_task_completion_fn fn;
    void *cookie;
};

/* Borrows what options names. */
struct ps_task_completion *
ps_task_completion_create(const struct ps_task_completion_options *options) PS_MUST_USE;
void ps_task_completion_destroy(struct ps_task_completion *finish); /* after redis is gone */

/* Each is said again until Redis has taken it, in any order and however often the connection goes:
   the scripts count the first time only. id is copied, fields are taken (emptied). */
void ps_task_completion_finish(struct ps_task_completion *finish, const char *id,
                               struct ps_fields *fields, void *item);
/* fields may be empty: no result then. */
void ps_task_completion_bury(struct ps_task_completion *finish, const char *id, const char *reason,
                             int64_t deliveries, struct ps_fields *fields, void *item);
/* fields: of the entry that takes its place in the stream. */
void ps_task_completion_pass_on(struct ps_task_completion *finish, const char *id,
                                struct ps_fields *fields, void *item);
void ps_task_completion_return(struct ps_task_completion *finish, const char *id, void *item);
void ps_task_completion_on_redis(struct ps_task_completion *finish,
                                 bool up); /* tell it when Redis comes or goes */
uint64_t
ps_task_completion_round_trips(const struct ps_task_completion *finish); /* commands sent */

#endif
