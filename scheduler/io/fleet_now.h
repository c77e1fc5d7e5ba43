/* The part of the fleet's JSON that changes every second: verdict, incidents, leader, cycle,
 * queues. */
#ifndef PS_SCHEDULER_FLEET_NOW_H
#define PS_SCHEDULER_FLEET_NOW_H
#include "scheduler/io/fleet_stored.h"

struct ps_scheduler_state;

/* What was read; all borrowed. */
struct ps_fleet_view {
    const struct ps_scheduler_state *state;
    const cJSON *redis; /* as ps_fleet_redis_read gave it; NULL: never read */
    const struct ps_fleet_stored *stored;
    int64_t redis_ms, stored_ms; /* wall clock: when read; 0 for never */
};

/* Gives the object as scheduler/page/README.md describes it. */
cJSON *ps_fleet_now(const struct ps_fleet_view *view) PS_MUST_USE;

#endif
