/* What PostgreSQL knows about the fleet, kept for the status page: the newest cycle, the cycles of
 * the day, the latest drafts and papers. */
#ifndef PS_SCHEDULER_FLEET_STORED_H
#define PS_SCHEDULER_FLEET_STORED_H
#include "scheduler/core/chart_series.h"
#include "shared/io/pg.h"

enum { PS_FLEET_STORED_LATEST = 25 }; /* drafts and papers */

struct ps_fleet_stored {
    struct ps_chart_series day;
    cJSON *drafts, *papers; /* the latest first; NULL: not read yet */
    /* The newest cycle; number 0: there is none, or it was not read yet. */
    int64_t number, epoch, started_ms, finished_ms, deadline_ms, planned;
    enum ps_cycle_status status;
    char *error; /* NULL for none */
    /* From a draft's upload to its message, for drafts of the last 30 days with both times. */
    int64_t delay_drafts, delay_median_ms, delay_p90_ms;
};

void ps_fleet_stored_init(struct ps_fleet_stored *stored); /* nothing is read yet */
void ps_fleet_stored_clear(struct ps_fleet_stored *stored);
/* Gives the batch that reads what is newer than stored. Pass its rows to ps_fleet_stored_read. */
struct ps_pg_batch *ps_fleet_stored_ask(const struct ps_fleet_stored *stored) PS_MUST_USE;
/* Updates stored from those rows, and drops cycles older than a day. now_ms: wall clock. */
void ps_fleet_stored_read(struct ps_fleet_stored *stored, const struct ps_pg_rows *rows,
                          int64_t now_ms);

/* Probes of the closed cycles of the last day; -1: nothing was read yet (stored_ms 0). */
int64_t ps_fleet_stored_probes(const struct ps_fleet_stored *stored, int64_t stored_ms);

#endif
