/* instance:<component>:<id>: a hash in Redis with a TTL that proves that this instance is alive.
 *
 * Every program writes it; the leader, the status page and other instances read it. A task or a
 * message of an instance is recovered by others once its key has expired. An instance therefore
 * must not take work without a written heartbeat (ps_heartbeat_written): others would recover that
 * work at once. */
#ifndef PS_IO_HEARTBEAT_H
#define PS_IO_HEARTBEAT_H
#include "shared/core/keys.h"
#include "shared/core/result.h"
#include "shared/io/redis.h"

struct ps_heartbeat;

enum {
    PS_HEARTBEAT_EVERY_MS = 2000,
    /* While no field changes: of the key's life, and of the entry in the list of instances. */
    PS_HEARTBEAT_IDLE_MS = 3000,
    PS_HEARTBEAT_JOIN_MS = 5000,
    PS_HEARTBEAT_TTL_MS = 8000
};

/* Adds the fields that change (work in flight, counters). The fields version and started_at are
 * present already. */
typedef void (*ps_heartbeat_fn)(void *cookie, struct ps_fields *fields);

/* Borrows redis and cookie; copies the rest. Writes on the first turn of the loop if Redis is up,
 * then every PS_HEARTBEAT_EVERY_MS, or every PS_HEARTBEAT_IDLE_MS while no field changes. fn may be
 * NULL. */
struct ps_heartbeat *ps_heartbeat_create(struct ps_loop *loop, struct ps_redis *redis,
                                         const struct ps_keys *keys, const char *component,
                                         const char *instance, ps_heartbeat_fn fn,
                                         void *cookie) PS_MUST_USE;
void ps_heartbeat_destroy(struct ps_heartbeat *heartbeat); /* NULL is fine; the key stays */

/* Returns whether Redis accepted a heartbeat that was sent less than PS_HEARTBEAT_TTL_MS ago, so
 * that the key exists. */
bool ps_heartbeat_written(const struct ps_heartbeat *heartbeat);
/* The same, and the heartbeat was sent at or after since_ms (ps_clock_mono_ms). */
bool ps_heartbeat_written_since(const struct ps_heartbeat *heartbeat, int64_t since_ms);

/* fn runs on the loop after each write that needs memory, as most writes do: err is NULL, or an
 * error of Redis (PS_REDIS_ERR_REPLY) that refuses this or the renewal. So nobody else has to write
 * only to learn that Redis takes writes. */
void ps_heartbeat_on_write(struct ps_heartbeat *heartbeat,
                           void (*fn)(void *cookie, const struct ps_err *err), void *cookie);
void ps_heartbeat_beat(struct ps_heartbeat *heartbeat); /* writes now; call it when Redis came up */
/* Stops writing and deletes the key: call it on a clean stop, when the instance holds no work. done
 * runs on the loop after Redis' reply or error. Call it once. */
void ps_heartbeat_remove(struct ps_heartbeat *heartbeat, void (*done)(void *cookie), void *cookie);

#endif
