/* The scheduler as a program: wires election, load, poll, publish, ingest, relay, recovery and
 * retention together. Standbys keep a copy of the index and serve the status page. */
#ifndef PS_SCHEDULER_SCHEDULER_H
#define PS_SCHEDULER_SCHEDULER_H
#include "shared/io/program.h"

/* The members start, drain, destroy and stuck of struct ps_program, whose contracts are in
 * program.h. self points to a struct ps_scheduler_state (scheduler_state.h). */
bool ps_scheduler_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
/* Releases the lease, so that another scheduler leads at once, and reports the drain as done when
 * Redis has answered. */
void ps_scheduler_drain(void *self, int count);
void ps_scheduler_destroy(void *self);
/* Returns whether the leader has open probes and makes no progress (core/stall_detector.h). */
bool ps_scheduler_stuck(void *self);

#endif
