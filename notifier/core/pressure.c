#include "notifier/core/pressure.h"

void ps_pressure_init(struct ps_pressure *pressure, int64_t threshold)
{
    *pressure = (struct ps_pressure){ .threshold = threshold };
}

enum ps_pressure_change ps_pressure_step(struct ps_pressure *pressure, int64_t depth)
{
    if (!pressure->high && depth > pressure->threshold) {
        pressure->high = true;
        return PS_PRESSURE_WARN;
    }
    if (pressure->high && depth * 10 < pressure->threshold * 7) {
        pressure->high = false;
        return PS_PRESSURE_OVER;
    }
    return PS_PRESSURE_SAME;
}
