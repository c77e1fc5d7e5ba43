/* Exponential backoff with jitter. Every retry of a connection or a request takes its delay from
 * here.
 *
 * The jitter spreads the retries of many instances over half of the delay, so that a server that
 * returns is not hit by all of them at once. */
#ifndef PS_CORE_BACKOFF_H
#define PS_CORE_BACKOFF_H
#include <stdint.h>

/* Returns the delay in ms after attempt failures (attempt >= 1): between half and all of
 * min(base_ms * 2^(attempt-1), cap_ms), at least 1. rnd places it in that range (0 <= rnd < 1). */
int64_t ps_backoff_ms(int64_t base_ms, int64_t cap_ms, int attempt, double rnd);

#endif
