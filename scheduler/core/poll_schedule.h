/* When to poll next, and when silence is an incident. A step machine: time is an argument. */
#ifndef PS_SCHEDULER_POLL_SCHEDULE_H
#define PS_SCHEDULER_POLL_SCHEDULE_H
#include "shared/core/config.h"

#include <stdbool.h>
#include <stdint.h>

enum { PS_POLL_SCHEDULE_BLIND_MS = 60 * 1000 };

struct ps_poll_schedule {
    int64_t interval_ms, cooldown_ms;
    int64_t counted_from_ms; /* last successful poll, or start-up when there never was one */
    int64_t alerted_ms;      /* last stale-poll alert; 0 for none since the last good poll */
    bool blind; /* an index is to be read and never was: without it nothing can be found */
};

void ps_poll_schedule_init(struct ps_poll_schedule *clock, int64_t interval_ms, int64_t cooldown_ms,
                           int64_t now_ms);
/* index_fetched_ms: 0 when none was ever read. */
void ps_poll_schedule_see(struct ps_poll_schedule *clock, const struct ps_config *config,
                          int64_t index_fetched_ms);
/* Sleep after a poll: max(interval - elapsed, cooldown if it overran); a blind one tries again in a
 * minute at most. */
int64_t ps_poll_schedule_sleep(const struct ps_poll_schedule *clock, int64_t started_ms,
                               int64_t ended_ms);
/* Tells a good poll; true when an alert was out: send the recovery note. */
bool ps_poll_schedule_good(struct ps_poll_schedule *clock, int64_t now_ms);
/* True when an alert is due now (more than 2 intervals without a good poll, at most one an
 * interval); counts it as sent. */
bool ps_poll_schedule_stale(struct ps_poll_schedule *clock, int64_t now_ms);

#endif
