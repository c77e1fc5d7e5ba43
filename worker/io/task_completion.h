/* Writes the end of a held task to Redis: its result, its confirmation request, its place in the
 * dead letter stream, or its return to the stream.
 *
 * Place in the data flow: held_tasks -> streams `results`, `tasks`, `tasks:dead`.
 *
 * Guarantee 1: each answer is sent again until Redis has accepted it, in any order and however
 * often the connection breaks. That is safe because the scripts (task_finish.lua, task_bury.lua,
 * task_return.lua) acknowledge the entry and write the answer atomically, and ignore an entry that
 * is no longer pending. Answers are sent in batches, because one script call for each task would
 * keep Redis busy at the rates that a fleet reaches. */
#ifndef PS_WORKER_TASK_COMPLETION_H
#define PS_WORKER_TASK_COMPLETION_H
#include "shared/core/keys.h"
#include "shared/core/result.h"
#include "shared/io/redis.h"

struct ps_task_completion;

enum {
    /* Results in one round trip; one such script blocks Redis for half a millisecond. */
    PS_TASK_COMPLETION_BATCH = 64,
    PS_TASK_COMPLETION_WAIT_MS = 5,     /* a result waits this long for others to join it */
    PS_TASK_COMPLETION_DEAD_MAX = 10000 /* entries kept in tasks:dead, approximately */
};

/* Redis has accepted the answer for item. Runs on the loop, exactly once for each item, never
 * before the call that added the item returned. */
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
/* Drops what Redis has not accepted. Call it after options.redis was destroyed. */
void ps_task_completion_destroy(struct ps_task_completion *completion);

/* In all four: id is copied, fields are taken (left empty), item is passed to fn. */

/* Writes the result in fields and removes the entry. */
void ps_task_completion_finish(struct ps_task_completion *completion, const char *id,
                               struct ps_fields *fields, void *item);
/* Moves the entry to tasks:dead; reason is copied. Empty fields: no result is written. */
void ps_task_completion_bury(struct ps_task_completion *completion, const char *id,
                             const char *reason, int64_t deliveries, struct ps_fields *fields,
                             void *item);
/* Replaces the entry by a new one with these fields, for another worker. */
void ps_task_completion_pass_on(struct ps_task_completion *completion, const char *id,
                                struct ps_fields *fields, void *item);
/* Puts the entry back into the stream as it was. */
void ps_task_completion_return(struct ps_task_completion *completion, const char *id, void *item);

/* The Redis connection came up or was lost; sends again what Redis has not accepted. */
void ps_task_completion_on_redis(struct ps_task_completion *completion, bool up);
/* Returns how many script calls were made since the start: a batch is one. */
uint64_t ps_task_completion_round_trips(const struct ps_task_completion *completion);

#endif
