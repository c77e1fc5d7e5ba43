/* Stuck, by progress: there is work, nothing hinders it, and nothing has moved for a while
 * (promise 8). An idle program, an outage and a process that was itself stopped are no such thing.
 */
#ifndef PS_CORE_STALL_DETECTOR_H
#define PS_CORE_STALL_DETECTOR_H
#include <stdbool.h>
#include <stdint.h>

enum {
    PS_STALL_DETECTOR_GAP_MS = 3000, /* a look that comes so late: the process did not run */
    PS_STALL_DETECTOR_KEPT_MS =
        16000 /* of the time without progress, so much outlasts a time without work */
};

struct ps_stall_detector {
    int64_t since_ms; /* nothing moved since then, and something should have */
    int64_t looked_ms;
    uint64_t mark;
    bool idle;
};

struct ps_stall_detector_look {
    bool hindered; /* by an outage or a pause: whatever moves nothing for a good reason */
    bool idle;     /* no work: never stuck, but the same work given up and given out anew is no
                      progress either */
    uint64_t mark; /* any number that changes when something moves */
};

void ps_stall_detector_init(struct ps_stall_detector *progress, int64_t now_ms);
/* To be called each second or so. */
void ps_stall_detector_step(struct ps_stall_detector *progress,
                            const struct ps_stall_detector_look *look, int64_t now_ms);
/* Nothing has moved for limit_ms, by the looks until the last one. */
bool ps_stall_detector_stuck(const struct ps_stall_detector *progress, int64_t limit_ms);

#endif
