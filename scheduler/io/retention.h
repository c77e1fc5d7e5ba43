/* Deletes what is older than RETENTION_DAYS: outbox rows, dead letters, cycles with their controls.
 * The leader does it, in slices of a few hundred rows, each a transaction of its own, so that no
 * other work waits for it. A leader that is lost in between leaves the rest to the next one. */
#ifndef PS_SCHEDULER_RETENTION_H
#define PS_SCHEDULER_RETENTION_H
#include "scheduler/io/leadership.h"

struct ps_retention;

/* Borrows leadership. */
struct ps_retention *ps_retention_create(struct ps_leadership *leadership) PS_MUST_USE;
/* Call it after pg is destroyed. NULL is fine. */
void ps_retention_destroy(struct ps_retention *retention);
/* Begins half a minute from now, then every ten minutes while this scheduler leads. */
void ps_retention_start(struct ps_retention *retention);
void ps_retention_stop(struct ps_retention *retention); /* the leadership has ended */

#endif
