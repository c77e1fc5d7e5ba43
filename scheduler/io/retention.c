#include "scheduler/io/retention.h"

#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum {
    FIRST_MS = 30 * 1000, /* a new leader has more urgent work */
    PERIOD_MS = 10 * 60 * 1000,
    SLICE_MS = 200, /* between two slices: others get the disk */
    SLICE_ROWS = 500,
};

struct ps_retention {
    struct ps_leadership *leadership;
    struct ps_timer *timer;
    bool started, busy;
    int64_t epoch; /* of the slice that is out */
    int64_t rows;  /* gone since the last pause */
};

static void rest(struct ps_retention *retention, int64_t ms)
{
    retention->busy = false;
    if (retention->started)
        ps_timer_set(retention->timer, ms);
}

static void on_pruned(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_retention *retention = cookie;
    int64_t count = err == NULL ? ps_pg_int(rows, 1, 0, 0, 0) : 0;

    if (!retention->started || !ps_leadership_leads(retention->leadership, retention->epoch)) {
        rest(retention, FIRST_MS);
        return;
    }
    if (err != NULL) {
        ps_leadership_failed(retention->leadership, PS_EVENT_DB_ERROR,
                             "rows past their retention were not deleted", err);
        rest(retention, PERIOD_MS);
        return;
    }
    retention->rows += count;
    if (count > 0) {
        rest(retention, SLICE_MS);
        return;
    }
    if (retention->rows > 0)
        PS_LOG(RETENTION, F_INT("rows", retention->rows),
               F_INT("days", retention->leadership->daemon->config->retention_days));
    retention->rows = 0;
    rest(retention, PERIOD_MS);
}

static void on_timer(void *cookie)
{
    struct ps_retention *retention = cookie;
    struct ps_leadership *leadership = retention->leadership;
    struct ps_pg_batch *batch;

    if (!retention->started || retention->busy)
        return;
    if (!ps_leadership_leads(leadership, leadership->epoch) || !ps_pg_up(leadership->daemon->pg)) {
        ps_timer_set(retention->timer, FIRST_MS);
        return;
    }
    retention->busy = true;
    retention->epoch = leadership->epoch;
    batch = ps_store_begin(retention->epoch);
    ps_store_add_retention(batch, (int)leadership->daemon->config->retention_days, SLICE_ROWS);
    ps_pg_run(leadership->daemon->pg, batch, on_pruned, retention);
}

struct ps_retention *ps_retention_create(struct ps_leadership *leadership)
{
    struct ps_retention *retention = ps_alloc_zero(1, sizeof(*retention));

    retention->leadership = leadership;
    retention->timer = ps_timer_create(leadership->daemon->loop, on_timer, retention);
    return retention;
}

void ps_retention_destroy(struct ps_retention *retention)
{
    if (retention == NULL)
        return;
    ps_timer_destroy(retention->timer);
    free(retention);
}

void ps_retention_start(struct ps_retention *retention)
{
    retention->started = true;
    if (!retention->busy)
        ps_timer_set(retention->timer, FIRST_MS);
}

void ps_retention_stop(struct ps_retention *retention)
{
    retention->started = false;
    ps_timer_cancel(retention->timer);
}
