/* When the positions of a plan may go out: hot ones at once, cold ones evenly over a span of time,
 * so that a site sees no burst. Pure. */
#ifndef PS_SCHEDULER_PUBLISH_SCHEDULE_H
#define PS_SCHEDULER_PUBLISH_SCHEDULE_H
#include <stddef.h>
#include <stdint.h>

struct ps_publish_schedule {
    size_t hot, len;    /* positions below hot are hot, those from there to len cold */
    int64_t started_ms; /* wall clock: a new leader goes on with the same spread */
    int64_t span_ms;    /* the last cold one goes just before its end; 0: all at once */
};

/* First position that must still wait; len when none must. */
size_t ps_publish_schedule_until(const struct ps_publish_schedule *spread, int64_t now_ms);
/* How long position must wait, 0 for not at all. */
int64_t ps_publish_schedule_wait_ms(const struct ps_publish_schedule *spread, size_t position,
                                    int64_t now_ms);

#endif
