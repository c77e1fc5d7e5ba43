/* One warning when the queue grows past a mark, until it has drained below 70 % of it (promise 5).
 */
#ifndef PS_NOTIFIER_BACKPRESSURE_H
#define PS_NOTIFIER_BACKPRESSURE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_backpressure_change { PS_BACKPRESSURE_SAME, PS_BACKPRESSURE_WARN, PS_BACKPRESSURE_OVER };

struct ps_backpressure {
    int64_t threshold; /* >= 1 */
    bool high;         /* warned, not drained yet */
};

void ps_backpressure_init(struct ps_backpressure *pressure, int64_t threshold);
enum ps_backpressure_change ps_backpressure_step(struct ps_backpressure *pressure, int64_t depth);

#endif
