#include "shared/core/breaker.h"

void ps_breaker_init(struct ps_breaker *breaker, int threshold, int64_t cooldown_ms)
{
    *breaker = (struct ps_breaker){
        .state = PS_BREAKER_CLOSED,
        .threshold = threshold > 1 ? threshold : 1,
        .cooldown_ms = cooldown_ms,
    };
}

bool ps_breaker_admit(struct ps_breaker *breaker, int64_t now_ms)
{
    switch (breaker->state) {
    case PS_BREAKER_CLOSED:
        return true;
    case PS_BREAKER_OPEN:
        if (now_ms - breaker->opened_ms < breaker->cooldown_ms)
            return false;
        breaker->state = PS_BREAKER_HALF_OPEN;
        break;
    case PS_BREAKER_HALF_OPEN:
        if (breaker->trial_in_flight)
            return false;
        break;
    }
    breaker->trial_in_flight = true;
    return true;
}

bool ps_breaker_failure(struct ps_breaker *breaker, int64_t now_ms)
{
    /* While the breaker is open, only requests that were sent before it opened can fail. They say
     * nothing new. */
    if (breaker->state == PS_BREAKER_OPEN)
        return false;
    breaker->failures++;
    if (breaker->state == PS_BREAKER_CLOSED && breaker->failures < breaker->threshold)
        return false;
    breaker->state = PS_BREAKER_OPEN;
    breaker->opened_ms = now_ms;
    breaker->trial_in_flight = false;
    return true;
}

void ps_breaker_success(struct ps_breaker *breaker)
{
    if (breaker->state == PS_BREAKER_OPEN)
        return;
    breaker->state = PS_BREAKER_CLOSED;
    breaker->failures = 0;
    breaker->trial_in_flight = false;
}

void ps_breaker_undecided(struct ps_breaker *breaker)
{
    breaker->trial_in_flight = false;
}

const char *ps_breaker_state_name(const struct ps_breaker *breaker)
{
    switch (breaker->state) {
    case PS_BREAKER_CLOSED:
        return "closed";
    case PS_BREAKER_OPEN:
        return "open";
    case PS_BREAKER_HALF_OPEN:
        break;
    }
    return "half_open";
}
