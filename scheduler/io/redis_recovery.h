/* Notices that Redis lost what it held, and brings it back from PostgreSQL (promise 4). */
#ifndef PS_SCHEDULER_REDIS_RECOVERY_H
#define PS_SCHEDULER_REDIS_RECOVERY_H
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_relay.h"
#include "scheduler/io/publish.h"

struct ps_redis_recovery;

struct ps_redis_recovery *ps_redis_recovery_create(struct ps_leadership *leadership,
                                                   struct ps_publish *publish,
                                                   struct ps_outbox_relay *relay) PS_MUST_USE;
void ps_redis_recovery_destroy(struct ps_redis_recovery *rebuild); /* after redis and pg are gone */
/* The generation key as it was just now, "" for none. The mirrors of office are loaded. A key that
 * is gone or older than PostgreSQL's, and a Redis that is another process than the one filled last
 * (it may have started from an older snapshot), make a new generation: what was queued and not sent
 * is queued again, the running cycle's open probes are published again. */
void ps_redis_recovery_seen(struct ps_redis_recovery *rebuild, const char *generation);

#endif
