/* The scheduler as a program: wires election, load, poll, publish, ingest, relay, recovery and
 * retention together. Standbys keep a copy of the index and serve the status page. */
#ifndef PS_SCHEDULER_SCHEDULER_H
#define PS_SCHEDULER_SCHEDULER_H
#include "shared/io/program.h"

/* For struct ps_program. self points to a struct ps_scheduler_state (scheduler_state.h). */
bool ps_scheduler_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
void ps_scheduler_drain(void *self, int count);
void ps_scheduler_destroy(void *self);
bool ps_scheduler_stuck(void *self);

#endif
