/* Exponential delay with jitter, from a random number that is given. */
#ifndef PS_CORE_BACKOFF_H
#define PS_CORE_BACKOFF_H
#include <stdint.h>

/* Delay in ms before try number attempt + 1 (attempt counts from 1): between half and all of
   min(base_ms * 2^(attempt-1), cap_ms), placed by rnd (0 <= rnd < 1). At least 1. */
int64_t ps_backoff_ms(int64_t base_ms, int64_t cap_ms, int attempt, double rnd);

#endif
