#include "worker/core/permit_batch.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ps_permits_wanted(const struct ps_permit_need *need)
{
    size_t usable = need->free_slots;

    /* slots that will come free within half a permit's life */
    if (need->latency_us > 0)
        usable += need->on_wire * (PS_PERMIT_LIFE_MS * 500) / (size_t)need->latency_us;
    usable = least(least(usable, need->waiting), PS_PERMIT_BATCH);
    /* not for every single permit a round trip: ask when half of what can be used is used up */
    return need->stock > usable / 2 || usable <= need->stock ? 0 : usable - need->stock;
}

size_t ps_backlog_room(size_t concurrency, int64_t latency_us)
{
    /* what gets done in 50 ms; before the first answer, half of what fits on the wire */
    size_t room = latency_us > 0 ? concurrency * 50000 / (size_t)latency_us : concurrency / 2;

    if (room < 4)
        return 4;
    return least(room, PS_BACKLOG_MAX);
}

int64_t ps_latency_average(int64_t average_us, int64_t sample_us)
{
    int64_t next = average_us == 0 ? sample_us : average_us + (sample_us - average_us) / 16;

    return next < 1 ? 1 : next;
}

size_t ps_local_rate_admit(struct ps_local_rate *pace, double rate, int64_t burst, size_t wanted,
                           int64_t now_us, int64_t *out_wait_ms)
{
    double now = (double)now_us;
    double step;
    double slack;
    size_t granted = 0;

    *out_wait_ms = 0;
    if (rate <= 0)
        return wanted;
    step = 1000000.0 / rate;
    slack = step * (double)burst;
    if (pace->full_us < now)
        pace->full_us = now;
    while (granted < wanted && pace->full_us + step - now <= slack) {
        pace->full_us += step;
        granted++;
    }
    if (granted < wanted)
        *out_wait_ms = 1 + (int64_t)((pace->full_us + step - now - slack) / 1000.0);
    return granted;
}
