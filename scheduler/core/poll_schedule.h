/* When to poll next, and when a missing poll is an incident: a state machine with time as an
 * argument. Pure; io/poll.h sleeps by it. */
#ifndef PS_SCHEDULER_POLL_SCHEDULE_H
#define PS_SCHEDULER_POLL_SCHEDULE_H
#include "shared/core/config.h"

#include <stdbool.h>
#include <stdint.h>

enum { PS_POLL_SCHEDULE_BLIND_MS = 60 * 1000 };

struct ps_poll_schedule {
    int64_t interval_ms, cooldown_ms;
    int64_t counted_from_ms; /* last successful poll, or the start if there was none */
    int64_t alerted_ms;      /* last stale-poll alert; 0 for none since the last good poll */
    bool blind; /* an index must be read and never was: without it nothing can be found */
};

void ps_poll_schedule_init(struct ps_poll_schedule *clock, int64_t interval_ms, int64_t cooldown_ms,
                           int64_t now_ms);
/* index_fetched_ms: 0 if none was ever read. */
void ps_poll_schedule_see(struct ps_poll_schedule *clock, const struct ps_config *config,
                          int64_t index_fetched_ms);
/* Returns how long to sleep after a poll: the rest of the interval, or the cooldown if it overran.
 * A poll without any index tries again after at most a minute. */
int64_t ps_poll_schedule_sleep(const struct ps_poll_schedule *clock, int64_t started_ms,
                               int64_t ended_ms);
/* A poll succeeded. Returns true if an alert was sent before, so that a recovery must follow. */
bool ps_poll_schedule_good(struct ps_poll_schedule *clock, int64_t now_ms);
/* Returns true if an alert is due now: more than two intervals without a good poll, and at most
 * one alert an interval. Counts it as sent. */
bool ps_poll_schedule_stale(struct ps_poll_schedule *clock, int64_t now_ms);

#endif
