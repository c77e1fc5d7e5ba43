#include "scheduler/io/result_batch.h"

#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/script_args.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum {
    DEAD_KEPT = 10000,    /* approximate length of tasks:dead */
    JUNK_FIELDS_MAX = 40, /* names and values of an invalid entry that are kept … */
    JUNK_TEXT_MAX = 1024  /* … and bytes of each: whatever was added, the copy stays small */
};

/* Stores an entry that is not a valid result, with the reason, so that the fault can be found. */
static void keep_junk(const struct ps_leadership *leadership, const struct ps_stream_entry *entry,
                      const struct ps_err *err)
{
    const struct ps_daemon *daemon = leadership->daemon;
    size_t fields = entry->count < JUNK_FIELDS_MAX ? entry->count : JUNK_FIELDS_MAX;
    struct ps_script_args args;

    ps_script_args_init(&args);
    ps_script_args_text(&args, "XADD");
    ps_script_args_text(&args, ps_key(daemon->keys, PS_KEY_TASKS_DEAD));
    ps_script_args_text(&args, "MAXLEN");
    ps_script_args_text(&args, "~");
    ps_script_args_int(&args, DEAD_KEPT);
    ps_script_args_text(&args, "*");
    ps_script_args_text(&args, "reason");
    ps_script_args_text(&args, err->what);
    ps_script_args_text(&args, "stream");
    ps_script_args_text(&args, "results");
    for (size_t i = 0; i < fields; i++) {
        struct ps_str text = entry->fields[i];

        if (text.len > JUNK_TEXT_MAX)
            text.len = JUNK_TEXT_MAX;
        ps_script_args_view(&args, text);
    }
    ps_redis_send(daemon->redis, args.items, args.len, NULL, NULL);
    ps_script_args_clear(&args);
}

void ps_result_batch_take(struct ps_result_batch *batch, struct ps_leadership *leadership,
                          const struct ps_stream_entry *entry)
{
    struct ps_result *result;
    struct ps_err err;

    if (batch->entries == batch->ids_size) {
        batch->ids_size = batch->ids_size == 0 ? 64 : batch->ids_size * 2;
        batch->ids = ps_alloc_array(batch->ids, batch->ids_size, sizeof(*batch->ids));
    }
    batch->ids[batch->entries++] = ps_alloc_text(entry->id);
    if (batch->len == batch->size) {
        batch->size = batch->size == 0 ? 64 : batch->size * 2;
        batch->results = ps_alloc_array(batch->results, batch->size, sizeof(*batch->results));
        batch->added_ms = ps_alloc_array(batch->added_ms, batch->size, sizeof(*batch->added_ms));
    }
    result = &batch->results[batch->len];
    if (!ps_result_parse(entry->fields, entry->count, result, &err)) {
        PS_LOG(RESULT_BAD, F_TEXT("id", entry->id), F_ERR(&err));
        ps_failure_log_add(leadership->daemon->failures, ps_event_name(PS_EVENT_RESULT_BAD), &err,
                           NULL, 0);
        keep_junk(leadership, entry, &err);
        return;
    }
    batch->added_ms[batch->len++] = strtoll(entry->id, NULL, 10); /* an id begins with the time */
}

/* Whether people may have to be notified. A hit that was modified long ago is stored but not
 * announced; a hit without Last-Modified is announced, because its age is unknown. Controls and
 * rechecks are not planned tiers: they prove something about the site, or are compared when the
 * cycle closes. */
static bool is_news(const struct ps_result *result)
{
    return ps_tier_is_planned(result->task.tier) &&
           (result->outcome == PS_OUTCOME_HIT_RECENT || result->outcome == PS_OUTCOME_HIT_NO_LM);
}

bool ps_result_batch_has_news(const struct ps_result_batch *batch)
{
    for (size_t i = 0; i < batch->len; i++)
        if (is_news(&batch->results[i]))
            return true;
    return false;
}

/* One draft in each call, because matching a hundred thousand watches takes a large part of a turn
 * of the loop. */
bool ps_result_batch_match_next(struct ps_result_batch *batch,
                                const struct ps_leadership *leadership)
{
    while (batch->matched < batch->len) {
        const struct ps_result *result = &batch->results[batch->matched++];

        if (is_news(result)) {
            batch->rows.trace = ps_cycle_trace_result(leadership, result);
            ps_result_rows(leadership, result, &batch->rows);
            return true;
        }
    }
    return false;
}

void ps_result_batch_clear(struct ps_result_batch *batch)
{
    for (size_t i = 0; i < batch->entries; i++)
        free(batch->ids[i]);
    for (size_t i = 0; i < batch->len; i++)
        ps_result_clear(&batch->results[i]);
    free(batch->ids);
    free(batch->results);
    free(batch->added_ms);
    ps_outbox_rows_clear(&batch->rows);
    *batch = (struct ps_result_batch){ 0 };
}
