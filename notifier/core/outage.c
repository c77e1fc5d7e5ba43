#include "notifier/core/outage.h"

#include <stddef.h>

void ps_outage_init(struct ps_outage *outage, int64_t limit_ms, int64_t now_ms)
{
    *outage = (struct ps_outage){ .limit_ms = limit_ms, .down = true, .since_ms = now_ms };
}

enum ps_outage_change ps_outage_step(struct ps_outage *outage, bool up, int64_t now_ms,
                                     int64_t *out_gone_ms)
{
    bool told = outage->told;

    if (!up && !outage->down) {
        outage->down = true;
        outage->since_ms = now_ms;
    }
    if (out_gone_ms != NULL)
        *out_gone_ms = outage->down ? now_ms - outage->since_ms : 0;
    if (up) {
        outage->down = false;
        outage->told = false;
        return told ? PS_OUTAGE_RECOVERED : PS_OUTAGE_SAME;
    }
    if (told || now_ms - outage->since_ms < outage->limit_ms)
        return PS_OUTAGE_SAME;
    outage->told = true;
    return PS_OUTAGE_TELL;
}
