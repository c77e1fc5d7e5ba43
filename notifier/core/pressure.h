/* One warning when the queue grows past a mark, until it has drained below 70 % of it (promise 5).
 */
#ifndef PS_NOTIFIER_PRESSURE_H
#define PS_NOTIFIER_PRESSURE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_pressure_change { PS_PRESSURE_SAME, PS_PRESSURE_WARN, PS_PRESSURE_OVER };

struct ps_pressure {
    int64_t threshold; /* >= 1 */
    bool high;         /* warned, not drained yet */
};

void ps_pressure_init(struct ps_pressure *pressure, int64_t threshold);
enum ps_pressure_change ps_pressure_step(struct ps_pressure *pressure, int64_t depth);

#endif
