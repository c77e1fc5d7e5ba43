#include "shared/core/stall_detector.h"

void ps_stall_detector_init(struct ps_stall_detector *progress, int64_t now_ms)
{
    *progress = (struct ps_stall_detector){ .since_ms = now_ms, .looked_ms = now_ms };
}

void ps_stall_detector_step(struct ps_stall_detector *progress,
                            const struct ps_stall_detector_look *look, int64_t now_ms)
{
    int64_t gap_ms = now_ms - progress->looked_ms;

    progress->looked_ms = now_ms;
    progress->idle = look->idle;
    if (look->hindered || look->mark != progress->mark)
        progress->since_ms = now_ms;
    else if (look->idle || gap_ms > PS_STALL_DETECTOR_GAP_MS)
        progress->since_ms += gap_ms;
    if (look->idle && now_ms - progress->since_ms > PS_STALL_DETECTOR_KEPT_MS)
        progress->since_ms = now_ms - PS_STALL_DETECTOR_KEPT_MS;
    progress->mark = look->mark;
}

bool ps_stall_detector_stuck(const struct ps_stall_detector *progress, int64_t limit_ms)
{
    return !progress->idle && progress->looked_ms - progress->since_ms >= limit_ms;
}
