#include "shared/core/backoff.h"

int64_t ps_backoff_ms(int64_t base_ms, int64_t cap_ms, int attempt, double rnd)
{
    int64_t delay = base_ms < cap_ms ? base_ms : cap_ms;
    int64_t half;
    int i;

    for (i = 1; i < attempt && delay > 0 && delay < cap_ms; i++)
        delay = delay > cap_ms / 2 ? cap_ms : delay * 2;
    half = delay / 2;
    delay = half + (int64_t)(rnd * (double)(delay - half));
    return delay > 1 ? delay : 1;
}
