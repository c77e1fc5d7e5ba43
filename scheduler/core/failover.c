#include "scheduler/core/failover.h"

/* The lease's end is known through a rounded PTTL and an answer that took its time. */
enum { SLACK_MS = 50 };

void ps_failover_look(struct ps_failover *failover, int64_t now_ms, int64_t left_ms)
{
    if (left_ms >= 0)
        *failover = (struct ps_failover){ .seen_ms = now_ms, .ends_ms = now_ms + left_ms };
    else if (failover->gone_ms == 0)
        failover->gone_ms = now_ms;
}

void ps_failover_signalled(struct ps_failover *failover, int64_t now_ms)
{
    if (failover->seen_ms != 0 && failover->gone_ms == 0)
        failover->seen_ms = now_ms;
}

enum ps_failover_cause ps_failover_taken(struct ps_failover *failover, int64_t now_ms,
                                         int64_t ttl_ms, int64_t *out_ms)
{
    struct ps_failover before = *failover;
    bool early = before.gone_ms != 0 && before.gone_ms < before.ends_ms - SLACK_MS;

    *failover = (struct ps_failover){ .seen_ms = 0 };
    *out_ms = 0;
    if (before.seen_ms == 0)
        return PS_FAILOVER_NONE;
    *out_ms = now_ms - (early ? before.seen_ms : before.ends_ms - ttl_ms);
    return early ? PS_FAILOVER_CLEAN : PS_FAILOVER_CRASH;
}

const char *ps_failover_cause_name(enum ps_failover_cause cause)
{
    switch (cause) {
    case PS_FAILOVER_NONE:
        return "none";
    case PS_FAILOVER_CLEAN:
        return "clean";
    case PS_FAILOVER_CRASH:
        return "crash";
    }
    return "";
}
