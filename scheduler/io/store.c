#include "scheduler/io/store.h"

#include "scheduler/core/draft_facts.h"
#include "scheduler/io/rows_json.h"
#include "shared/core/config.h"
#include "shared/core/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNEL_SHARES = 10 /* parts of the list; message_push.lua keeps one of them free too */ };
enum { NUMBER_TEXT = 24 };

static const char *number_text(char buffer[NUMBER_TEXT], int64_t value)
{
    snprintf(buffer, NUMBER_TEXT, "%" PRId64, value);
    return buffer;
}

struct ps_pg_batch *ps_store_begin(int64_t epoch)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char text[NUMBER_TEXT];

    PS_PG_ADD(batch, "SELECT ps_fence($1::bigint)", number_text(text, epoch));
    return batch;
}

struct ps_pg_batch *ps_store_begin_meta(int64_t epoch)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char text[NUMBER_TEXT];

    PS_PG_ADD(batch, "SELECT ps_fence_meta($1::bigint)", number_text(text, epoch));
    return batch;
}

void ps_store_add_watch(struct ps_pg_batch *batch)
{
    PS_PG_ADD0(batch, "SELECT user_id, kind, value, watched, quiet, snooze FROM watch_now w "
                      "WHERE NOT (kind = 'pattern' AND EXISTS (SELECT FROM watch_suspended s WHERE "
                      "s.user_id = w.user_id AND s.value = w.value)) "
                      "ORDER BY user_id, kind, value");
}

void ps_store_add_suspended(struct ps_pg_batch *batch, const struct ps_watchlists *lists)
{
    const char *user, *pattern;

    for (size_t i = 0; ps_watchlists_suspended(lists, i, &user, &pattern); i++) {
        char *text = ps_notification_suspended(pattern);

        PS_PG_ADD(batch, "SELECT ps_watch_suspend($1, $2, $3)", user, pattern, text);
        free(text);
    }
}

void ps_store_add_rows(struct ps_pg_batch *batch, const struct ps_outbox_rows *rows, int64_t cycle)
{
    struct ps_rows_json json;
    char text[NUMBER_TEXT];

    if (rows->len == 0)
        return;
    ps_rows_open(&json);
    for (size_t i = 0; i < rows->len; i++) {
        const struct ps_outbox_row *row = &rows->rows[i];

        ps_row_open(&json);
        ps_row_text(&json, "dedupe_key", row->dedupe_key);
        ps_row_text(&json, "kind", ps_message_kind_name(row->kind));
        ps_row_text(&json, "channel", row->channel);
        ps_row_raw(&json, "data", row->data);
        ps_row_text(&json, "task", rows->tasks[i]);
        ps_row_close(&json);
    }
    PS_PG_ADD(
        batch,
        "INSERT INTO outbox (dedupe_key, kind, channel, data, cycle, trace) "
        "SELECT r.dedupe_key, r.kind, r.channel, CASE WHEN d.url IS NULL THEN r.data ELSE r.data "
        "|| jsonb_build_object('draft_seen', to_char(d.discovered_at AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'draft_modified', d.last_modified) END, "
        "CASE WHEN r.task IS NULL THEN nullif($2::bigint, 0) "
        "WHEN c.status = 'running' THEN c.number END, "
        "coalesce(r.task, 'poll:' || nullif($2::bigint, 0)) "
        "FROM jsonb_to_recordset($1::jsonb) AS r (dedupe_key text, kind text, channel text, "
        "data jsonb, task text) "
        "LEFT JOIN probes p ON p.task = r.task LEFT JOIN cycles c ON c.number = p.cycle "
        "LEFT JOIN discovered d ON d.url = r.data->>'draft_url' "
        "WHERE r.task IS NULL OR NOT (c.silent OR c.disbelieved) "
        "ON CONFLICT (dedupe_key) DO NOTHING RETURNING "
        "CASE WHEN channel LIKE 'webhook:%' THEN 'webhook' ELSE kind END, data->>'id', "
        "CASE WHEN kind = 'watchlist' THEN channel END, trace, data->>'draft_url', "
        "data->>'draft_seen', data->>'draft_modified', data->>'date'",
        ps_rows_close(&json), number_text(text, cycle));
    ps_rows_clear(&json);
}

void ps_store_row_paper(struct ps_rows_json *json, const struct ps_paper *paper)
{
    ps_row_open(json);
    ps_row_text(json, "id", paper->id);
    ps_row_text(json, "type", paper->type);
    ps_row_text(json, "title", paper->title);
    ps_row_text(json, "author", paper->author);
    ps_row_text(json, "date", paper->date);
    ps_row_text(json, "subgroup", paper->subgroup);
    ps_row_text(json, "link", paper->link);
    ps_row_text(json, "long_link", paper->long_link);
    ps_row_text(json, "status", paper->status);
    ps_row_close(json);
}

void ps_store_add_papers(struct ps_pg_batch *batch, const struct ps_index_diff *diff)
{
    struct ps_rows_json json;

    if (diff->added_len + diff->updated_len == 0)
        return;
    ps_rows_open(&json);
    for (size_t i = 0; i < diff->added_len; i++)
        ps_store_row_paper(&json, diff->added[i]);
    for (size_t i = 0; i < diff->updated_len; i++)
        ps_store_row_paper(&json, diff->updated[i]);
    PS_PG_ADD(
        batch,
        "INSERT INTO papers (id, type, title, author, date, subgroup, link, long_link, status, "
        "version) "
        "SELECT id, type, title, author, date, subgroup, link, long_link, status, (SELECT "
        "index_version FROM meta) FROM "
        "jsonb_to_recordset($1::jsonb) AS "
        "r (id text, type text, title text, author text, date text, subgroup text, link text, "
        "long_link text, status text) "
        "ON CONFLICT (id) DO UPDATE SET type = excluded.type, title = excluded.title, author = "
        "excluded.author, date = excluded.date, "
        "subgroup = excluded.subgroup, link = excluded.link, long_link = excluded.long_link, "
        "status = excluded.status, changed_at = now(), version = excluded.version",
        ps_rows_close(&json));
    ps_rows_clear(&json);
}

void ps_store_add_index_seen(struct ps_pg_batch *batch, bool seen, const char *etag,
                             const char *modified)
{
    if (seen)
        PS_PG_ADD(batch,
                  "UPDATE meta SET index_etag = $1, index_modified = $2, index_fetched_at = now(), "
                  "index_refused = NULL, index_version = index_version + 1 RETURNING index_version",
                  etag, modified);
    else
        PS_PG_ADD0(batch, "UPDATE meta SET index_version = index_version + 1 RETURNING "
                          "index_version");
}

void ps_store_add_index_refused(struct ps_pg_batch *batch, const char *why)
{
    PS_PG_ADD(
        batch,
        "WITH old AS (SELECT index_accept FROM meta) UPDATE meta SET index_refused = CASE WHEN "
        "old.index_accept THEN NULL ELSE $1 END, index_accept = false FROM old RETURNING "
        "old.index_accept",
        why);
}

void ps_store_add_open_std(struct ps_pg_batch *batch, const char *lost, int year, size_t papers)
{
    char texts[2][NUMBER_TEXT];

    PS_PG_ADD(batch, "UPDATE meta SET open_std_lost = $1, open_std_year = $2, open_std_papers = $3",
              lost, number_text(texts[0], year), number_text(texts[1], (int64_t)papers));
}

struct ps_pg_batch *ps_store_accept_index(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, "UPDATE meta SET index_accept = true");
    return batch;
}

static void add_controls(struct ps_pg_batch *batch, const char *cycle,
                         const struct ps_control_probes *controls)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; i < controls->len; i++) {
        ps_row_open(&json);
        ps_row_text(&json, "url", controls->items[i].url);
        ps_row_text(&json, "kind", ps_control_kind_name(controls->items[i].kind));
        ps_row_close(&json);
    }
    PS_PG_ADD(batch,
              "INSERT INTO controls (cycle, url, kind) SELECT $1::bigint, url, kind FROM "
              "jsonb_to_recordset($2::jsonb) AS r (url text, kind text) ON CONFLICT DO NOTHING",
              cycle, ps_rows_close(&json));
    ps_rows_clear(&json);
}

void ps_store_add_cycle(struct ps_pg_batch *batch, int64_t epoch, const struct ps_cycle *run)
{
    const struct ps_ledger *ledger = &run->ledger;
    char texts[9][NUMBER_TEXT];
    struct ps_rows_json json;

    PS_PG_ADD(batch,
              "INSERT INTO cycles (number, epoch, silent, planned, hot_probes, cold_probes, "
              "skipped_discovered, skipped_in_index, started_at, deadline) "
              "VALUES ($1, $2, $10, $3, $4, $5, $6, $7, ps_time($8), ps_time($9))",
              number_text(texts[0], ledger->cycle), number_text(texts[1], epoch),
              number_text(texts[2], (int64_t)ledger->planned),
              number_text(texts[3], (int64_t)ledger->hot),
              number_text(texts[4], (int64_t)ledger->cold),
              number_text(texts[5], (int64_t)ledger->skipped_discovered),
              number_text(texts[6], (int64_t)ledger->skipped_in_index),
              number_text(texts[7], ledger->started_ms), number_text(texts[8], ledger->deadline_ms),
              run->silent ? "true" : "false");
    if (run->len == 0)
        return;
    add_controls(batch, texts[0], &run->controls);
    ps_rows_open(&json);
    for (size_t i = 0; i < run->len; i++) {
        const struct ps_cycle_probe *item = &run->items[i];
        ps_row_open(&json);
        ps_row_int(&json, "position", (int64_t)i);
        ps_row_text(&json, "url", item->url);
        ps_row_text(&json, "file", item->file);
        ps_row_text(&json, "tier", ps_tier_name(item->tier));
        ps_row_text(&json, "prefix", item->prefix);
        ps_row_int(&json, "number", item->number);
        ps_row_int(&json, "revision", item->revision);
        ps_row_text(&json, "ext", item->ext);
        ps_row_close(&json);
    }
    PS_PG_ADD(
        batch,
        "INSERT INTO probes (cycle, position, task, url, tier, prefix, number, revision, ext) "
        "SELECT $1::bigint, position, $1 || ':' || file, url, tier, prefix, number, revision, ext "
        "FROM jsonb_to_recordset($2::jsonb) AS "
        "r (position integer, url text, file text, tier text, prefix text, number integer, "
        "revision integer, ext text)",
        texts[0], ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* Every end of a cycle prunes, a failed one too: days without the index would keep all else. */
static void add_prune(struct ps_pg_batch *batch, int64_t cycle, int64_t probes_kept)
{
    char texts[2][NUMBER_TEXT];

    PS_PG_ADD(batch, "DELETE FROM probes WHERE cycle <= $1",
              number_text(texts[0], cycle - probes_kept));
    PS_PG_ADD(batch, "DELETE FROM cycles WHERE number <= $1",
              number_text(texts[1], cycle - PS_STORE_CYCLES_KEPT));
}

void ps_store_add_failed_cycle(struct ps_pg_batch *batch, int64_t epoch, int64_t cycle,
                               int64_t started_ms, const char *error)
{
    char texts[3][NUMBER_TEXT];

    PS_PG_ADD(batch,
              "INSERT INTO cycles (number, epoch, status, silent, planned, hot_probes, "
              "cold_probes, skipped_discovered, skipped_in_index, "
              "started_at, deadline, finished_at, error) "
              "VALUES ($1, $2, 'failed', false, 0, 0, 0, 0, 0, ps_time($3), now(), now(), $4) ON "
              "CONFLICT (number) DO NOTHING",
              number_text(texts[0], cycle), number_text(texts[1], epoch),
              number_text(texts[2], started_ms), error);
    PS_PG_ADD0(batch, "UPDATE meta SET poll_count = poll_count + 1");
    add_prune(batch, cycle, PS_STORE_PROBES_KEPT_ADAPTIVE); /* of either planner */
}

void ps_store_add_results(struct ps_pg_batch *batch, const struct ps_result *results, size_t count)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; i < count; i++) {
        const struct ps_result *result = &results[i];
        ps_row_open(&json);
        ps_row_text(&json, "task", result->task.task);
        ps_row_text(&json, "url", result->task.url);
        ps_row_text(&json, "outcome", ps_outcome_name(result->outcome));
        ps_row_int(&json, "status", result->status);
        ps_row_text(&json, "category", result->failed ? ps_failure_name(result->category) : NULL);
        ps_row_int(&json, "attempts", result->attempts);
        ps_row_int(&json, "latency", result->latency_ms);
        ps_row_text(&json, "worker", result->worker);
        ps_row_close(&json);
    }
    PS_PG_ADD(batch,
              "UPDATE probes p SET outcome = r.outcome, status = r.status, failure_category = "
              "r.category, attempts = r.attempts, "
              "latency_ms = r.latency, worker = r.worker, settled_at = now() "
              "FROM jsonb_to_recordset($1::jsonb) AS r (task text, url text, outcome text, status "
              "integer, category text, attempts integer, "
              "latency bigint, worker text) WHERE p.task = r.task AND p.url = r.url AND p.outcome "
              "IS NULL "
              "RETURNING p.cycle, p.position, p.outcome, p.status",
              ps_rows_close(&json));
    ps_rows_clear(&json);
}

void ps_store_add_settings(struct ps_pg_batch *batch, int64_t cycle, const struct ps_config *config)
{
    cJSON *settings = cJSON_CreateObject();
    char number[NUMBER_TEXT], *text;

    ps_json_add_real(settings, "poll_interval_seconds",
                     (double)ps_config_poll_interval_ms(config) / 1000);
    ps_json_add_bool(settings, "iso_probe_enabled", config->enable_iso_probe);
    ps_json_add_real(settings, "alert_modified_hours", config->alert_modified_hours);
    text = ps_json_print(settings);
    PS_PG_ADD(batch, "UPDATE cycles SET settings = $2::jsonb WHERE number = $1",
              number_text(number, cycle), text);
    free(text);
    cJSON_Delete(settings);
}

static const char *event_of(enum ps_draft_change what)
{
    switch (what) {
    case PS_DRAFT_CHANGE_UPDATED:
        return "updated";
    case PS_DRAFT_CHANGE_GONE:
        return "gone";
    case PS_DRAFT_CHANGE_BACK:
        return "back";
    case PS_DRAFT_CHANGE_NOTHING:
    case PS_DRAFT_CHANGE_SAME:
        break;
    }
    return NULL;
}

static void add_state(struct ps_rows_json *json, const struct ps_draft_state *state)
{
    ps_row_text(json, "last_modified", state->last_modified);
    ps_row_text(json, "etag", state->etag);
    if (state->length >= 0)
        ps_row_int(json, "content_length", state->length);
    if (state->answered_ms > 0)
        ps_row_int(json, "answered", state->answered_ms);
}

static struct ps_draft_state state_of(const struct ps_result *result)
{
    return (struct ps_draft_state){ .last_modified = result->last_modified,
                                    .etag = result->etag,
                                    .length = result->content_length,
                                    .answered_ms = result->answered_ms };
}

void ps_store_add_discovered(struct ps_pg_batch *batch, const struct ps_result *results,
                             size_t count)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; i < count; i++) {
        const struct ps_task *task = &results[i].task;
        struct ps_paper_id id = { .number = task->number, .revision = task->revision };
        struct ps_draft_state state = state_of(&results[i]);
        char id_text[PS_PAPER_ID_TEXT];
        char *title, *authors;

        if (!ps_outcome_is_hit(results[i].outcome))
            continue;
        title = ps_draft_title(results[i].title);
        authors = ps_draft_authors(results[i].authors);
        id.kind = task->prefix[0] == 'D' ? PS_PAPER_D : PS_PAPER_P;
        memcpy(id.prefix, task->prefix, sizeof(id.prefix));
        ps_paper_id_format(&id, id_text);
        ps_row_open(&json);
        ps_row_text(&json, "task", task->task);
        ps_row_text(&json, "url", task->url);
        ps_row_text(&json, "paper_id", id_text);
        ps_row_text(&json, "tier", ps_tier_name(task->tier));
        ps_row_text(&json, "outcome", ps_outcome_name(results[i].outcome));
        ps_row_int(&json, "cycle", task->cycle);
        ps_row_text(&json, "front_text", results[i].front_text);
        ps_row_text(&json, "title", title);
        ps_row_text(&json, "authors", authors);
        add_state(&json, &state);
        ps_row_close(&json);
        free(title);
        free(authors);
    }
    PS_PG_ADD(
        batch,
        "INSERT INTO discovered (url, paper_id, tier, outcome, last_modified, cycle, front_text, "
        "title, authors, etag, content_length, answered_at) "
        "SELECT r.url, r.paper_id, r.tier, r.outcome, r.last_modified, r.cycle, r.front_text, "
        "r.title, r.authors, r.etag, r.content_length, ps_time(r.answered) FROM "
        "jsonb_to_recordset($1::jsonb) AS "
        "r (task text, url text, paper_id text, tier text, outcome text, last_modified text, cycle "
        "bigint, front_text text, title text, authors text, etag text, content_length bigint, "
        "answered bigint) "
        "WHERE EXISTS (SELECT 1 FROM probes p JOIN cycles c ON c.number = p.cycle WHERE "
        "p.task = r.task AND p.url = r.url AND NOT c.disbelieved) ON CONFLICT (url) DO NOTHING "
        "RETURNING url, last_modified",
        ps_rows_close(&json));
    ps_rows_clear(&json);
}

void ps_store_add_confirmed(struct ps_pg_batch *batch)
{
    PS_PG_ADD0(batch, "SELECT url FROM discovered ORDER BY gone_at IS NOT NULL, confirmed_at DESC, "
                      "url LIMIT 10");
}

void ps_store_add_unchecked(struct ps_pg_batch *batch)
{
    PS_PG_ADD0(batch, "SELECT url FROM discovered ORDER BY checked_at NULLS FIRST, url");
}

void ps_store_read_looked(struct ps_pg_batch *batch, int64_t cycle)
{
    char text[NUMBER_TEXT];

    PS_PG_ADD(batch,
              "SELECT d.url, d.paper_id, d.tier, d.front_text, d.title, d.authors, "
              "d.gone_at IS NOT NULL, "
              "d.last_modified, d.etag, d.content_length, ps_ms(d.answered_at), "
              "c.outcome, c.last_modified, c.etag, c.content_length, "
              "ps_ms(c.answered_at) "
              "FROM controls c JOIN discovered d USING (url) WHERE c.cycle = $1 AND c.outcome IS "
              "NOT NULL ORDER BY d.paper_id, d.url",
              number_text(text, cycle));
}

void ps_store_add_looked(struct ps_pg_batch *batch, const struct ps_looked *looked, size_t count)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; i < count; i++) {
        ps_row_open(&json);
        ps_row_text(&json, "url", looked[i].url);
        ps_row_int(&json, "what", (int64_t)looked[i].what);
        ps_row_text(&json, "event", event_of(looked[i].what));
        add_state(&json, &looked[i].state);
        ps_row_close(&json);
    }
    PS_PG_ADD(batch,
              "UPDATE discovered d SET checked_at = now(), last_modified = r.last_modified, etag = "
              "r.etag, content_length = r.content_length, answered_at = ps_time(r.answered), "
              "updated_at = CASE WHEN r.event = 'updated' THEN now() ELSE d.updated_at END, "
              "gone_at = CASE WHEN r.event = 'gone' THEN now() WHEN r.event IN ('updated', 'back') "
              "THEN NULL ELSE d.gone_at END "
              "FROM jsonb_to_recordset($1::jsonb) AS r (url text, what integer, event text, "
              "last_modified text, etag text, content_length bigint, answered bigint) "
              "WHERE d.url = r.url RETURNING d.url, r.what",
              ps_rows_close(&json));
    ps_rows_clear(&json);
}

void ps_store_add_controls(struct ps_pg_batch *batch, const struct ps_result *results, size_t count)
{
    struct ps_rows_json json;
    const char *text;

    ps_rows_open(&json);
    for (size_t i = 0; i < count; i++) {
        struct ps_draft_state state = state_of(&results[i]);

        if (ps_tier_is_planned(results[i].task.tier))
            continue;
        ps_row_open(&json);
        ps_row_int(&json, "cycle", results[i].task.cycle);
        ps_row_text(&json, "url", results[i].task.url);
        ps_row_text(&json, "outcome", ps_outcome_name(results[i].outcome));
        add_state(&json, &state);
        ps_row_close(&json);
    }
    text = ps_rows_close(&json);
    PS_PG_ADD(
        batch,
        "UPDATE controls c SET outcome = r.outcome, last_modified = r.last_modified, etag = "
        "r.etag, content_length = r.content_length, answered_at = ps_time(r.answered) FROM "
        "jsonb_to_recordset($1::jsonb) AS r "
        "(cycle bigint, url text, outcome text, last_modified text, etag text, content_length "
        "bigint, answered bigint) WHERE c.cycle = r.cycle AND c.url = r.url AND "
        "c.outcome IS NULL RETURNING c.cycle, c.url, c.outcome",
        text);
    PS_PG_ADD(batch,
              "UPDATE discovered d SET confirmed_at = now() FROM jsonb_to_recordset($1::jsonb) AS "
              "r (url text, outcome text) WHERE d.url = r.url AND r.outcome LIKE 'hit%'",
              text);
    ps_rows_clear(&json);
}

void ps_store_add_hot_done(struct ps_pg_batch *batch, int64_t cycle)
{
    char text[NUMBER_TEXT];

    PS_PG_ADD(batch, "UPDATE cycles SET hot_done = true WHERE number = $1 AND status = 'running'",
              number_text(text, cycle));
}

void ps_store_add_shed(struct ps_pg_batch *batch, int64_t cycle, size_t from)
{
    char texts[2][NUMBER_TEXT];

    PS_PG_ADD(batch,
              "UPDATE probes SET outcome = 'deferred', attempts = 0, settled_at = now() WHERE "
              "cycle = $1 AND position >= $2 AND outcome IS NULL RETURNING position",
              number_text(texts[0], cycle), number_text(texts[1], (int64_t)from));
}

void ps_store_add_expire(struct ps_pg_batch *batch, int64_t cycle)
{
    char text[NUMBER_TEXT];

    number_text(text, cycle);
    PS_PG_ADD(batch,
              "UPDATE probes SET outcome = 'error', failure_category = 'TIMEOUT', attempts = 0, "
              "settled_at = now() "
              "WHERE cycle = $1 AND outcome IS NULL RETURNING position",
              text);
    PS_PG_ADD(batch,
              "SELECT outcome, count(*), count(*) FILTER (WHERE outcome = 'miss' AND status = 403) "
              "FROM probes WHERE cycle = $1 GROUP BY outcome",
              text);
}

/* What the cycle seemed to find is probed again in the next one. What the index told stays. */
static void disbelieve(struct ps_pg_batch *batch, const char *cycle)
{
    PS_PG_ADD(batch, "DELETE FROM discovered WHERE cycle = $1", cycle);
    PS_PG_ADD(batch,
              "DELETE FROM outbox WHERE cycle = $1 AND message_id IS NULL AND trace NOT LIKE "
              "'poll:%'",
              cycle);
}

void ps_store_add_asked(struct ps_pg_batch *batch, int64_t cycle)
{
    enum { SWEEP_CYCLES = 288 };
    char text[NUMBER_TEXT];

    PS_PG_ADD(batch,
              "INSERT INTO probe_times (number, revision, prefix, ext, asked_at) SELECT p.number, "
              "p.revision, p.prefix, p.ext, c.started_at FROM probes p JOIN cycles c ON c.number = "
              "p.cycle WHERE p.cycle = $1 AND p.outcome NOT IN ('error', 'deferred') ON CONFLICT "
              "(number, revision, prefix, ext) DO UPDATE SET asked_at = excluded.asked_at",
              number_text(text, cycle));
    if (cycle % SWEEP_CYCLES == 0) /* names that are no candidates any more */
        PS_PG_ADD0(batch, "DELETE FROM probe_times WHERE asked_at < now() - interval '7 days'");
}

void ps_store_add_close(struct ps_pg_batch *batch, const struct ps_cycle *run,
                        const struct ps_store_end *end)
{
    const char *good = end->status == PS_CYCLE_FAILED ? "false" : "true";
    char texts[1][NUMBER_TEXT];

    number_text(texts[0], run->ledger.cycle);
    PS_PG_ADD(batch,
              "UPDATE cycles SET status = $2, finished_at = now(), summary = $3::jsonb, "
              "error = $4, disbelieved = $5::boolean, cause = $6, failures = (SELECT "
              "jsonb_object_agg(category, "
              "n) FROM (SELECT COALESCE(failure_category, 'UNKNOWN') AS category, count(*) AS n "
              "FROM probes WHERE cycle = $1 AND outcome = 'error' GROUP BY 1) AS counts) "
              "WHERE number = $1 AND status = 'running'",
              texts[0], ps_cycle_status_name(end->status), end->summary, end->error,
              end->disbelieved ? "true" : "false", end->cause);
    if (end->disbelieved)
        disbelieve(batch, texts[0]);
    PS_PG_ADD(batch,
              "UPDATE meta SET poll_count = poll_count + 1, last_successful_poll = CASE WHEN $1 "
              "THEN now() ELSE last_successful_poll END",
              good);
    add_prune(batch, run->ledger.cycle, end->probes_kept);
}

void ps_store_add_hold(struct ps_pg_batch *batch, int most)
{
    char text[NUMBER_TEXT];

    PS_PG_ADD(batch, "SELECT ps_hold_rows($1::integer)", number_text(text, most));
}

void ps_store_add_unbundled(struct ps_pg_batch *batch, int most, bool urgent, const char *style)
{
    char text[NUMBER_TEXT];

    PS_PG_ADD(
        batch,
        "SELECT o.id, o.dedupe_key, o.kind, o.channel, o.data, a.slack_ts, a.slack_channel, "
        "h.message_text, h.id "
        "FROM outbox o LEFT JOIN outbox a ON $3 <> 'message' AND o.kind = 'dp_transition' AND "
        "a.dedupe_key = 'draft:' || (o.data->>'draft_url') AND a.channel = o.channel AND "
        "a.slack_ts IS NOT NULL "
        "LEFT JOIN outbox h ON $3 = 'update' AND h.message_id = a.message_id AND "
        "h.message_text IS NOT NULL AND a.slack_channel IS NOT NULL "
        "WHERE o.message_id IS NULL AND o.held_until <= now() "
        "AND (o.cycle IS NULL OR o.cycle <= (SELECT max(number) FROM cycles WHERE status <> "
        "'running' OR hot_done)) "
        "AND ($2 = 'all' OR o.kind IN ('ops_alert', 'ops_recovery')) "
        "AND NOT (o.kind = 'watchlist' AND o.id IN (SELECT id FROM holding)) "
        "ORDER BY o.channel, CASE WHEN o.kind IN ('frontier', 'draft', 'draft_update', "
        "'dp_transition', 'new_paper') THEN '' ELSE o.kind END, a.slack_ts NULLS FIRST, "
        "array_position(ARRAY['frontier', 'draft', 'draft_update', 'dp_transition', 'new_paper'], "
        "o.kind), o.id LIMIT $1",
        number_text(text, most), urgent ? "urgent" : "all", style);
}

/* A row of a message can be gone since it was looked at, deleted or muted: its text would tell of
   it, or nobody would, where it was the first. So the rows are locked first, and what is left of
   such a message comes with the next look. */
void ps_store_add_bundle(struct ps_pg_batch *batch, const char *json)
{
    PS_PG_ADD(batch,
              "WITH r AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (id bigint, message_id "
              "text, text text, thread_ts text, update_ts text, update_channel text, update_text "
              "text, updates bigint)), "
              "locked AS MATERIALIZED (SELECT o.id FROM outbox o WHERE o.id IN (SELECT id FROM r) "
              "AND o.message_id IS NULL ORDER BY o.id FOR UPDATE), "
              "whole AS MATERIALIZED (SELECT r.message_id FROM r LEFT JOIN locked l ON l.id = r.id "
              "GROUP BY r.message_id HAVING count(*) = count(l.id)), "
              "updated AS (UPDATE outbox h SET message_text = r.update_text FROM r "
              "WHERE h.id = r.updates AND r.update_text IS NOT NULL AND r.message_id IN (SELECT "
              "message_id FROM whole)) "
              "UPDATE outbox o SET message_id = r.message_id, message_text = r.text, "
              "thread_ts = coalesce(r.thread_ts, o.thread_ts), update_ts = r.update_ts, "
              "update_channel = r.update_channel, update_text = r.update_text "
              "FROM r WHERE o.id = r.id AND o.message_id IS NULL AND r.message_id IN (SELECT "
              "message_id FROM whole) "
              "RETURNING o.message_id, o.trace, o.kind",
              json);
}

/* One channel takes one message a second; unchecked, its messages would fill the list for an hour,
 * and everybody else's would wait in the outbox meanwhile. So a channel's first message comes
 * before any channel's second, and a message above its channel's tenth of the list is marked: the
 * last tenth is not for it. */
void ps_store_add_unqueued(struct ps_pg_batch *batch, int most, int64_t list_max)
{
    char text[NUMBER_TEXT], share[NUMBER_TEXT];

    PS_PG_ADD(
        batch,
        "WITH listed AS (SELECT channel, count(*) AS count FROM outbox WHERE message_text IS NOT "
        "NULL "
        "AND queued_at IS NOT NULL AND sent_at IS NULL AND dead_at IS NULL GROUP BY channel), "
        "turns AS (SELECT id, channel, kind IN ('ops_alert', 'ops_recovery') AS urgent, "
        "row_number() OVER (PARTITION BY channel ORDER BY kind IN ('ops_alert', 'ops_recovery') "
        "DESC, "
        "id) AS turn FROM outbox WHERE message_text IS NOT NULL AND queued_at IS NULL AND sent_at "
        "IS "
        "NULL AND dead_at IS NULL), "
        "next AS (SELECT t.id, t.urgent, t.turn, t.channel ~ '^[DUW][A-Z0-9]+$' AS direct, "
        "NOT t.urgent AND t.turn + coalesce(l.count, 0) > $2::bigint AS much FROM turns t "
        "LEFT JOIN listed l ON l.channel = t.channel "
        "ORDER BY t.urgent DESC, much, t.turn, direct DESC, t.id LIMIT $1) "
        "SELECT message_id, kind, o.channel, message_text, thread_ts, ps_ms(created_at), trace, "
        "update_ts, update_channel, update_text, much, response_url FROM next JOIN outbox o ON "
        "o.id = next.id "
        "ORDER BY next.urgent DESC, much, next.turn, direct DESC, o.id",
        number_text(text, most), number_text(share, list_max / CHANNEL_SHARES));
}

void ps_store_add_queued(struct ps_pg_batch *batch, const char *ids)
{
    PS_PG_ADD(batch,
              "UPDATE outbox SET queued_at = now() WHERE message_id IN (SELECT "
              "jsonb_array_elements_text($1::jsonb)) AND queued_at IS NULL",
              ids);
}

void ps_store_add_retention(struct ps_pg_batch *batch, int days, int most)
{
    char texts[2][NUMBER_TEXT];

    PS_PG_ADD(batch,
              "SELECT CASE WHEN outbox.rows > 0 THEN outbox.rows ELSE "
              "ps_prune_cycles($1::integer, $2::integer) END FROM (SELECT "
              "ps_prune_outbox($1::integer, $2::integer) AS rows OFFSET 0) AS outbox",
              number_text(texts[0], days), number_text(texts[1], most));
}

void ps_store_add_rebuild(struct ps_pg_batch *batch, const char *redis_run_id)
{
    PS_PG_ADD(batch,
              "UPDATE meta SET generation = generation + 1, redis_run_id = coalesce($1, "
              "redis_run_id) RETURNING generation",
              redis_run_id);
    PS_PG_ADD0(batch, "UPDATE outbox SET queued_at = NULL WHERE queued_at IS NOT NULL AND sent_at "
                      "IS NULL AND dead_at IS NULL");
}
