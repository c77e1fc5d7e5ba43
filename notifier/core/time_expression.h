/* Times as people type them: "3d", "for 2 weeks", "until 2026-12-01 09:00". A time of the clock is
 * in the person's own zone, which the caller knows (io/people_zones.h). Pure; the current time is
 * an argument. */
#ifndef PS_NOTIFIER_TIME_EXPRESSION_H
#define PS_NOTIFIER_TIME_EXPRESSION_H
#include "shared/core/str.h"

#include <stdint.h>

/* Cuts a time off the end of text (trimmed) and says when it is over; false where there is none. A
   date without a time is over when it begins, UTC. What is left is trimmed. */
bool ps_time_expression_take(struct ps_str *text, int64_t wall_ms, int64_t *out_ms);
/* Whether text ends in a date: a time in the person's zone, where "3d" is the same in all zones. */
bool ps_time_expression_is_date(struct ps_str text) PS_MUST_USE;
/* "8", "08:30": minute of the day. */
bool ps_time_expression_clock(struct ps_str text, int *out_minute) PS_MUST_USE;

#endif
