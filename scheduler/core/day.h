/* The cycles of the last day as the status page plots them: columns of numbers, oldest first. */
#ifndef PS_SCHEDULER_DAY_H
#define PS_SCHEDULER_DAY_H
#include "scheduler/core/ledger.h"
#include "shared/core/json.h"

enum {
    PS_DAY_CYCLES_MAX = 2000, /* the latest of the day */
    PS_DAY_POINTS = 288       /* where there are more, neighbours become one point */
};

struct ps_day_cycle {
    int64_t number;
    int64_t started_ms, finished_ms;
    enum ps_cycle_status status;
    int64_t outcomes[PS_OUTCOME_COUNT];
    int64_t failures[PS_FAILURE_COUNT]; /* errors by category */
};

struct ps_day {
    struct ps_day_cycle *cycles; /* by number */
    size_t len, size;
};

void ps_day_init(struct ps_day *day);
void ps_day_clear(struct ps_day *day);
/* status, summary and failures as stored; NULL for none, and what is no JSON counts as none. */
struct ps_day_cycle ps_day_read(const char *status, const char *summary, const char *failures);
/* Adds a closed cycle; one that is not newer than the last is passed over. */
void ps_day_add(struct ps_day *day, const struct ps_day_cycle *cycle);
/* Forgets cycles that began more than a day ago. */
void ps_day_prune(struct ps_day *day, int64_t now_ms);
int64_t ps_day_last(const struct ps_day *day); /* number of the newest; 0 for none */
/* Borrowed until the next change; NULL when it is not of the day. */
const struct ps_day_cycle *ps_day_find(const struct ps_day *day, int64_t number);
/* Gives {cycles, merged, number, at (s since 1970), seconds, status, outcomes: {miss: …},
 * failures: {TIMEOUT: …}}; merged says how many neighbours one point stands for: sums, the mean
 * duration, the worst status. Clocks of leaders differ: at never goes back. */
cJSON *ps_day_json(const struct ps_day *day) PS_MUST_USE;

#endif
