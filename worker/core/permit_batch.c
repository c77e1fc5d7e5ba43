#include "worker/core/permit_batch.h"

#include "shared/core/bounds.h"

size_t ps_permits_wanted(const struct ps_permit_need *need)
{
    size_t usable = need->free_slots;

    /* Add the slots that will become free within half of a permit's life. */
    if (need->latency_us > 0)
        usable += need->in_flight * (PS_PERMIT_LIFE_MS * 500) / (size_t)need->latency_us;
    usable = ps_min_size(ps_min_size(usable, need->waiting), PS_PERMIT_BATCH);
    /* Ask only when half of the usable permits are gone, not for each permit. */
    return need->available > usable / 2 || usable <= need->available ? 0 : usable - need->available;
}

size_t ps_backlog_room(size_t concurrency, int64_t latency_us)
{
    enum { AHEAD_US = 50000, ROOM_MIN = 4 };
    /* As much as gets done in AHEAD_US. Before the first answer, half of the slots. */
    size_t room = latency_us > 0 ? concurrency * AHEAD_US / (size_t)latency_us : concurrency / 2;

    return room < ROOM_MIN ? ROOM_MIN : ps_min_size(room, PS_BACKLOG_MAX);
}

int64_t ps_latency_average(int64_t average_us, int64_t sample_us)
{
    int64_t next = average_us == 0 ? sample_us : average_us + (sample_us - average_us) / 16;

    return next < 1 ? 1 : next;
}

size_t ps_local_rate_admit(struct ps_local_rate *limit, double rate, int64_t burst, size_t wanted,
                           int64_t now_us, int64_t *out_wait_ms)
{
    double now = (double)now_us, step, slack, ahead;
    size_t granted = 0;

    *out_wait_ms = 0;
    if (rate <= 0)
        return wanted;
    step = 1000000.0 / rate;
    slack = step * (double)burst;
    /* Counted from now: now + step - now may round to more than step, and with a burst of one no
     * permit would ever be granted. */
    ahead = limit->full_us > now ? limit->full_us - now : 0;
    while (granted < wanted && ahead + step <= slack) {
        ahead += step;
        granted++;
    }
    if (granted < wanted)
        *out_wait_ms = 1 + (int64_t)((ahead + step - slack) / 1000.0);
    limit->full_us = now + ahead;
    return granted;
}
