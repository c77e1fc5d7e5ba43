#include "scheduler/core/publish_schedule.h"

int64_t ps_publish_schedule_wait_ms(const struct ps_publish_schedule *spread, size_t position,
                                    int64_t now_ms)
{
    double share;
    int64_t wait_ms;

    if (position < spread->hot || position >= spread->len || spread->span_ms <= 0)
        return 0;
    share = (double)(position - spread->hot) / (double)(spread->len - spread->hot);
    wait_ms = spread->started_ms + (int64_t)(share * (double)spread->span_ms) - now_ms;
    /* A wall clock that was set back must not hold them longer than the span. */
    return wait_ms < 0 ? 0 : wait_ms > spread->span_ms ? spread->span_ms : wait_ms;
}

size_t ps_publish_schedule_until(const struct ps_publish_schedule *spread, int64_t now_ms)
{
    size_t low = spread->hot < spread->len ? spread->hot : spread->len, high = spread->len;

    while (low < high) { /* due times ascend with the position */
        size_t middle = low + (high - low) / 2;

        if (ps_publish_schedule_wait_ms(spread, middle, now_ms) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
