/*
 * Takes the place of scheduler/io/planner_clock.c in paperscout-scheduler-fast: a planner's clock
 * that runs a thousand times faster, for tests of weeks on a real fleet.
 *
 * PAPERSCOUT_TEST_CLOCK="<wall ms> <planner ms> <factor>": at the wall clock's moment it shows the
 * planner's, and goes factor times as fast. The programs that ship hold none of this.
 */
#include "scheduler/io/planner_clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    bool read;
    int64_t wall_ms, planner_ms, factor;
} fast;

static void read_setting(void)
{
    const char *text = getenv("PAPERSCOUT_TEST_CLOCK");

    if (fast.read)
        return;
    fast.read = true;
    if (text == NULL ||
        sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &fast.wall_ms, &fast.planner_ms,
               &fast.factor) != 3 ||
        fast.factor < 1) {
        (void)fprintf(stderr, "PAPERSCOUT_TEST_CLOCK: \"<wall ms> <planner ms> <factor>\"\n");
        exit(78);
    }
}

int64_t ps_planner_clock_at(int64_t wall_ms)
{
    read_setting();
    return fast.planner_ms + (wall_ms - fast.wall_ms) * fast.factor;
}

int64_t ps_planner_clock_span(int64_t planner_ms)
{
    read_setting();
    return planner_ms / fast.factor;
}
