/* Circuit breaker: closed, open after so many failures in a row, half open for one trial. */
#ifndef PS_CORE_BREAKER_H
#define PS_CORE_BREAKER_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_breaker_state { PS_BREAKER_CLOSED, PS_BREAKER_OPEN, PS_BREAKER_HALF_OPEN };

struct ps_breaker {
    enum ps_breaker_state state;
    int threshold;       /* failures in a row that open it, >= 1 */
    int64_t cooldown_ms; /* from opening to the trial */
    int failures;        /* in a row */
    int64_t opened_ms;
    bool trial_out; /* the half-open trial is on its way */
};

void ps_breaker_init(struct ps_breaker *breaker, int threshold, int64_t cooldown_ms);
/* May one request go now? In half open only one may until its outcome is told. */
bool ps_breaker_admit(struct ps_breaker *breaker, int64_t now_ms);
/* True when this outcome opened it (log MQ-CIRCUIT-OPEN once). */
bool ps_breaker_failure(struct ps_breaker *breaker, int64_t now_ms);
void ps_breaker_success(struct ps_breaker *breaker);
/* The trial told nothing: another may go at once. */
void ps_breaker_undecided(struct ps_breaker *breaker);
/* When the next trial may go; now_ms when one may go at once. */
int64_t ps_breaker_next_ms(const struct ps_breaker *breaker, int64_t now_ms);
const char *ps_breaker_state_name(const struct ps_breaker *breaker); /* closed open half_open */

#endif
