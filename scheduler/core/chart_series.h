/* The cycles of the last day as columns of numbers, oldest first: the charts of the status page.
 *
 * io/fleet_stored.h adds each closed cycle once; io/fleet.h prints the series. Memory is capped by
 * the number of points, because an interval of seconds makes thousands of cycles a day. Pure. */
#ifndef PS_SCHEDULER_CHART_SERIES_H
#define PS_SCHEDULER_CHART_SERIES_H
#include "scheduler/core/ledger.h"
#include "shared/core/json.h"

enum {
    PS_CHART_SERIES_CYCLES_MAX = 2000, /* the latest of the day */
    PS_CHART_SERIES_POINTS = 288       /* if there are more, neighbours become one point */
};

struct ps_chart_series_cycle {
    int64_t number;
    int64_t started_ms, finished_ms; /* wall clock of the leader that ran it */
    enum ps_cycle_status status;
    int64_t outcomes[PS_OUTCOME_COUNT]; /* probes by outcome */
    int64_t failures[PS_FAILURE_COUNT]; /* errors by category */
};

struct ps_chart_series {
    struct ps_chart_series_cycle *cycles; /* by number */
    size_t len, size;
};

void ps_chart_series_init(struct ps_chart_series *day);  /* an empty day */
void ps_chart_series_clear(struct ps_chart_series *day); /* frees the cycles */
/* Returns a cycle from its columns: status, and the JSON of summary and failures; NULL for none.
 * Text that is not JSON counts as none. The caller sets number and the times. */
struct ps_chart_series_cycle ps_chart_series_read(const char *status, const char *summary,
                                                  const char *failures);
/* Adds a closed cycle. Ignores one that is not newer than the last. */
void ps_chart_series_add(struct ps_chart_series *day, const struct ps_chart_series_cycle *cycle);
/* Removes cycles that began more than a day before now_ms. */
void ps_chart_series_prune(struct ps_chart_series *day, int64_t now_ms);
int64_t
ps_chart_series_last(const struct ps_chart_series *day); /* number of the newest; 0 for none */
/* Returns the cycle with this number, borrowed until the next change; NULL if it is not of the
 * last day. */
const struct ps_chart_series_cycle *ps_chart_series_find(const struct ps_chart_series *day,
                                                         int64_t number);
/* Gives {cycles, merged, number, at (s since 1970), seconds, status, outcomes: {miss: …},
 * failures: {TIMEOUT: …}}. merged says how many neighbours one point stands for; such a point has
 * their sums, their mean duration and their worst status. at never goes back, although the clocks
 * of two leaders differ. */
cJSON *ps_chart_series_json(const struct ps_chart_series *day) PS_MUST_USE;

#endif
