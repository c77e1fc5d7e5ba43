/*
 * The adaptive planner's clock: the wall clock.
 *
 * It has a file of its own so that a test can link another one. The model counts in hours, days and
 * years; only with a faster clock can a test play weeks of a committee's life on a real fleet
 * (tests/support/fast_clock.c). Leases, deadlines, rate limits and everything else of the fleet
 * stay on the real clock there.
 */
#ifndef PS_SCHEDULER_PLANNER_CLOCK_H
#define PS_SCHEDULER_PLANNER_CLOCK_H
#include <stdint.h>

/* Returns the planner's time at a moment of the wall clock. */
int64_t ps_planner_clock_at(int64_t wall_ms);
/* Returns how long a span of the planner's time lasts. */
int64_t ps_planner_clock_span(int64_t planner_ms);

#endif
