/* When the next message may go to one channel: the spacing between messages, and the wait that
 * Slack's Retry-After asks for.
 *
 * Place in the data flow: channel_queues has one for each channel; the lock in Redis
 * (io/channel_lock.h) keeps the same spacing across notifiers, and this one counts alone while
 * Redis does not answer. Times are monotonic milliseconds. Pure. */
#ifndef PS_NOTIFIER_CHANNEL_PACING_H
#define PS_NOTIFIER_CHANNEL_PACING_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

struct ps_channel_pacing {
    int64_t interval_ms; /* from one request to the next; 0: none */
    int64_t next_ms;     /* by the spacing */
    int64_t held_ms;     /* by Retry-After; 0: never held */
};

void ps_channel_pacing_init(struct ps_channel_pacing *pace, int64_t interval_ms); /* may send now */
/* A request leaves now: the next one waits interval_ms. */
void ps_channel_pacing_start(struct ps_channel_pacing *pace, int64_t now_ms);
/* Slack asked the channel to wait hold_ms. A shorter hold never shortens a longer one. */
void ps_channel_pacing_hold(struct ps_channel_pacing *pace, int64_t now_ms, int64_t hold_ms);
/* Another notifier's request left: the next one of this notifier waits wait_ms. */
void ps_channel_pacing_wait(struct ps_channel_pacing *pace, int64_t now_ms, int64_t wait_ms);
/* Returns when the next request may leave; a time that is not after now means at once. */
int64_t ps_channel_pacing_next_ms(const struct ps_channel_pacing *pace);
/* Returns whether a hold of Slack is in force at now_ms. */
bool ps_channel_pacing_held(const struct ps_channel_pacing *pace, int64_t now_ms);

#endif
