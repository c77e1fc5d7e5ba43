/* instance:<component>:<id>: a hash with a TTL that says this instance lives. */
#ifndef PS_IO_HEARTBEAT_H
#define PS_IO_HEARTBEAT_H
#include "shared/core/keys.h"
#include "shared/core/result.h"
#include "shared/io/redis.h"

struct ps_heartbeat;

enum { PS_HEARTBEAT_EVERY_MS = 2000, PS_HEARTBEAT_TTL_MS = 8000 };

/* Adds the fields that change (in-flight work, counters); version and started_at are there already.
 */
typedef void (*ps_heartbeat_fn)(void *cookie, struct ps_fields *fields);

/* Written at once when Redis is up, then every PS_HEARTBEAT_EVERY_MS, and again at once after a
 * reconnect. */
struct ps_heartbeat *ps_heartbeat_create(struct ps_loop *loop, struct ps_redis *redis,
                                         const struct ps_keys *keys, const char *component,
                                         const char *instance, ps_heartbeat_fn fn,
                                         void *cookie) PS_MUST_USE;
void ps_heartbeat_destroy(struct ps_heartbeat *heartbeat);
/* Redis took a beat less than PS_HEARTBEAT_TTL_MS ago, so that the key is there: only then may work
 * be taken. */
bool ps_heartbeat_written(const struct ps_heartbeat *heartbeat);
/* The same, and it was sent no earlier than since_ms (ps_clock_mono_ms). */
bool ps_heartbeat_written_since(const struct ps_heartbeat *heartbeat, int64_t since_ms);
void ps_heartbeat_beat(struct ps_heartbeat *heartbeat); /* now (call it when Redis came up) */
/* Deletes the key: on a clean stop, when nothing is held any more. done runs after the answer or
 * its failure. */
void ps_heartbeat_remove(struct ps_heartbeat *heartbeat, void (*done)(void *cookie), void *cookie);

#endif
