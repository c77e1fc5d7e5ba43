/* /api/history: the cycles of a week or a month for the operators' plots, added up by PostgreSQL in
 * buckets of one length. One answer a minute for each range, shared by all clients. */
#ifndef PS_SCHEDULER_CYCLE_HISTORY_H
#define PS_SCHEDULER_CYCLE_HISTORY_H
#include "shared/io/daemon.h"

struct ps_cycle_history;

/* Borrows daemon, and adds the route to its server. */
struct ps_cycle_history *ps_cycle_history_create(const struct ps_daemon *daemon) PS_MUST_USE;
void ps_cycle_history_destroy(
    struct ps_cycle_history *history); /* after pg is gone; NULL is fine */

#endif
