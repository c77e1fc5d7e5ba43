#include "scheduler/io/operator_store.h"
#include "scheduler/io/planner_clock.h"
#include "scheduler/io/store.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT = 24 };

struct ps_watchlists *ps_store_read_watch(const struct ps_pg_rows *rows, size_t statement)
{
    struct ps_watchlists *lists = ps_watchlists_create();

    ps_watchlists_budget(lists, ps_clock_cpu_us);
    for (int i = 0; i < ps_pg_row_count(rows, statement); i++)
        ps_watchlists_add_row(
            lists, &(struct ps_watch_row){ .user = ps_pg_text(rows, statement, i, 0),
                                           .kind = ps_pg_text(rows, statement, i, 1),
                                           .value = ps_pg_text(rows, statement, i, 2),
                                           .watched = ps_pg_bool(rows, statement, i, 3),
                                           .quiet = ps_pg_bool(rows, statement, i, 4),
                                           .snooze = ps_pg_bool(rows, statement, i, 5) });
    return lists;
}

static void add_index(struct ps_pg_batch *batch, int64_t known)
{
    char text[NUMBER_TEXT];

    PS_PG_ADD0(batch,
               "SELECT m.generation, coalesce(c.number, 0), ps_ms(c.started_at), "
               "ps_ms(c.finished_at), ps_ms(m.last_successful_poll), m.index_etag, "
               "m.index_modified, ps_ms(m.index_fetched_at), m.poll_count, m.redis_run_id, "
               "m.index_version, m.open_std_year, m.open_std_papers FROM meta m "
               "LEFT JOIN LATERAL (SELECT * FROM cycles ORDER BY number DESC LIMIT 1) c ON true");
    (void)snprintf(text, sizeof(text), "%" PRId64, known);
    /* A database that was put back to an older state is read whole. */
    PS_PG_ADD(batch,
              "SELECT id, type, title, author, date, subgroup, link, long_link, status FROM papers "
              "WHERE version > $1::bigint OR $1::bigint > (SELECT index_version FROM meta)",
              text);
}

void ps_store_add_load(struct ps_pg_batch *batch, int64_t known)
{
    add_index(batch, known);
    PS_PG_ADD0(batch, "SELECT url, ps_ms(discovered_at), last_modified FROM discovered ORDER BY "
                      "discovered_at, url");
    ps_store_add_watch(batch);
    PS_PG_ADD0(batch,
               "SELECT number, silent, planned, hot_probes, cold_probes, "
               "skipped_discovered, skipped_in_index, ps_ms(started_at), ps_ms(deadline), hot_done "
               "FROM cycles WHERE status = 'running'");
    PS_PG_ADD0(
        batch,
        "SELECT url, tier, prefix, number, revision, ext, outcome, status FROM probes "
        "WHERE cycle = (SELECT number FROM cycles WHERE status = 'running') ORDER BY position");
    PS_PG_ADD0(batch,
               "SELECT c.url, c.kind, c.outcome FROM controls c JOIN cycles ON number = c.cycle "
               "WHERE status = 'running' ORDER BY c.kind, c.url");
    PS_PG_ADD0(batch, "SELECT prefix, number, revision, ext, ps_ms(asked_at) FROM probe_times");
}

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
        (void)ps_url_set_add_at(drafts, ps_pg_text(rows, PS_STORE_LOAD_URLS, i, 0),
                                ps_store_there_since(ps_pg_int(rows, PS_STORE_LOAD_URLS, i, 1, 0),
                                                     ps_pg_text(rows, PS_STORE_LOAD_URLS, i, 2)));
    return drafts;
}

struct ps_probe_times *ps_store_read_asked(const struct ps_pg_rows *rows,
                                           const struct ps_config *config)
{
    const size_t asked = PS_STORE_LOAD_ASKED;
    struct ps_probe_times *times = ps_probe_times_create();

    for (int i = 0; i < ps_pg_row_count(rows, asked); i++) {
        uint8_t variant =
            ps_variant_of(config, ps_pg_text(rows, asked, i, 0), ps_pg_text(rows, asked, i, 3));

        if (variant != PS_VARIANT_OTHER)
            ps_probe_times_set(times,
                               ps_draft_key_of((int)ps_pg_int(rows, asked, i, 1, 0),
                                               (int)ps_pg_int(rows, asked, i, 2, 0), variant),
                               ps_planner_clock_at(ps_pg_int(rows, asked, i, 4, 0)));
    }
    return times;
}

static struct ps_pg_batch *unfenced(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, "SELECT 1");
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

    add_index(batch, known);
    return batch;
}

static struct ps_paper_index *read_papers(const struct ps_pg_rows *rows, int count)
{
    struct ps_paper_index *index = ps_paper_index_create();

    for (int i = 0; i < count; i++) {
        struct ps_paper paper = { .type = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 1),
                                  .title = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 2),
                                  .author = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 3),
                                  .date = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 4),
                                  .subgroup = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 5),
                                  .link = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 6),
                                  .long_link = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 7),
                                  .status = ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 8) };
        (void)ps_paper_index_add(index, ps_pg_text(rows, PS_STORE_LOAD_PAPERS, i, 0), &paper);
    }
    ps_paper_index_finish(index);
    return index;
}

void ps_store_read_index(const struct ps_pg_rows *rows, struct ps_paper_index **index,
                         int64_t *known)
{
    int64_t version = ps_pg_int(rows, PS_STORE_LOAD_META, 0, 10, 0);
    int count = ps_pg_row_count(rows, PS_STORE_LOAD_PAPERS);

    if (*index == NULL || version < *known) {
        ps_paper_index_destroy(*index);
        *index = read_papers(rows, count);
    } else if (count > 0) {
        *index = ps_paper_index_merge(*index, read_papers(rows, count));
    }
    *known = version;
}

static void read_probe(const struct ps_pg_rows *rows, int row, struct ps_cycle *run)
{
    const char *url = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, 0);
    const char *outcome_name = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, 6);
    enum ps_outcome outcome = PS_OUTCOME_ERROR;
    struct ps_planned planned = { .url = url,
                                  .file = ps_url_tail(url),
                                  .tier = PS_TIER_COLD,
                                  .prefix = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, 2),
                                  .number = (int)ps_pg_int(rows, PS_STORE_LOAD_PROBES, row, 3, 0),
                                  .revision = (int)ps_pg_int(rows, PS_STORE_LOAD_PROBES, row, 4, 0),
                                  .ext = ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, 5) };

    if (!ps_tier_parse(ps_str_of(ps_pg_text(rows, PS_STORE_LOAD_PROBES, row, 1)), &planned.tier))
        planned.tier = PS_TIER_COLD;
    ps_cycle_add(run, &planned);
    if (outcome_name == NULL)
        return;
    if (!ps_outcome_parse(ps_str_of(outcome_name), &outcome))
        outcome = PS_OUTCOME_ERROR;
    (void)ps_cycle_settle(run, (size_t)row, outcome,
                          (int)ps_pg_int(rows, PS_STORE_LOAD_PROBES, row, 7, 0));
}

struct ps_cycle *ps_store_read_run(const struct ps_pg_rows *rows)
{
    struct ps_cycle *run;

    if (ps_pg_row_count(rows, PS_STORE_LOAD_CYCLE) == 0)
        return NULL;
    run = ps_cycle_create();
    run->silent = ps_pg_bool(rows, PS_STORE_LOAD_CYCLE, 0, 1);
    run->hot_told = ps_pg_bool(rows, PS_STORE_LOAD_CYCLE, 0, 9);
    run->ledger = (struct ps_ledger){
        .cycle = ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 0, 0),
        .planned = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 2, 0),
        .hot = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 3, 0),
        .cold = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 4, 0),
        .skipped_discovered = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 5, 0),
        .skipped_in_index = (size_t)ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 6, 0),
        .started_ms = ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 7, 0),
        .deadline_ms = ps_pg_int(rows, PS_STORE_LOAD_CYCLE, 0, 8, 0),
    };
    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_LOAD_PROBES); i++)
        read_probe(rows, i, run);
    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_LOAD_CONTROLS); i++) {
        const char *url = ps_pg_text(rows, PS_STORE_LOAD_CONTROLS, i, 0);
        enum ps_control_kind kind;
        enum ps_outcome outcome;

        if (!ps_control_kind_parse(ps_pg_text(rows, PS_STORE_LOAD_CONTROLS, i, 1), &kind))
            continue;
        ps_control_probes_add(&run->controls, url, kind);
        if (ps_outcome_parse(ps_str_of(ps_pg_text(rows, PS_STORE_LOAD_CONTROLS, i, 2)), &outcome))
            (void)ps_control_probes_settle(&run->controls, url, outcome);
    }
    return run;
}

struct ps_pg_batch *ps_store_overview(int cycles)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char most[NUMBER_TEXT];

    snprintf(most, sizeof(most), "%d", cycles);
    PS_PG_ADD0(
        batch,
        "SELECT (SELECT count(*) FROM papers), (SELECT count(*) FROM discovered), "
        "(SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL), "
        "ps_ms(last_successful_poll), poll_count, ps_ms(index_fetched_at), index_refused, "
        "(SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL AND dead_dropped_at IS NULL AND "
        "sent_at IS NULL AND message_text IS NOT NULL), "
        "(SELECT coalesce((extract(epoch FROM now() - min(created_at)) * 1000)::bigint, 0) "
        "FROM outbox WHERE message_text IS NOT NULL AND sent_at IS NULL AND dead_at IS NULL), "
        /* Of a handful of drafts the median says nothing. */
        "(SELECT CASE WHEN count(*) >= 10 THEN (1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY "
        "extract(epoch FROM sent_at - (data->>'modified')::timestamptz)))::bigint ELSE 0 END FROM "
        "outbox WHERE dedupe_key LIKE 'draft:%' AND sent_at > now() - interval '1 day' AND "
        "data->>'modified' IS NOT NULL), "
        "open_std_lost "
        "FROM meta");
    PS_PG_ADD(batch,
              "SELECT number, epoch, status, ps_ms(started_at), ps_ms(finished_at), planned, "
              "error, summary, cause, failures FROM cycles "
              "ORDER BY number DESC LIMIT $1",
              most);
    ps_operator_add_wishes(batch);
    return batch;
}

struct ps_pg_batch *ps_store_write_check(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, "SELECT ps_write_check()");
    return batch;
}

struct ps_pg_batch *ps_store_page(int64_t known, int latest)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char from[NUMBER_TEXT], most[NUMBER_TEXT];

    snprintf(from, sizeof(from), "%" PRId64, known);
    snprintf(most, sizeof(most), "%d", latest);
    PS_PG_ADD0(batch, "SELECT number, epoch, status, ps_ms(started_at), ps_ms(finished_at), "
                      "ps_ms(deadline), planned, error FROM cycles ORDER BY number DESC LIMIT 1");
    PS_PG_ADD(batch,
              "SELECT number, status, ps_ms(started_at), ps_ms(finished_at), summary, failures "
              "FROM cycles WHERE number > $1 AND status <> 'running' AND started_at > now() - "
              "interval '1 day' ORDER BY number",
              from);
    PS_PG_ADD(batch,
              "SELECT url, paper_id, tier, outcome, last_modified, title, authors, "
              "ps_ms(discovered_at), ps_ms(updated_at), ps_ms(gone_at) FROM discovered "
              "ORDER BY discovered_at DESC "
              "LIMIT $1",
              most);
    PS_PG_ADD(batch,
              "SELECT id, type, title, author, date, subgroup, coalesce(nullif(link, ''), "
              "nullif(long_link, ''), 'https://wg21.link/' || id), ps_ms(first_seen_at) FROM "
              "papers ORDER BY first_seen_at DESC, date DESC, id DESC LIMIT $1",
              most);
    PS_PG_ADD0(
        batch,
        "SELECT count(*), (1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds))::bigint, "
        "(1000 * percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds))::bigint FROM (SELECT "
        "extract(epoch FROM o.sent_at - (o.data->>'modified')::timestamptz) AS seconds FROM "
        "discovered d JOIN outbox o ON o.dedupe_key = 'draft:' || d.url WHERE d.discovered_at > "
        "now() - interval '30 days' AND o.sent_at IS NOT NULL AND o.data->>'modified' IS NOT NULL) "
        "AS news");
    return batch;
}
