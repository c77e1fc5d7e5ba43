/* Delivers probe tasks to this worker, from three sources: the stream, other workers that died, and
 * this worker's own earlier life.
 *
 * Place in the data flow: Redis stream `tasks`, consumer group `workers` -> held_tasks.
 *
 * Guarantee 1: a task is never lost with its worker. A scan every two seconds takes over the
 * entries of consumers whose heartbeat is gone (task_claim.lua) and the own entries that this
 * process does not know about (task_recover.lua). The caller must renew every entry that it holds
 * at least every PS_TASK_INTAKE_SCAN_MS, otherwise the scan takes the entry for an unknown one. */
#ifndef PS_WORKER_TASK_INTAKE_H
#define PS_WORKER_TASK_INTAKE_H
#include "shared/core/keys.h"
#include "shared/io/stream_reader.h"

struct ps_task_intake;

/* Runs on the loop once for each entry, which is pending for this consumer now. earlier_deliveries
 * counts those before this one. claimed_from is the consumer that the entry was taken from, NULL
 * for one that was read from the stream. All arguments are borrowed for the call. */
typedef void (*ps_task_intake_fn)(void *cookie, const struct ps_stream_entry *entry,
                                  int64_t earlier_deliveries, const char *claimed_from);

struct ps_task_intake_options {
    struct ps_loop *loop;
    struct ps_redis *redis;
    const struct ps_redis_options
        *server; /* for the reader's own connection; borrowed for create */
    const struct ps_keys *keys;
    const char *instance;  /* also the consumer's name */
    int64_t visibility_ms; /* an entry that is idle for longer may be claimed */
    ps_task_intake_fn fn;
    void *cookie;
};

enum {
    /* About the time between two scans; also the age at which a held entry must be renewed. */
    PS_TASK_INTAKE_SCAN_MS = 2000,
    /* An own entry that is idle for this long is unknown to this process: its delivery was lost. */
    PS_TASK_INTAKE_RECOVER_IDLE_MS = 10000,
    /* A consumer without heartbeat and entries is removed when it is idle for this long. */
    PS_TASK_INTAKE_REAP_IDLE_MS = 15000,
};

/* Borrows what options names. Reads nothing before ps_task_intake_set_room. Fails on a bad URL. */
struct ps_task_intake *ps_task_intake_create(const struct ps_task_intake_options *options,
                                             struct ps_err *err) PS_MUST_USE;
/* Call it after options.redis was destroyed, so that no reply is outstanding. */
void ps_task_intake_destroy(struct ps_task_intake *intake);

/* Sets how many more entries the caller has room for now; 0 pauses reading and claiming. */
void ps_task_intake_set_room(struct ps_task_intake *intake, size_t room);
/* Sets whether the stream is known to hold no entry, delivered ones included. If so, the intake
 * does not search for entries to claim or to recover, but continues to read. false at first. */
void ps_task_intake_set_empty(struct ps_task_intake *intake, bool empty);
/* The caller may take nothing now: ends a read that waits, which could still bring entries. */
void ps_task_intake_cut(struct ps_task_intake *intake);
/* Whether the stream, when looked at now, held entries that no worker has; see
 * ps_stream_reader_undelivered. */
void ps_task_intake_undelivered(struct ps_task_intake *intake, bool undelivered);
/* The Redis connection came up or was lost. */
void ps_task_intake_on_redis(struct ps_task_intake *intake, bool up);
/* Delivers the entries that an earlier process under this name left behind, then calls done.
 * Retries until Redis answers. */
void ps_task_intake_recover(struct ps_task_intake *intake, void (*done)(void *cookie),
                            void *cookie);
/* Resets the idle time of ids, which are copied. on_lost gets each id that is no longer pending for
 * this consumer. Does nothing while the previous renewal is unanswered or Redis is down. */
void ps_task_intake_renew(struct ps_task_intake *intake, const char *const *ids, size_t count,
                          void (*on_lost)(void *cookie, const char *id), void *cookie);
/* Takes nothing from now on. done runs on the loop once no entry can arrive any more. */
void ps_task_intake_stop(struct ps_task_intake *intake, void (*done)(void *cookie), void *cookie);
/* Removes this consumer from the group unless entries are pending for it. done runs on the loop,
 * also after a failure: a live worker removes the name later. */
void ps_task_intake_remove_consumer(struct ps_task_intake *intake, void (*done)(void *cookie),
                                    void *cookie);
/* As ps_stream_reader_fault and ps_stream_reader_group_recreates. */
const char *ps_task_intake_fault(const struct ps_task_intake *intake);
uint64_t ps_task_intake_group_recreates(const struct ps_task_intake *intake);

#endif
