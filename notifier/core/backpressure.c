#include "notifier/core/backpressure.h"

void ps_backpressure_init(struct ps_backpressure *pressure, int64_t threshold)
{
    *pressure = (struct ps_backpressure){ .threshold = threshold };
}

enum ps_backpressure_change ps_backpressure_step(struct ps_backpressure *pressure, int64_t depth)
{
    if (!pressure->high && depth > pressure->threshold) {
        pressure->high = true;
        return PS_BACKPRESSURE_WARN;
    }
    if (pressure->high && depth * 10 < pressure->threshold * 7) {
        pressure->high = false;
        return PS_BACKPRESSURE_OVER;
    }
    return PS_BACKPRESSURE_SAME;
}
