/* When each position of a plan is published: hot ones at once, cold ones evenly over a span of
 * time, so that the site sees no burst. A new leader continues with the same schedule, because it
 * counts from the start of the cycle. Pure. */
#ifndef PS_SCHEDULER_PUBLISH_SCHEDULE_H
#define PS_SCHEDULER_PUBLISH_SCHEDULE_H
#include <stddef.h>
#include <stdint.h>

struct ps_publish_schedule {
    size_t hot, len;    /* positions below hot are hot, those from there to len cold */
    int64_t started_ms; /* wall clock: a new leader goes on with the same spread */
    int64_t span_ms;    /* span in which the cold ones are published; 0: all at once */
};

/* Returns the first position that must still wait at now_ms; len if none must. */
size_t ps_publish_schedule_until(const struct ps_publish_schedule *spread, int64_t now_ms);
/* Returns how long position must wait; 0: not at all. */
int64_t ps_publish_schedule_wait_ms(const struct ps_publish_schedule *spread, size_t position,
                                    int64_t now_ms);

#endif
