#include "scheduler/io/retention.h"

#include "scheduler/io/leader_writer.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum {
    FIRST_MS = 10 * 1000, /* after an election: a new leader has more urgent work */
    PERIOD_MS = 10 * 60 * 1000,
    SLICE_MS = 200, /* between two slices, for the work of others */
    SLICE_ROWS = 500,
    /* notify:dead in Redis. Its entries have up to 40 kB, and a script stops all of Redis. */
    SLICE_LETTERS = 100,
    LETTERS_MAX = 10000,
};

struct ps_retention {
    struct ps_leadership *leadership;
    struct ps_leader_writer *writer;
    int64_t rows, letters; /* deleted since the last pause: rows, entries of notify:dead */
};

/* reply: NULL if Redis does not answer; the next look removes more. */
static void on_letters(void *cookie, const struct redisReply *reply)
{
    struct ps_retention *retention = cookie;
    int64_t count = reply == NULL ? 0 : ps_redis_reply_int(reply, 0);

    retention->letters += count;
    if (count == SLICE_LETTERS) {
        ps_leader_writer_wait(retention->writer, SLICE_MS);
        return;
    }
    if (retention->rows > 0 || retention->letters > 0)
        PS_LOG(RETENTION, F_INT("rows", retention->rows), F_INT("dead_letters", retention->letters),
               F_INT("days", retention->leadership->daemon->config->retention_days));
    retention->rows = retention->letters = 0;
    ps_leader_writer_wait(retention->writer, PERIOD_MS);
}

/* The list is a copy of dead letters for people, and the only place for those without a row. */
static void prune_letters(struct ps_retention *retention)
{
    struct ps_script_args args;
    char before[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(ps_clock_wall_ms() -
                                retention->leadership->daemon->config->retention_days * PS_DAY_MS,
                            before);
    ps_leader_writer_args(retention->writer, &args);
    ps_script_args_text(&args, before);
    ps_script_args_int(&args, LETTERS_MAX);
    ps_script_args_int(&args, SLICE_LETTERS);
    ps_leader_writer_script(retention->writer,
                            &(struct ps_leader_script){ .script = PS_SCRIPT_DEAD_PRUNE,
                                                        .keys = { PS_KEY_NOTIFY_DEAD },
                                                        .what = "old dead letters stay in Redis",
                                                        .fn = on_letters,
                                                        .optional = true },
                            &args);
}

static void on_pruned(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_retention *retention = cookie;
    int64_t count = ps_pg_int(rows, 1, 0, 0, 0);

    retention->rows += count;
    if (count > 0) {
        ps_leader_writer_wait(retention->writer, SLICE_MS);
        return;
    }
    prune_letters(retention);
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
