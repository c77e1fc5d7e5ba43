#include "notifier/core/pace.h"

void ps_pace_init(struct ps_pace *pace, int64_t interval_ms)
{
    *pace = (struct ps_pace){ .interval_ms = interval_ms };
}

void ps_pace_start(struct ps_pace *pace, int64_t now_ms)
{
    pace->next_ms = now_ms + pace->interval_ms;
}

void ps_pace_hold(struct ps_pace *pace, int64_t now_ms, int64_t hold_ms)
{
    if (now_ms + hold_ms > pace->held_ms)
        pace->held_ms = now_ms + hold_ms;
}

void ps_pace_wait(struct ps_pace *pace, int64_t now_ms, int64_t wait_ms)
{
    if (now_ms + wait_ms > pace->next_ms)
        pace->next_ms = now_ms + wait_ms;
}

int64_t ps_pace_next_ms(const struct ps_pace *pace)
{
    return pace->held_ms > pace->next_ms ? pace->held_ms : pace->next_ms;
}

bool ps_pace_held(const struct ps_pace *pace, int64_t now_ms)
{
    return pace->held_ms > now_ms;
}
