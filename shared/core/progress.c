#include "shared/core/progress.h"

void ps_progress_init(struct ps_progress *progress, int64_t now_ms)
{
    *progress = (struct ps_progress){ .since_ms = now_ms, .looked_ms = now_ms };
}

void ps_progress_step(struct ps_progress *progress, const struct ps_progress_look *look,
                      int64_t now_ms)
{
    int64_t gap_ms = now_ms - progress->looked_ms;

    progress->looked_ms = now_ms;
    progress->idle = look->idle;
    if (look->hindered || look->mark != progress->mark)
        progress->since_ms = now_ms;
    else if (look->idle || gap_ms > PS_PROGRESS_GAP_MS)
        progress->since_ms += gap_ms;
    if (look->idle && now_ms - progress->since_ms > PS_PROGRESS_KEPT_MS)
        progress->since_ms = now_ms - PS_PROGRESS_KEPT_MS;
    progress->mark = look->mark;
}

bool ps_progress_stuck(const struct ps_progress *progress, int64_t limit_ms)
{
    return !progress->idle && progress->looked_ms - progress->since_ms >= limit_ms;
}
