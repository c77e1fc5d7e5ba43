/* Points in time as a scenario writes them, and as HTTP does. */
#ifndef PS_UPSTREAM_WHEN_H
#define PS_UPSTREAM_WHEN_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PS_WHEN_HTTP = 32 };

/* "-2h", "+90s", "-1d12h", "now" relative to now_ms, or ISO 8601. false: neither. */
bool ps_when_parse(const char *text, int64_t now_ms, int64_t *out_ms) PS_MUST_USE;
/* "Wed, 27 Jun 2018 12:00:00 GMT" */
void ps_when_http(int64_t wall_ms, char out_text[PS_WHEN_HTTP]);

/* The upstream's own clock: runs at real speed from where it was set, or stands still. */
struct ps_when_clock {
    int64_t shift_ms; /* added to the real time while running */
    bool frozen;
    int64_t frozen_ms;
};
int64_t ps_when_now(const struct ps_when_clock *clock, int64_t real_ms);
void ps_when_set(struct ps_when_clock *clock, int64_t real_ms, int64_t wall_ms);
void ps_when_freeze(struct ps_when_clock *clock, int64_t real_ms, bool frozen);

#endif
