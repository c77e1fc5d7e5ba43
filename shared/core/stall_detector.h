/* Decides whether a program is stuck: there is work, nothing blocks it, and nothing has moved for a
 * while. /health and the liveness alert report the answer as `stuck`.
 *
 * Place in the data flow: the worker and the scheduler feed it one sample in each turn of their
 * timer; the caller gives the time, so the module is pure.
 *
 * Guarantee 8 depends on it. A false alarm restarts healthy pods, so three cases never count as
 * stuck: a program without work, an outage or a pause that a host asked for (`blocked`), and time
 * during which the process itself did not run, such as a suspended virtual machine. */
#ifndef PS_CORE_STALL_DETECTOR_H
#define PS_CORE_STALL_DETECTOR_H
#include <stdbool.h>
#include <stdint.h>

enum {
    /* A longer gap between two samples means that the process did not run. The gap is not held
     * against it. */
    PS_STALL_DETECTOR_GAP_MS = 3000,
    /* Stalled time that outlasts a period without work. Without it, a program that gives the same
     * work up and receives it again every few seconds would never be found. */
    PS_STALL_DETECTOR_CARRY_MS = 16000
};

/* Owned by the caller; only this module reads the members. */
struct ps_stall_detector {
    int64_t since_ms; /* nothing has moved since then, although something should have */
    int64_t checked_ms;
    uint64_t progress_counter;
    bool idle;
};

struct ps_stall_sample {
    bool blocked;              /* an outage or a pause: there is a good reason why nothing moves */
    bool idle;                 /* there is no work */
    uint64_t progress_counter; /* any number that changes when something moves */
};

/* Starts to count at now_ms, which is monotonic, as all times here. */
void ps_stall_detector_init(struct ps_stall_detector *detector, int64_t now_ms);
/* Takes a sample. Call it about once a second. */
void ps_stall_detector_step(struct ps_stall_detector *detector,
                            const struct ps_stall_sample *sample, int64_t now_ms);

/* Whether nothing had moved for limit_ms at the time of the last sample. */
bool ps_stall_detector_stuck(const struct ps_stall_detector *detector, int64_t limit_ms);

#endif
