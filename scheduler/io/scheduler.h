/* The scheduler as a program: elects, polls, publishes, ingests, tells (design, "One way round").
 */
#ifndef PS_SCHEDULER_SCHEDULER_H
#define PS_SCHEDULER_SCHEDULER_H
#include "shared/io/program.h"

/* For struct ps_program. self points to a struct ps_scheduler_state (scheduler_state.h). */
bool ps_scheduler_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
void ps_scheduler_drain(void *self, int count);
void ps_scheduler_destroy(void *self);
bool ps_scheduler_stuck(void *self);

#endif
