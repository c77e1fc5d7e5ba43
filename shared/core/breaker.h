/* Circuit breaker: stops requests to a server that keeps failing, and tests it with single
 * requests.
 *
 * Closed: requests pass. After `threshold` consecutive failures it opens, and no request passes for
 * cooldown_ms. Then it is half open: one trial request passes, and its result closes or reopens the
 * breaker. The notifier has one for Slack. Results of requests that were sent before it opened do
 * not change an open breaker. */
#ifndef PS_CORE_BREAKER_H
#define PS_CORE_BREAKER_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_breaker_state { PS_BREAKER_CLOSED, PS_BREAKER_OPEN, PS_BREAKER_HALF_OPEN };

/* Initialised by ps_breaker_init; callers read it and change it only through the functions. */
struct ps_breaker {
    enum ps_breaker_state state;
    int threshold;       /* consecutive failures that open it, >= 1 */
    int64_t cooldown_ms; /* from opening to the trial */
    int failures;        /* consecutive */
    int64_t opened_ms;   /* monotonic; of an open or half-open breaker */
    bool trial_in_flight;
};

/* A closed breaker, in the caller's memory. All times are monotonic. */
void ps_breaker_init(struct ps_breaker *breaker, int threshold, int64_t cooldown_ms);
/* Returns whether a request may be sent now. If true, the caller must report its result with one of
 * the next three functions; a half-open breaker admits no other request until then. */
bool ps_breaker_admit(struct ps_breaker *breaker, int64_t now_ms);
/* Returns true if this failure opened the breaker (log MQ-CIRCUIT-OPEN once). */
bool ps_breaker_failure(struct ps_breaker *breaker, int64_t now_ms);
/* The server accepted a request: closes a half-open breaker and forgets the failures. */
void ps_breaker_success(struct ps_breaker *breaker);
/* The result says nothing about the server's health: another trial may be sent at once. */
void ps_breaker_undecided(struct ps_breaker *breaker);
const char *ps_breaker_state_name(const struct ps_breaker *breaker); /* closed open half_open */

#endif
