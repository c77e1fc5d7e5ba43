#include "scheduler/io/store.h"

#include "scheduler/core/draft_facts.h"
#include "scheduler/io/rows_json.h"
#include "shared/core/config.h"
#include "shared/core/json.h"

#include <stdlib.h>
#include <string.h>

/* A list of rows goes to PostgreSQL as one parameter, a JSON array (rows_json.h): a statement for
 * each row would make a transaction of a thousand results as slow as a thousand statements. */

struct ps_pg_batch *ps_store_begin(int64_t epoch)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_fence(batch, epoch);
    return batch;
}

struct ps_pg_batch *ps_store_begin_meta(int64_t epoch)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_fence_meta(batch, epoch);
    return batch;
}

/* A pattern that costs too much is suspended, and its owner gets one message about it: both in the
 * same transaction, so that nobody wonders why a pattern does not match. */
void ps_store_add_suspended(struct ps_pg_batch *batch, const struct ps_watchlists *lists)
{
    const char *user, *pattern;

    for (size_t i = 0; ps_watchlists_suspended(lists, i, &user, &pattern); i++) {
        char *text = ps_notification_suspended(pattern);

        ps_sql_watch_suspend(batch, user, pattern, text);
        free(text);
    }
}

void ps_store_add_rows(struct ps_pg_batch *batch, const struct ps_outbox_rows *rows, int64_t cycle)
{
    char traceparent[PS_TRACEPARENT_TEXT];
    struct ps_rows_json json;

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
        if (ps_trace_is_set(&rows->traces[i])) {
            ps_traceparent_format(&rows->traces[i], traceparent);
            ps_row_text(&json, "traceparent", traceparent);
        }
        ps_row_close(&json);
    }
    ps_sql_outbox_add(batch, ps_rows_close(&json), cycle);
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
    ps_sql_papers_store(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
}

void ps_store_add_index_seen(struct ps_pg_batch *batch, bool seen, const char *etag,
                             const char *modified)
{
    if (seen)
        ps_sql_index_seen(batch, etag, modified);
    else
        ps_sql_index_grown(batch);
}

static void add_controls(struct ps_pg_batch *batch, int64_t cycle,
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
    ps_sql_controls_open(batch, cycle, ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* The position of a probe in the ledger is its index in run: publishing and settling count on it.
 */
void ps_store_add_cycle(struct ps_pg_batch *batch, int64_t epoch, const struct ps_cycle *run)
{
    const struct ps_ledger *ledger = &run->ledger;
    struct ps_rows_json json;

    ps_sql_cycle_open(batch, ledger->cycle, epoch, (int64_t)ledger->planned, (int64_t)ledger->hot,
                      (int64_t)ledger->cold, (int64_t)ledger->skipped_discovered,
                      (int64_t)ledger->skipped_in_index, ledger->started_ms, ledger->deadline_ms,
                      run->silent);
    if (run->len == 0)
        return;
    add_controls(batch, ledger->cycle, &run->controls);
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
    ps_sql_probes_open(batch, ledger->cycle, ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* Each closing transaction prunes, also that of a failed cycle; see probes_prune.sql. */
static void add_prune(struct ps_pg_batch *batch, int64_t cycle, int64_t probes_kept)
{
    ps_sql_probes_prune(batch, cycle - probes_kept);
    ps_sql_cycles_prune(batch, cycle - PS_STORE_CYCLES_KEPT);
}

void ps_store_add_failed_cycle(struct ps_pg_batch *batch, int64_t epoch, int64_t cycle,
                               int64_t started_ms, const char *error)
{
    ps_sql_cycle_failed(batch, cycle, epoch, started_ms, error);
    ps_sql_poll_count(batch);
    add_prune(batch, cycle, PS_STORE_PROBES_KEPT_ADAPTIVE); /* enough for either planner */
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
    ps_sql_results_settle(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* Stores the settings of the cycle that people read later (`explain`, `history`, and `status` in
 * Slack): the leader's, which may differ from those of the program that answers. */
void ps_store_add_settings(struct ps_pg_batch *batch, int64_t cycle, const struct ps_config *config)
{
    cJSON *settings = cJSON_CreateObject();
    char *text;

    ps_json_add_real(settings, "poll_interval_seconds",
                     (double)ps_config_poll_interval_ms(config) / 1000);
    ps_json_add_bool(settings, "iso_probe_enabled", config->enable_iso_probe);
    ps_json_add_real(settings, "alert_modified_hours", config->alert_modified_hours);
    text = ps_json_print(settings);
    ps_sql_cycle_settings(batch, cycle, text);
    free(text);
    cJSON_Delete(settings);
}

/* The name of a change in the history of a draft; NULL for one that is not recorded there. */
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

/* Adds the members of a state that are known; a missing one becomes NULL in the database. */
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
    ps_sql_drafts_add(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
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
    ps_sql_drafts_recheck(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
}

/* Stores the outcomes of controls. The same rows confirm known drafts that a control found again:
 * they stay the evidence that the site works. */
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
    ps_sql_controls_settle(batch, text);
    ps_sql_drafts_confirm(batch, text);
    ps_rows_clear(&json);
}

void ps_store_add_asked(struct ps_pg_batch *batch, int64_t cycle)
{
    enum { SWEEP_CYCLES = 288 }; /* once a day with a poll every five minutes */

    ps_sql_probe_times_store(batch, cycle);
    if (cycle % SWEEP_CYCLES == 0) /* the table would keep names that are candidates no more */
        ps_sql_probe_times_sweep(batch);
}

void ps_store_add_close(struct ps_pg_batch *batch, const struct ps_cycle *run,
                        const struct ps_store_end *end)
{
    int64_t cycle = run->ledger.cycle;

    ps_sql_cycle_close(batch, cycle, ps_cycle_status_name(end->status), end->summary, end->error,
                       end->disbelieved, end->cause);
    /* The finds of a cycle that is not believed are taken back in the transaction that closes it,
     * so that the relay never sees them as announced (guarantee 4). */
    if (end->disbelieved) {
        ps_sql_drafts_disbelieve(batch, cycle);
        ps_sql_outbox_disbelieve(batch, cycle);
    }
    ps_sql_poll_done(batch, end->status != PS_CYCLE_FAILED);
    add_prune(batch, cycle, end->probes_kept);
}
