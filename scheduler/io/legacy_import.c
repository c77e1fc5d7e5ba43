#include "scheduler/io/legacy_import.h"

#include "scheduler/io/rows_json.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/name_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ps_legacy_names[PS_LEGACY_TABLES] = {
    [PS_LEGACY_PAPERS] = "paper_cache",       [PS_LEGACY_DISCOVERED] = "discovered_urls",
    [PS_LEGACY_MISSES] = "probe_miss_counts", [PS_LEGACY_POLL] = "poll_state",
    [PS_LEGACY_WATCH] = "user_watchlist",
};

struct ps_pg_batch *ps_legacy_look(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_legacy_tables(batch, ps_legacy_names[PS_LEGACY_PAPERS],
                         ps_legacy_names[PS_LEGACY_DISCOVERED], ps_legacy_names[PS_LEGACY_MISSES],
                         ps_legacy_names[PS_LEGACY_POLL], ps_legacy_names[PS_LEGACY_WATCH]);
    return batch;
}

struct ps_pg_batch *ps_legacy_read(const bool present[PS_LEGACY_TABLES])
{
    static void (*const reads[PS_LEGACY_TABLES])(struct ps_pg_batch *) = {
        [PS_LEGACY_PAPERS] = ps_sql_legacy_papers, [PS_LEGACY_DISCOVERED] = ps_sql_legacy_drafts,
        [PS_LEGACY_MISSES] = ps_sql_legacy_misses, [PS_LEGACY_POLL] = ps_sql_legacy_poll,
        [PS_LEGACY_WATCH] = ps_sql_legacy_watch,
    };
    struct ps_pg_batch *batch = ps_pg_batch_create();

    for (size_t i = 0; i < PS_LEGACY_TABLES; i++) {
        if (present[i])
            reads[i](batch);
        else
            ps_sql_legacy_none(batch);
    }
    return batch;
}

static void add_papers(struct ps_pg_batch *batch, const struct ps_paper_index *index)
{
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (size_t i = 0; index != NULL && i < ps_paper_index_len(index); i++)
        ps_store_row_paper(&json, ps_paper_index_at(index, i));
    ps_sql_import_papers(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* They are stored as old hits, because the Python service has announced them already. */
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
    ps_sql_import_drafts(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
}

static void add_watch(struct ps_pg_batch *batch, const struct ps_legacy_state *state)
{
    struct ps_rows_json json;
    const char *rows;

    ps_rows_open(&json);
    for (size_t i = 0; i < state->watch_count; i++) {
        const struct ps_legacy_watch *watch = &state->watches[i];
        const char *entry = watch->rule.text;
        char *key = watch->rule.kind == PS_WATCH_KIND_AUTHOR ? ps_name_key(entry, strlen(entry))
                                                             : ps_alloc_text("");

        ps_row_open(&json);
        ps_row_text(&json, "user_id", watch->user);
        ps_row_text(&json, "kind", ps_watch_kind_name(watch->rule.kind));
        ps_row_text(&json, "entry", entry);
        ps_row_text(&json, "name_key", key);
        free(key);
        ps_row_int(&json, "created_ms", watch->created_ms);
        ps_row_close(&json);
    }
    rows = ps_rows_close(&json);
    ps_sql_import_watchlist(batch, rows);
    ps_sql_import_rules(batch, rows);
    ps_rows_clear(&json);
}

struct ps_pg_batch *ps_legacy_add(const struct ps_legacy_state *state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_import_version(batch);
    add_papers(batch, state->index);
    add_drafts(batch, state);
    add_watch(batch, state);
    /* The time of a last poll makes our first cycle an ordinary one. Without it the cycle would be
     * silent (announce nothing). */
    ps_sql_import_meta(batch, state->index == NULL ? 0 : state->index_ms, state->last_poll_ms);
    ps_sql_import_fence(batch);
    return batch;
}
