#include "scheduler/io/retention.h"

#include "scheduler/io/leader_writer.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum {
    FIRST_MS = 30 * 1000, /* after an election: a new leader has more urgent work */
    PERIOD_MS = 10 * 60 * 1000,
    SLICE_MS = 200, /* between two slices, for the work of others */
    SLICE_ROWS = 500,
};

struct ps_retention {
    struct ps_leadership *leadership;
    struct ps_leader_writer *writer;
    int64_t rows; /* deleted since the last pause */
};

static void on_pruned(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_retention *retention = cookie;
    int64_t count = ps_pg_int(rows, 1, 0, 0, 0);

    retention->rows += count;
    if (count > 0) {
        ps_leader_writer_wait(retention->writer, SLICE_MS);
        return;
    }
    if (retention->rows > 0)
        PS_LOG(RETENTION, F_INT("rows", retention->rows),
               F_INT("days", retention->leadership->daemon->config->retention_days));
    retention->rows = 0;
    ps_leader_writer_wait(retention->writer, PERIOD_MS);
}

static void prune(void *cookie)
{
    struct ps_retention *retention = cookie;
    const struct ps_daemon *daemon = retention->leadership->daemon;
    struct ps_pg_batch *batch;

    if (!ps_pg_up(daemon->pg)) {
        ps_leader_writer_wait(retention->writer, FIRST_MS);
        return;
    }
    batch = ps_leader_writer_begin(retention->writer);
    ps_sql_retention(batch, (int64_t)daemon->config->retention_days, SLICE_ROWS);
    ps_leader_writer_run(retention->writer, batch, "rows past their retention were not deleted",
                         on_pruned);
}

struct ps_retention *ps_retention_create(struct ps_leadership *leadership)
{
    struct ps_retention *retention = ps_alloc_zero(1, sizeof(*retention));

    retention->leadership = leadership;
    retention->writer =
        ps_leader_writer_create(&(struct ps_leader_writer_options){ .leadership = leadership,
                                                                    .cookie = retention,
                                                                    .event = PS_EVENT_DB_ERROR,
                                                                    .retry_ms = PERIOD_MS,
                                                                    .step = prune });
    return retention;
}

void ps_retention_destroy(struct ps_retention *retention)
{
    if (retention == NULL)
        return;
    ps_leader_writer_destroy(retention->writer);
    free(retention);
}

void ps_retention_start(struct ps_retention *retention)
{
    (void)ps_leader_writer_start(retention->writer); /* always starts: it changes no mirror */
    ps_leader_writer_wait(retention->writer, FIRST_MS);
}

void ps_retention_stop(struct ps_retention *retention)
{
    ps_leader_writer_stop(retention->writer);
}
