/* Where tasks come from: the stream, dead workers (promise 1), and this consumer's own past. */
#ifndef PS_WORKER_TASK_INTAKE_H
#define PS_WORKER_TASK_INTAKE_H
#include "shared/core/keys.h"
#include "shared/io/stream_reader.h"

struct ps_task_intake;

/* before: deliveries before this one. from: the consumer it was taken from, NULL for a fresh one.
 * All borrowed for the call; the entry is pending for this consumer now. */
typedef void (*ps_task_intake_fn)(void *cookie, const struct ps_stream_entry *entry, int64_t before,
                                  const char *from);

struct ps_task_intake_options {
    struct ps_loop *loop;
    struct ps_redis *redis;
    const struct ps_redis_options
        *server; /* for the reader's own connection; borrowed for the call */
    const struct ps_keys *keys;
    const char *instance;
    int64_t visibility_ms;
    ps_task_intake_fn fn;
    void *cookie;
};

enum {
    PS_TASK_INTAKE_SCAN_MS = 2000, /* claims, about; also how old a held entry gets before it is
                                 renewed */
    PS_TASK_INTAKE_RECOVER_IDLE_MS =
        10000, /* an own entry idle for so long is one we know nothing of */
    PS_TASK_INTAKE_REAP_IDLE_MS =
        15000, /* a consumer without heartbeat and work is removed after it */
};

/* Borrows what options names. Takes nothing before the first ps_task_intake_set_room. Fails on a
 * bad URL. */
struct ps_task_intake *ps_task_intake_create(const struct ps_task_intake_options *options,
                                             struct ps_err *err) PS_MUST_USE;
void ps_task_intake_destroy(struct ps_task_intake *intake); /* after redis is gone */

/* How many more entries the owner has room for now; 0 pauses. */
void ps_task_intake_set_room(struct ps_task_intake *intake, size_t room);
void ps_task_intake_on_redis(struct ps_task_intake *intake,
                             bool up); /* tell it when Redis comes or goes */
/* What was left to this consumer by an earlier life under its name comes first; tell the owner's
 * fn, then done. Called again by itself until Redis answered. */
void ps_task_intake_recover(struct ps_task_intake *intake, void (*done)(void *cookie));
/* Keeps entries from going idle. lost is told each id that is not ours any more. */
void ps_task_intake_renew(struct ps_task_intake *intake, const char *const *ids, size_t count,
                          void (*lost)(void *cookie, const char *id));
/* Takes nothing from now on; done (with options' cookie) once nothing more can come. */
void ps_task_intake_stop(struct ps_task_intake *intake, void (*done)(void *cookie));
/* Removes this consumer's name, if nothing is pending for it; done whatever came of it. */
void ps_task_intake_remove_consumer(struct ps_task_intake *intake, void (*done)(void *cookie));
const char *
ps_task_intake_fault(const struct ps_task_intake *intake); /* as ps_stream_reader_fault */
uint64_t ps_task_intake_group_recreates(const struct ps_task_intake *intake);

#endif
