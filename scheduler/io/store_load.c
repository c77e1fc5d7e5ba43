#include "scheduler/io/operator_store.h"
#include "scheduler/io/planner_clock.h"
#include "scheduler/io/store.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"

#include <string.h>

/* Reads rows into the structs of the scheduler. Rows come from PostgreSQL, where another version of
 * the program may have written them: a value that this version does not know becomes a safe one
 * (an unknown tier counts as cold, an unknown outcome as an error) and never ends the program. */

/* The processor clock limits what the patterns of one person may cost (watch_match.h). */
struct ps_watchlists *ps_store_read_watch(const struct ps_pg_rows *rows, size_t statement)
{
    struct ps_watchlists *lists = ps_watchlists_create();

    ps_watchlists_budget(lists, ps_clock_cpu_us);
    for (int i = 0; i < ps_pg_row_count(rows, statement); i++)
        ps_watchlists_add_row(
            lists, &(struct ps_watch_row){
                       .user = ps_pg_text(rows, statement, i, PS_SQL_WATCH_READ_USER_ID),
                       .kind = ps_pg_text(rows, statement, i, PS_SQL_WATCH_READ_KIND),
                       .value = ps_pg_text(rows, statement, i, PS_SQL_WATCH_READ_VALUE),
                       .watched = ps_pg_bool(rows, statement, i, PS_SQL_WATCH_READ_WATCHED),
                       .quiet = ps_pg_bool(rows, statement, i, PS_SQL_WATCH_READ_QUIET),
                       .snooze = ps_pg_bool(rows, statement, i, PS_SQL_WATCH_READ_SNOOZE) });
    return lists;
}

void ps_store_add_load(struct ps_pg_batch *batch, int64_t known)
{
    ps_sql_meta_load(batch);
    ps_sql_papers_load(batch, known);
    ps_sql_drafts_load(batch);
    ps_sql_watch_read(batch);
    ps_sql_cycle_running(batch);
    ps_sql_probes_running(batch);
    ps_sql_controls_running(batch);
    ps_sql_probe_times_load(batch);
}

/* A draft may have been there long before it was found; its Last-Modified says so. One after the
 * discovery belongs to a later change. */
int64_t ps_store_there_since(int64_t discovered_ms, const char *last_modified)
{
    int64_t modified_ms;

    return ps_utc_time_parse_http(last_modified, &modified_ms) && modified_ms < discovered_ms
               ? modified_ms
               : discovered_ms;
}

struct ps_url_set *ps_store_read_discovered(const struct ps_pg_rows *rows)
{
    struct ps_url_set *drafts = ps_url_set_create();

    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_LOAD_URLS); i++)
        (void)ps_url_set_add_at(
            drafts, ps_pg_text(rows, PS_STORE_LOAD_URLS, i, PS_SQL_DRAFTS_LOAD_URL),
            ps_store_there_since(
                ps_pg_int(rows, PS_STORE_LOAD_URLS, i, PS_SQL_DRAFTS_LOAD_DISCOVERED_AT, 0),
                ps_pg_text(rows, PS_STORE_LOAD_URLS, i, PS_SQL_DRAFTS_LOAD_LAST_MODIFIED)));
    return drafts;
}

struct ps_probe_times *ps_store_read_asked(const struct ps_pg_rows *rows,
                                           const struct ps_config *config)
{
    const size_t asked = PS_STORE_LOAD_ASKED;
    struct ps_probe_times *times = ps_probe_times_create();

    for (int i = 0; i < ps_pg_row_count(rows, asked); i++) {
        uint8_t variant =
            ps_variant_of(config, ps_pg_text(rows, asked, i, PS_SQL_PROBE_TIMES_LOAD_PREFIX),
                          ps_pg_text(rows, asked, i, PS_SQL_PROBE_TIMES_LOAD_EXT));

        /* Settings may have dropped a prefix or an extension since; such names are not planned. */
        if (variant != PS_VARIANT_OTHER)
            ps_probe_times_set(
                times,
                ps_draft_key_of((int)ps_pg_int(rows, asked, i, PS_SQL_PROBE_TIMES_LOAD_NUMBER, 0),
                                (int)ps_pg_int(rows, asked, i, PS_SQL_PROBE_TIMES_LOAD_REVISION, 0),
                                variant),
                ps_planner_clock_at(
                    ps_pg_int(rows, asked, i, PS_SQL_PROBE_TIMES_LOAD_ASKED_AT, 0)));
    }
    return times;
}

/* A batch of the same shape as a leader's: statement 0 stands where the fence would be, so the same
 * readers serve both. */
static struct ps_pg_batch *unfenced(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_no_fence(batch);
    return batch;
}

struct ps_pg_batch *ps_store_peek_since(int64_t known)
{
    struct ps_pg_batch *batch = unfenced();

    ps_store_add_load(batch, known);
    return batch;
}

struct ps_pg_batch *ps_store_peek(void)
{
    return ps_store_peek_since(PS_STORE_NO_INDEX);
}

struct ps_pg_batch *ps_store_warm(int64_t known)
{
    struct ps_pg_batch *batch = unfenced();

    ps_sql_meta_load(batch);
    ps_sql_papers_load(batch, known);
    return batch;
}

static struct ps_paper_index *read_papers(const struct ps_pg_rows *rows, int count)
{
    struct ps_paper_index *index = ps_paper_index_create();

    for (int i = 0; i < count; i++) {
        struct ps_paper paper = {
            .type = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_TYPE),
            .title = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_TITLE),
            .author = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_AUTHOR),
            .date = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_DATE),
            .subgroup = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_SUBGROUP),
            .link = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_LINK),
            .long_link = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_LONG_LINK),
            .status = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_STATUS)
        };
        (void)ps_paper_index_add(
            index, ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, PS_SQL_PAPERS_LOAD_ID), &paper);
    }
    ps_paper_index_finish(index);
    return index;
}

struct ps_paper_index *ps_store_read_index(const struct ps_pg_rows *rows,
                                           const struct ps_paper_index *before, int64_t known,
                                           int64_t *out_version)
{
    int64_t version = ps_pg_int(rows, PS_STORE_LOAD_META, 0, PS_SQL_META_LOAD_INDEX_VERSION, 0);
    int count = ps_pg_row_count(rows, PS_STORE_LOAD_PAPERS);
    struct ps_paper_index *fresh, *joined = NULL;

    /* The rows are those newer than known. A version below known means that PostgreSQL was restored
     * from a backup: the copy in memory is then ahead of it and must not be kept. */
    *out_version = version;
    if (before != NULL && version >= known && count == 0)
        return NULL;
    fresh = read_papers(rows, count);
    if (before != NULL && version >= known)
        joined = ps_paper_index_join(before, fresh);
    if (joined == NULL)
        return fresh;
    ps_paper_index_destroy(fresh);
    return joined;
}

/* Adds one probe at its position, which is the number of its row, with its outcome if it has one.
 */
static void read_probe(const struct ps_pg_rows *rows, int row, struct ps_cycle *run)
{
    const char *url = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_URL);
    const char *outcome_name =
        ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_OUTCOME);
    enum ps_outcome outcome = PS_OUTCOME_ERROR;
    struct ps_planned planned = {
        .url = url,
        .file = ps_url_tail(url),
        .tier = PS_TIER_COLD,
        .prefix = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_PREFIX),
        .number = (int)ps_pg_int(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_NUMBER, 0),
        .revision =
            (int)ps_pg_int(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_REVISION, 0),
        .ext = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_EXT)
    };

    if (!ps_tier_parse(
            ps_str_of(ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_TIER)),
            &planned.tier))
        planned.tier = PS_TIER_COLD;
    ps_cycle_add(run, &planned);
    if (outcome_name == NULL)
        return;
    if (!ps_outcome_parse(ps_str_of(outcome_name), &outcome))
        outcome = PS_OUTCOME_ERROR;
    (void)ps_cycle_settle(
        run, (size_t)row, outcome,
        (int)ps_pg_int(rows, PS_STORE_LOAD_PROBES, row, PS_SQL_PROBES_RUNNING_STATUS, 0));
}

struct ps_cycle *ps_store_read_run(const struct ps_pg_rows *rows)
{
    struct ps_cycle *run;

    if (ps_pg_row_count(rows, PS_STORE_LOAD_CYCLE) == 0)
        return NULL;
    run = ps_cycle_create();
    run->silent = ps_pg_bool(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_SILENT);
    run->hot_released = ps_pg_bool(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_HOT_DONE);
    run->ledger = (struct ps_ledger){
        .cycle = ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_NUMBER, 0),
        .planned = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_PLANNED, 0),
        .hot = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_HOT_PROBES, 0),
        .cold =
            (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_COLD_PROBES, 0),
        .skipped_discovered = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0,
                                                PS_SQL_CYCLE_RUNNING_SKIPPED_DISCOVERED, 0),
        .skipped_in_index = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0,
                                              PS_SQL_CYCLE_RUNNING_SKIPPED_IN_INDEX, 0),
        .started_ms = ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_STARTED_AT, 0),
        .deadline_ms = ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, PS_SQL_CYCLE_RUNNING_DEADLINE, 0),
    };
    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_LOAD_PROBES); i++)
        read_probe(rows, i, run);
    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_LOAD_CONTROLS); i++) {
        const char *url = ps_pg_text(rows, PS_STORE_LOAD_CONTROLS, i, PS_SQL_CONTROLS_RUNNING_URL);
        enum ps_control_kind kind;
        enum ps_outcome outcome;

        if (!ps_control_kind_parse(
                ps_pg_text(rows, PS_STORE_LOAD_CONTROLS, i, PS_SQL_CONTROLS_RUNNING_KIND), &kind))
            continue;
        ps_control_probes_add(&run->controls, url, kind);
        if (ps_outcome_parse(ps_str_of(ps_pg_text(rows, PS_STORE_LOAD_CONTROLS, i,
                                                  PS_SQL_CONTROLS_RUNNING_OUTCOME)),
                             &outcome))
            (void)ps_control_probes_settle(&run->controls, url, outcome);
    }
    return run;
}

struct ps_pg_batch *ps_store_overview(int cycles)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_overview(batch);
    ps_sql_overview_cycles(batch, cycles);
    ps_operator_add_wishes(batch);
    return batch;
}

struct ps_pg_batch *ps_store_page(int64_t known, int latest)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_page_cycle(batch);
    ps_sql_page_day(batch, known);
    ps_sql_page_drafts(batch, latest);
    ps_sql_page_papers(batch, latest);
    ps_sql_page_delay(batch);
    return batch;
}
