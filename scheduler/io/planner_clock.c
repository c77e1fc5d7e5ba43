#include "scheduler/io/planner_clock.h"

int64_t ps_planner_clock_at(int64_t wall_ms)
{
    return wall_ms;
}

int64_t ps_planner_clock_span(int64_t planner_ms)
{
    return planner_ms;
}
