#include "scheduler/core/poll_schedule.h"

enum { STALE_INTERVALS = 2 };

void ps_poll_schedule_init(struct ps_poll_schedule *clock, int64_t interval_ms, int64_t cooldown_ms,
                           int64_t now_ms)
{
    *clock = (struct ps_poll_schedule){ .interval_ms = interval_ms,
                                        .cooldown_ms = cooldown_ms,
                                        .counted_from_ms = now_ms };
}

void ps_poll_schedule_see(struct ps_poll_schedule *clock, const struct ps_config *config,
                          int64_t index_fetched_ms)
{
    clock->blind = config->enable_bulk_wg21 && index_fetched_ms == 0;
}

int64_t ps_poll_schedule_sleep(const struct ps_poll_schedule *clock, int64_t started_ms,
                               int64_t ended_ms)
{
    int64_t elapsed = ended_ms > started_ms ? ended_ms - started_ms : 0;
    int64_t sleep =
        elapsed > clock->interval_ms ? clock->cooldown_ms : clock->interval_ms - elapsed;

    return clock->blind && sleep > PS_POLL_SCHEDULE_BLIND_MS ? PS_POLL_SCHEDULE_BLIND_MS : sleep;
}

bool ps_poll_schedule_good(struct ps_poll_schedule *clock, int64_t now_ms)
{
    bool alerted = clock->alerted_ms != 0;

    clock->counted_from_ms = now_ms;
    clock->alerted_ms = 0;
    return alerted;
}

bool ps_poll_schedule_stale(struct ps_poll_schedule *clock, int64_t now_ms)
{
    if (now_ms - clock->counted_from_ms <= STALE_INTERVALS * clock->interval_ms)
        return false;
    if (clock->alerted_ms != 0 && now_ms - clock->alerted_ms < clock->interval_ms)
        return false;
    clock->alerted_ms = now_ms;
    return true;
}
