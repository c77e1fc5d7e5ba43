#include "shared/core/stall_detector.h"

void ps_stall_detector_init(struct ps_stall_detector *detector, int64_t now_ms)
{
    *detector = (struct ps_stall_detector){ .since_ms = now_ms, .checked_ms = now_ms };
}

void ps_stall_detector_step(struct ps_stall_detector *detector,
                            const struct ps_stall_sample *sample, int64_t now_ms)
{
    int64_t gap_ms = now_ms - detector->checked_ms;

    detector->checked_ms = now_ms;
    detector->idle = sample->idle;
    if (sample->blocked || sample->progress_counter != detector->progress_counter)
        detector->since_ms = now_ms;
    else if (sample->idle || gap_ms > PS_STALL_DETECTOR_GAP_MS)
        detector->since_ms += gap_ms;
    if (sample->idle && now_ms - detector->since_ms > PS_STALL_DETECTOR_CARRY_MS)
        detector->since_ms = now_ms - PS_STALL_DETECTOR_CARRY_MS;
    detector->progress_counter = sample->progress_counter;
}

bool ps_stall_detector_stuck(const struct ps_stall_detector *detector, int64_t limit_ms)
{
    return !detector->idle && detector->checked_ms - detector->since_ms >= limit_ms;
}
