#include "notifier/core/channel_pacing.h"

void ps_channel_pacing_init(struct ps_channel_pacing *pace, int64_t interval_ms)
{
    *pace = (struct ps_channel_pacing){ .interval_ms = interval_ms };
}

void ps_channel_pacing_start(struct ps_channel_pacing *pace, int64_t now_ms)
{
    pace->next_ms = now_ms + pace->interval_ms;
}

void ps_channel_pacing_hold(struct ps_channel_pacing *pace, int64_t now_ms, int64_t hold_ms)
{
    if (now_ms + hold_ms > pace->held_ms)
        pace->held_ms = now_ms + hold_ms;
}

void ps_channel_pacing_wait(struct ps_channel_pacing *pace, int64_t now_ms, int64_t wait_ms)
{
    if (now_ms + wait_ms > pace->next_ms)
        pace->next_ms = now_ms + wait_ms;
}

int64_t ps_channel_pacing_next_ms(const struct ps_channel_pacing *pace)
{
    return pace->held_ms > pace->next_ms ? pace->held_ms : pace->next_ms;
}

bool ps_channel_pacing_held(const struct ps_channel_pacing *pace, int64_t now_ms)
{
    return pace->held_ms > now_ms;
}
