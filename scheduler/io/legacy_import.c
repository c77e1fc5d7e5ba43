#include "scheduler/io/legacy_import.h"

#include "scheduler/io/rows_json.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/name_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT = 24 };

const char *const ps_legacy_names[PS_LEGACY_TABLES] = {
    [PS_LEGACY_PAPERS] = "paper_cache",       [PS_LEGACY_DISCOVERED] = "discovered_urls",
    [PS_LEGACY_MISSES] = "probe_miss_counts", [PS_LEGACY_POLL] = "poll_state",
    [PS_LEGACY_WATCH] = "user_watchlist",
};

struct ps_pg_batch *ps_legacy_look(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_pg_batch_add(batch,
                    "SELECT to_regclass($1) IS NOT NULL, to_regclass($2) IS NOT NULL, "
                    "to_regclass($3) IS NOT NULL, to_regclass($4) IS NOT NULL, "
                    "to_regclass($5) IS NOT NULL",
                    ps_legacy_names, PS_LEGACY_TABLES);
    return batch;
}

/* Its times are seconds since 1970 as floating point numbers. */
struct ps_pg_batch *ps_legacy_read(const bool present[PS_LEGACY_TABLES])
{
    static const char *const reads[PS_LEGACY_TABLES] = {
        [PS_LEGACY_PAPERS] = "SELECT CASE jsonb_typeof(data) WHEN 'string' THEN data #>> '{}' "
                             "ELSE data::text END, (written_at * 1000)::bigint FROM paper_cache "
                             "WHERE key = 'wg21_index'",
        [PS_LEGACY_DISCOVERED] =
            "SELECT url, to_char(to_timestamp(last_modified) AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY "
            "HH24:MI:SS \"GMT\"'), (discovered_at * 1000)::bigint FROM discovered_urls "
            "ORDER BY discovered_at, url",
        [PS_LEGACY_MISSES] = "SELECT count(*) FROM probe_miss_counts",
        [PS_LEGACY_POLL] = "SELECT (last_poll * 1000)::bigint FROM poll_state",
        [PS_LEGACY_WATCH] = "SELECT slack_user_id, entry, ps.ms FROM user_watchlist, LATERAL "
                            "(SELECT (extract(epoch FROM created_at) * 1000)::bigint AS ms) ps "
                            "ORDER BY slack_user_id, entry",
    };
    struct ps_pg_batch *batch = ps_pg_batch_create();

    for (size_t i = 0; i < PS_LEGACY_TABLES; i++)
        PS_PG_ADD0(batch, present[i] ? reads[i] : "SELECT 1 WHERE false");
    return batch;
}

static void add_papers(struct ps_pg_batch *batch, const struct ps_paper_index *index)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; index != NULL && i < ps_paper_index_len(index); i++)
        ps_store_row_paper(&json, ps_paper_index_at(index, i));
    PS_PG_ADD(batch,
              "INSERT INTO papers (id, type, title, author, date, subgroup, link, long_link, "
              "status, version) SELECT id, type, title, author, date, subgroup, link, long_link, "
              "status, (SELECT index_version FROM meta) FROM jsonb_to_recordset($1::jsonb) AS r "
              "(id text, type text, title text, author text, date text, subgroup text, link text, "
              "long_link text, status text) ON CONFLICT (id) DO NOTHING",
              ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* As hits that are old: whatever was to be told of them has been told. */
static void add_drafts(struct ps_pg_batch *batch, const struct ps_legacy_state *state)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; i < state->draft_count; i++) {
        const struct ps_legacy_draft *draft = &state->drafts[i];

        ps_row_open(&json);
        ps_row_text(&json, "url", draft->url);
        ps_row_text(&json, "paper_id", draft->id);
        ps_row_text(&json, "last_modified", draft->last_modified);
        ps_row_int(&json, "discovered_ms", draft->discovered_ms);
        ps_row_close(&json);
    }
    PS_PG_ADD(batch,
              "INSERT INTO discovered (url, paper_id, tier, outcome, last_modified, cycle, "
              "discovered_at, confirmed_at) SELECT url, paper_id, 'cold', CASE WHEN last_modified "
              "IS NULL THEN 'hit_no_lm' ELSE 'hit_old' END, last_modified, 0, "
              "ps_time(discovered_ms), ps_time(discovered_ms) FROM jsonb_to_recordset($1::jsonb) "
              "AS r (url text, paper_id text, last_modified text, discovered_ms bigint) "
              "ON CONFLICT (url) DO NOTHING",
              ps_rows_close(&json));
    ps_rows_clear(&json);
}

static void add_name_key(struct ps_rows_json *json, const struct ps_watch_rule *rule)
{
    bool author = rule->kind == PS_WATCH_KIND_AUTHOR;
    char *key = author ? ps_name_key(rule->text, strlen(rule->text)) : ps_alloc_text("");

    ps_row_text(json, "name_key", key);
    free(key);
}

static void add_watch(struct ps_pg_batch *batch, const struct ps_legacy_state *state)
{
    struct ps_rows_json json;
    const char *rows;

    ps_rows_open(&json);
    for (size_t i = 0; i < state->watch_count; i++) {
        const struct ps_legacy_watch *watch = &state->watches[i];

        ps_row_open(&json);
        ps_row_text(&json, "user_id", watch->user);
        ps_row_text(&json, "kind", ps_watch_kind_name(watch->rule.kind));
        ps_row_text(&json, "entry", watch->rule.text);
        add_name_key(&json, &watch->rule);
        ps_row_int(&json, "created_ms", watch->created_ms);
        ps_row_close(&json);
    }
    rows = ps_rows_close(&json);
    PS_PG_ADD(batch,
              "INSERT INTO watchlist (user_id, entry, created_at, name_key) SELECT user_id, entry, "
              "ps_time(created_ms), name_key FROM jsonb_to_recordset($1::jsonb) AS r (user_id "
              "text, kind text, entry text, name_key text, created_ms bigint) WHERE kind IN "
              "('number', 'paper', 'author') ON CONFLICT (user_id, entry) DO NOTHING",
              rows);
    PS_PG_ADD(batch,
              "INSERT INTO watch_rule (user_id, kind, value, created_at) SELECT user_id, kind, "
              "entry, ps_time(created_ms) FROM jsonb_to_recordset($1::jsonb) AS r (user_id text, "
              "kind text, entry text, created_ms bigint) WHERE kind IN ('subgroup', 'pattern') "
              "ON CONFLICT DO NOTHING",
              rows);
    ps_rows_clear(&json);
}

/* Only where we have nothing yet. With a last poll our first cycle is not taken for the very first
   one: it tells what came since. */
static void add_meta(struct ps_pg_batch *batch, const struct ps_legacy_state *state)
{
    char index[NUMBER_TEXT], poll[NUMBER_TEXT];

    (void)snprintf(index, sizeof(index), "%" PRId64, state->index == NULL ? 0 : state->index_ms);
    (void)snprintf(poll, sizeof(poll), "%" PRId64, state->last_poll_ms);
    PS_PG_ADD(batch,
              "UPDATE meta SET index_fetched_at = coalesce(index_fetched_at, "
              "ps_time(nullif($1::bigint, 0))), last_successful_poll = "
              "coalesce(last_successful_poll, ps_time(nullif($2::bigint, 0)))",
              index, poll);
}

struct ps_pg_batch *ps_legacy_add(const struct ps_legacy_state *state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, "UPDATE meta SET index_version = index_version + 1");
    add_papers(batch, state->index);
    add_drafts(batch, state);
    add_watch(batch, state);
    add_meta(batch, state);
    PS_PG_ADD0(batch, "SELECT ps_fence(nextval('leader_epoch')) WHERE EXISTS (SELECT FROM papers "
                      "WHERE xmin::text::bigint = txid_current() % 4294967296) OR EXISTS (SELECT "
                      "FROM discovered WHERE xmin::text::bigint = txid_current() % 4294967296)");
    return batch;
}
