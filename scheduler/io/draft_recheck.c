/* Reads top to bottom: start → on_read → on_watch_built → compare, in slices → done; then, in the
 * caller's transaction, store → log_stored. */
#include "scheduler/io/draft_recheck.h"

#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/mirror_load.h"
#include "scheduler/io/result_rows.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 5 };
enum { WATCH = 1, DRAFTS };      /* statements of the reading transaction */
enum { STORED = 1, ADDED_NEWS }; /* and of the one that closes the cycle */

struct ps_draft_recheck {
    struct ps_draft_recheck_options options;
    struct ps_leader_writer *writer;
    int64_t cycle, started_ms;
    struct ps_pg_rows *rows; /* the drafts; NULL: nothing is being compared */
    struct ps_looked *looked;
    size_t len, count;          /* compared; in all */
    const char *last_paper;     /* announced to people last; borrowed from rows */
    struct ps_outbox_rows news; /* of drafts that have changed */
    bool ended;                 /* all are compared */
};

static void compare(void *cookie);

static void on_watch_built(void *cookie, void *job)
{
    struct ps_draft_recheck *recheck = cookie;

    ps_watch_load_install(job, recheck->options.leadership);
    recheck->rows = ps_watch_load_take_rows(job);
    recheck->count = (size_t)ps_pg_row_count(recheck->rows, DRAFTS);
    recheck->looked = ps_alloc_zero(recheck->count + 1, sizeof(*recheck->looked));
    compare(recheck);
}

static void on_read(void *cookie, const struct ps_pg_rows *rows)
{
    static const struct ps_leader_work work = { ps_watch_load_work, on_watch_built,
                                                ps_watch_load_destroy };
    struct ps_draft_recheck *recheck = cookie;

    ps_leader_writer_work(recheck->writer, &work,
                          ps_watch_load_create(recheck->options.leadership, rows, WATCH));
}

void ps_draft_recheck_start(struct ps_draft_recheck *recheck, int64_t cycle, int64_t started_ms)
{
    struct ps_pg_batch *batch;

    (void)ps_leader_writer_start(recheck->writer);
    recheck->cycle = cycle;
    recheck->started_ms = started_ms;
    batch = ps_leader_writer_begin(recheck->writer);
    ps_sql_watch_read(batch);
    ps_sql_rechecks_read(batch, cycle);
    ps_leader_writer_run(recheck->writer, batch, "the drafts that were probed again were not read",
                         on_read);
}

static struct ps_draft_state state_of(const struct ps_pg_rows *rows, int row, int first_column)
{
    return (struct ps_draft_state){
        .last_modified = ps_pg_text(rows, DRAFTS, row, first_column),
        .etag = ps_pg_text(rows, DRAFTS, row, first_column + 1),
        .length = ps_pg_int(rows, DRAFTS, row, first_column + 2, -1),
        .answered_ms = ps_pg_int(rows, DRAFTS, row, first_column + 3, 0),
    };
}

/* The span that an announcement of the draft continues: that of its probe's result, or that of the
 * plan if nobody has sent the former. */
static struct ps_trace_context trace_of(const struct ps_draft_recheck *recheck, const char *url)
{
    const struct ps_leadership *leadership = recheck->options.leadership;
    const struct ps_control_probe *probe = ps_control_probes_find(&leadership->run->controls, url);

    if (probe != NULL && ps_trace_is_set(&probe->trace) && probe->trace.sampled)
        return probe->trace;
    return ps_cycle_trace(leadership, recheck->cycle, recheck->started_ms);
}

static void compare_draft(struct ps_draft_recheck *recheck, int row, struct ps_looked *out_draft)
{
    const struct ps_leadership *leadership = recheck->options.leadership;
    const struct ps_pg_rows *rows = recheck->rows;
    struct ps_draft_state before = state_of(rows, row, PS_SQL_RECHECKS_READ_LAST_MODIFIED);
    struct ps_draft_state now = state_of(rows, row, PS_SQL_RECHECKS_READ_NOW_LAST_MODIFIED);
    const char *paper_id = ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_PAPER_ID);
    enum ps_outcome outcome;
    char print[PS_DRAFT_CHANGE_PRINT];

    if (!ps_outcome_parse(
            ps_str_of(ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_NOW_OUTCOME)), &outcome))
        outcome = PS_OUTCOME_ERROR;
    *out_draft = (struct ps_looked){
        .url = ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_URL),
        .what = ps_draft_change(&before, ps_pg_bool(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_GONE),
                                &now, outcome),
        /* The headers of a "not found" are not those of the draft. */
        .state = ps_outcome_is_hit(outcome) ? ps_draft_change_merge(&before, &now) : before,
    };
    if (out_draft->what != PS_DRAFT_CHANGE_UPDATED ||
        !leadership->daemon->config->notify_on_draft_update || leadership->run->silent)
        return;
    ps_draft_change_print(&out_draft->state, print);
    recheck->news.trace = trace_of(recheck, out_draft->url);
    ps_update_rows(
        leadership,
        &(struct ps_updated){
            .url = out_draft->url,
            .paper_id = paper_id,
            .tier_name = ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_TIER),
            .last_modified = out_draft->state.last_modified,
            .front_text = ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_FRONT_TEXT),
            .title = ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_TITLE),
            .authors = ps_pg_text(rows, DRAFTS, row, PS_SQL_RECHECKS_READ_AUTHORS),
            .print = print,
            /* A person gets one line for a draft, even if several of its files changed. Rows are
               ordered by paper. */
            .watchers = recheck->last_paper == NULL || strcmp(paper_id, recheck->last_paper) != 0,
        },
        &recheck->news);
    recheck->last_paper = paper_id;
}

/* Compares at least one draft in each turn of the loop, because a changed draft is matched with all
 * patterns of all people. */
static void compare(void *cookie)
{
    struct ps_draft_recheck *recheck = cookie;
    int64_t end_ms = ps_clock_mono_ms() + SLICE_MS;

    while (recheck->len < recheck->count) {
        compare_draft(recheck, (int)recheck->len, &recheck->looked[recheck->len]);
        recheck->len++;
        if (ps_clock_mono_ms() >= end_ms) {
            ps_leader_writer_wait(recheck->writer, 0);
            return;
        }
    }
    recheck->ended = true;
    recheck->options.done(recheck->options.cookie);
}

void ps_draft_recheck_store(struct ps_draft_recheck *recheck, struct ps_pg_batch *batch)
{
    if (!recheck->ended)
        return;
    if (recheck->count > 0) {
        ps_store_add_looked(batch, recheck->looked, recheck->count);
        ps_store_add_rows(batch, &recheck->news, recheck->cycle);
    }
    ps_store_add_suspended(batch, recheck->options.leadership->watch);
}

void ps_draft_recheck_log_stored(const struct ps_draft_recheck *recheck,
                                 const struct ps_pg_rows *rows)
{
    const struct ps_daemon *daemon = recheck->options.leadership->daemon;

    if (!recheck->ended || recheck->count == 0)
        return;
    for (int i = 0; i < ps_pg_row_count(rows, STORED); i++) {
        const char *url = ps_pg_text(rows, STORED, i, PS_SQL_DRAFTS_RECHECK_URL);

        switch ((enum ps_draft_change)ps_pg_int(rows, STORED, i, PS_SQL_DRAFTS_RECHECK_WHAT,
                                                PS_DRAFT_CHANGE_NOTHING)) {
        case PS_DRAFT_CHANGE_UPDATED:
            PS_LOG(DRAFT_UPDATED, F_TEXT("url", url));
            ps_metrics_add(daemon->metrics, PS_METRIC_DRAFTS_UPDATED, NULL, 1);
            break;
        case PS_DRAFT_CHANGE_GONE:
            PS_LOG(DRAFT_GONE, F_TEXT("url", url));
            ps_metrics_add(daemon->metrics, PS_METRIC_DRAFTS_GONE, NULL, 1);
            break;
        case PS_DRAFT_CHANGE_BACK:
            PS_LOG(DRAFT_BACK, F_TEXT("url", url));
            break;
        case PS_DRAFT_CHANGE_SAME:
        case PS_DRAFT_CHANGE_NOTHING:
            break;
        }
    }
    for (int i = 0; recheck->news.len > 0 && i < ps_pg_row_count(rows, ADDED_NEWS); i++)
        ps_leadership_log_added(rows, ADDED_NEWS, i);
}

static void on_write_failed(void *cookie, const struct ps_err *err)
{
    const struct ps_draft_recheck *recheck = cookie;

    recheck->options.write_failed(recheck->options.cookie, err);
}

struct ps_draft_recheck *ps_draft_recheck_create(const struct ps_draft_recheck_options *options)
{
    struct ps_draft_recheck *recheck = ps_alloc_zero(1, sizeof(*recheck));

    recheck->options = *options;
    recheck->writer = ps_leader_writer_create(
        &(struct ps_leader_writer_options){ .leadership = options->leadership,
                                            .cookie = recheck,
                                            .event = PS_EVENT_POLL_ERROR,
                                            .step = compare,
                                            .on_failed = on_write_failed,
                                            .mirrors = true });
    return recheck;
}

void ps_draft_recheck_destroy(struct ps_draft_recheck *recheck)
{
    if (recheck == NULL)
        return;
    ps_draft_recheck_cancel(recheck);
    ps_leader_writer_destroy(recheck->writer);
    free(recheck);
}

void ps_draft_recheck_cancel(struct ps_draft_recheck *recheck)
{
    ps_leader_writer_stop(recheck->writer);
    free(recheck->looked);
    ps_pg_rows_destroy(recheck->rows);
    ps_outbox_rows_clear(&recheck->news);
    recheck->looked = NULL;
    recheck->rows = NULL;
    recheck->last_paper = NULL;
    recheck->len = recheck->count = 0;
    recheck->ended = false;
}

bool ps_draft_recheck_busy(const struct ps_draft_recheck *recheck)
{
    return ps_leader_writer_busy(recheck->writer);
}
