/* Notices that Redis lost what it held, and brings it back from PostgreSQL (promise 4). */
#ifndef PS_SCHEDULER_REBUILD_H
#define PS_SCHEDULER_REBUILD_H
#include "scheduler/io/office.h"
#include "scheduler/io/publish.h"
#include "scheduler/io/relay.h"

struct ps_rebuild;

struct ps_rebuild *ps_rebuild_create(struct ps_office *office, struct ps_publish *publish,
                                     struct ps_relay *relay) PS_MUST_USE;
void ps_rebuild_destroy(struct ps_rebuild *rebuild); /* after redis and pg are gone */
/* The generation key as it was just now, "" for none. The mirrors of office are loaded. A key that
 * is gone or older than PostgreSQL's, and a Redis that is another process than the one filled last
 * (it may have started from an older snapshot), make a new generation: what was queued and not sent
 * is queued again, the running cycle's open probes are published again. */
void ps_rebuild_seen(struct ps_rebuild *rebuild, const char *generation);

#endif
