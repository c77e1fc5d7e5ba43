/* Detects that Redis lost data, and fills it again from PostgreSQL (guarantee 4).
 *
 * Two signs: the key `generation` is missing or older than PostgreSQL's, or Redis is another
 * process than the one that was filled last, which may have started from an older snapshot. Both
 * begin a new generation: messages that were queued and not sent are queued again, and the open
 * probes of the running cycle are published again. */
#ifndef PS_SCHEDULER_REDIS_RECOVERY_H
#define PS_SCHEDULER_REDIS_RECOVERY_H
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_relay.h"
#include "scheduler/io/publish.h"

struct ps_redis_recovery;

/* Borrows all three: publish and relay do the refilling. */
struct ps_redis_recovery *ps_redis_recovery_create(struct ps_leadership *leadership,
                                                   struct ps_publish *publish,
                                                   struct ps_outbox_relay *relay) PS_MUST_USE;
void ps_redis_recovery_destroy(struct ps_redis_recovery *rebuild); /* call it after redis and pg
                                                                    * are destroyed */
/* The mirrors are loaded, and the key `generation` is as it was just now; "" if it does not exist.
 * Starts a recovery if needed. */
void ps_redis_recovery_seen(struct ps_redis_recovery *rebuild, const char *generation);

#endif
