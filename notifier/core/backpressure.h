/* Warns once when the list `notify` grows past MQ_BACKPRESSURE_THRESHOLD, and again only after it
 * has drained below 70 % of that (guarantee 5). Without the second mark a list around the threshold
 * would warn at every message. Pure. */
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

/* threshold: messages, >= 1. */
void ps_backpressure_init(struct ps_backpressure *pressure, int64_t threshold);
/* Takes the current length of the list; returns what to log. */
enum ps_backpressure_change ps_backpressure_step(struct ps_backpressure *pressure, int64_t depth);

#endif
