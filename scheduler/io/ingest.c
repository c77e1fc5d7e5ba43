/* Results in two batches: `next` is filled by the stream reader while `now` is being stored.
 *
 * now: read_watch and match (if it holds a recent hit) → store, one transaction → acknowledge in
 * Redis → the next batch
 *
 * An entry stays pending in Redis until its batch is committed, so a crash at any point repeats
 * the batch: the ledger counts only probes that are open, URLs and dedupe keys are unique, and
 * nothing is counted or announced twice. Every five seconds, and every second after a change of
 * leader, adopt and then a read of the own entries look for what a former leader, or a lost
 * connection, left pending. */
#include "scheduler/io/ingest.h"

#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/mirror_load.h"
#include "scheduler/io/result_batch.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/bounds.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/stream_reader.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RETRY_MS = 500,
    LOOK_MS = 5000,
    IDLE_MS = 30 * 1000, /* between two cycles */
    /* A former leader that does not know yet of its successor still reads results. */
    FRESH_MS = 10 * 1000,
    FRESH_LOOK_MS = 1000,
    MATCH_SLICE_MS = 5,
    ROWS_AT_ONCE = 1000 /* messages that are composed on the loop: a millisecond or two */
};

/* Statements of a batch after the fence. */
enum { SETTLED = 1, DISCOVERED, CONTROLS, CONFIRMED, ADDED };

struct ps_ingest {
    struct ps_leadership *leadership;
    void (*fn)(void *cookie);
    void *cookie;
    struct ps_leader_writer *writer;
    struct ps_stream_reader *reader; /* while started */
    char *consumer;
    int64_t started_ms, adopted_ms; /* monotonic */
    bool matching;               /* the batch is being matched, a slice in each turn of the loop */
    bool committed;              /* the batch is in the ledger, but not acknowledged in Redis yet */
    struct ps_result_batch next; /* being filled */
    struct ps_result_batch now;  /* being stored */
};

static void advance(struct ps_ingest *ingest);

static void take(void *cookie, const struct ps_stream_entry *entry)
{
    struct ps_ingest *ingest = cookie;

    ps_result_batch_take(&ingest->next, ingest->leadership, entry);
}

static void on_entries(void *cookie, const struct ps_stream_entry *entries, size_t count)
{
    struct ps_ingest *ingest = cookie;

    for (size_t i = 0; i < count; i++)
        take(ingest, &entries[i]);
    if (!ingest->matching) /* its next slice has a turn of its own */
        advance(ingest);
}

static void on_done(void *cookie, const struct redisReply *reply)
{
    struct ps_ingest *ingest = cookie;

    (void)reply;
    ingest->committed = false;
    ps_result_batch_clear(&ingest->now);
    advance(ingest);
}

/* The counters in the hash are for people who look into Redis. No program decides anything by them.
 */
static void add_counters(struct ps_script_args *args, const struct ps_cycle *run)
{
    ps_script_args_int(args, run == NULL ? 0 : run->ledger.cycle);
    if (run == NULL) {
        ps_script_args_int(args, 0);
        return;
    }
    ps_script_args_int(args, 2 * (1 + PS_OUTCOME_COUNT));
    ps_script_args_text(args, "finished");
    ps_script_args_int(args, (int64_t)run->ledger.settled);
    for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
        ps_script_args_text(args, ps_outcome_name((enum ps_outcome)i));
        ps_script_args_int(args, (int64_t)run->ledger.outcomes[i]);
    }
}

static void acknowledge(struct ps_ingest *ingest)
{
    struct ps_script_args args;

    ps_leader_writer_args(ingest->writer, &args);
    ps_script_args_text(&args, PS_GROUP_SCHEDULER);
    add_counters(&args, ingest->leadership->run);
    for (size_t i = 0; i < ingest->now.entries; i++)
        ps_script_args_text(&args, ingest->now.ids[i]);
    ps_leader_writer_script(ingest->writer,
                            &(struct ps_leader_script){
                                .script = PS_SCRIPT_RESULT_DONE,
                                .keys = {PS_KEY_RESULTS, PS_KEY_CYCLE},
                                .what = "results stay in the stream",
                                .fn = on_done
    },
                            &args);
}

static void settle(struct ps_ingest *ingest, const struct ps_pg_rows *rows)
{
    struct ps_leadership *leadership = ingest->leadership;
    int count = ps_pg_row_count(rows, SETTLED);

    for (int i = 0; i < count; i++) {
        enum ps_outcome outcome;

        if (leadership->run == NULL ||
            ps_pg_int(rows, SETTLED, i, PS_SQL_RESULTS_SETTLE_CYCLE, 0) !=
                leadership->run->ledger.cycle ||
            !ps_outcome_parse(
                ps_str_of(ps_pg_text(rows, SETTLED, i, PS_SQL_RESULTS_SETTLE_OUTCOME)), &outcome))
            continue;
        (void)ps_cycle_settle(
            leadership->run, (size_t)ps_pg_int(rows, SETTLED, i, PS_SQL_RESULTS_SETTLE_POSITION, 0),
            outcome, (int)ps_pg_int(rows, SETTLED, i, PS_SQL_RESULTS_SETTLE_STATUS, 0));
    }
    for (int i = 0; i < ps_pg_row_count(rows, CONTROLS); i++) {
        enum ps_outcome outcome;

        if (leadership->run != NULL &&
            ps_pg_int(rows, CONTROLS, i, PS_SQL_CONTROLS_SETTLE_CYCLE, 0) ==
                leadership->run->ledger.cycle &&
            ps_outcome_parse(
                ps_str_of(ps_pg_text(rows, CONTROLS, i, PS_SQL_CONTROLS_SETTLE_OUTCOME)), &outcome))
            (void)ps_control_probes_settle(
                &leadership->run->controls,
                ps_pg_text(rows, CONTROLS, i, PS_SQL_CONTROLS_SETTLE_URL), outcome);
    }
    for (int i = 0; i < ps_pg_row_count(rows, DISCOVERED); i++)
        (void)ps_url_set_add_at(
            leadership->discovered, ps_pg_text(rows, DISCOVERED, i, PS_SQL_DRAFTS_ADD_URL),
            ps_store_there_since(ps_clock_wall_ms(),
                                 ps_pg_text(rows, DISCOVERED, i, PS_SQL_DRAFTS_ADD_LAST_MODIFIED)));
    ps_metrics_add(leadership->daemon->metrics, PS_METRIC_DRAFTS_FOUND, NULL,
                   (double)ps_pg_row_count(rows, DISCOVERED));
    for (int i = 0; ingest->now.rows.len > 0 && i < ps_pg_row_count(rows, ADDED); i++)
        ps_leadership_log_added(rows, ADDED, i);
    leadership->results += (uint64_t)count;
}

/* The update of a draft is announced at the end of its cycle; until then its recheck, or the
 * control that it is, keeps the span that caused it. */
static void keep_trace(const struct ps_leadership *leadership, const struct ps_result *result)
{
    struct ps_trace_context trace = { 0 };
    struct ps_control_probe *recheck = NULL;

    if (!ps_tier_is_planned(result->task.tier) && leadership->run != NULL &&
        result->task.cycle == leadership->run->ledger.cycle)
        trace = ps_cycle_trace_result(leadership, result);
    if (ps_trace_is_set(&trace))
        recheck = ps_control_probes_find(&leadership->run->controls, result->task.url);
    if (recheck != NULL && !ps_trace_is_set(&recheck->trace))
        recheck->trace = trace;
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_ingest *ingest = cookie;

    settle(ingest, rows);
    for (size_t i = 0; i < ingest->now.len; i++) {
        ps_cycle_trace_stored(ingest->leadership, &ingest->now.results[i], ingest->now.added_ms[i]);
        keep_trace(ingest->leadership, &ingest->now.results[i]);
    }
    if (ps_pg_row_count(rows, DISCOVERED) > 0)
        ps_signals_send(ingest->leadership->daemon->signals, PS_SIGNAL_LIBRARY);
    ingest->committed = true;
    advance(ingest);
    ingest->fn(ingest->cookie);
}

/* The transaction, with the batch that it stores. */
struct composition {
    struct ps_pg_batch *batch;
    struct ps_result_batch results;
};

static void work_compose(void *job)
{
    struct composition *composition = job;
    const struct ps_result_batch *now = &composition->results;

    ps_store_add_results(composition->batch, now->results, now->len);
    ps_store_add_discovered(composition->batch, now->results, now->len);
    ps_store_add_controls(composition->batch, now->results, now->len);
    ps_store_add_rows(composition->batch, &now->rows, 0);
}

static void composition_destroy(void *job)
{
    struct composition *composition = job;

    ps_pg_batch_destroy(composition->batch);
    ps_result_batch_clear(&composition->results);
    free(composition);
}

static void on_composed(void *cookie, void *job)
{
    struct ps_ingest *ingest = cookie;
    struct composition *composition = job;
    struct ps_pg_batch *batch = composition->batch;

    ingest->now = composition->results;
    composition->results = (struct ps_result_batch){ 0 };
    composition->batch = NULL;
    ps_store_add_suspended(batch, ingest->leadership->watch);
    ps_leader_writer_run(ingest->writer, batch, "results were not stored", on_stored);
}

/* The messages of thousands of people who watch one draft are megabytes of JSON. */
static void store(struct ps_ingest *ingest)
{
    static const struct ps_leader_work work = { work_compose, on_composed, composition_destroy };
    struct composition *composition = ps_alloc_zero(1, sizeof(*composition));

    composition->batch = ps_leader_writer_begin(ingest->writer);
    composition->results = ingest->now;
    if (ingest->now.rows.len > ROWS_AT_ONCE) {
        ingest->now = (struct ps_result_batch){ 0 };
        ps_leader_writer_work(ingest->writer, &work, composition);
        return;
    }
    work_compose(composition);
    on_composed(ingest, composition);
    free(composition);
}

/* Results of a former leader are looked for until the cycle has ended; those of a cycle that is
 * over are late in any case. */
static int64_t until_adoption_ms(const struct ps_ingest *ingest)
{
    int64_t now_ms = ps_clock_mono_ms();
    int64_t period_ms = now_ms - ingest->started_ms < FRESH_MS ? FRESH_LOOK_MS
                        : ingest->leadership->run != NULL      ? LOOK_MS
                                                               : IDLE_MS;

    return ps_max_int(ingest->adopted_ms + period_ms - now_ms, 0);
}

/* Matches the drafts of the batch with the watchlists, at least one draft in each turn of the loop.
 * To match all patterns of all people with a document's text can take longer than a turn may. */
static void match(struct ps_ingest *ingest)
{
    int64_t end_ms = ps_clock_mono_ms() + MATCH_SLICE_MS;

    ingest->matching = true;
    while (ps_result_batch_match_next(&ingest->now, ingest->leadership))
        if (ps_clock_mono_ms() >= end_ms) {
            ps_leader_writer_wait(ingest->writer, 0);
            return;
        }
    ingest->matching = false;
    ps_leader_writer_wait(ingest->writer, until_adoption_ms(ingest));
    store(ingest);
}

static void on_watch_built(void *cookie, void *job)
{
    struct ps_ingest *ingest = cookie;

    ps_watch_load_install(job, ingest->leadership);
    match(ingest);
}

static void on_watch(void *cookie, const struct ps_pg_rows *rows)
{
    static const struct ps_leader_work work = { ps_watch_load_work, on_watch_built,
                                                ps_watch_load_destroy };
    struct ps_ingest *ingest = cookie;

    ps_leader_writer_work(ingest->writer, &work, ps_watch_load_create(ingest->leadership, rows, 1));
}

static void on_own(void *cookie, const struct redisReply *reply)
{
    struct ps_ingest *ingest = cookie;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        ps_stream_entries(reply->element[0]->element[1], take, ingest);
    ps_leader_writer_wait(ingest->writer, until_adoption_ms(ingest));
    advance(ingest);
}

static void on_adopted(void *cookie, const struct redisReply *reply)
{
    struct ps_ingest *ingest = cookie;
    size_t before = ingest->next.entries;
    char count[16];

    if (reply != NULL)
        ps_stream_entries(reply, take, ingest);
    if (ingest->next.entries > before) {
        advance(ingest);
        return;
    }
    /* Entries are pending for this consumer if the answer to an earlier read was lost with the
     * connection. */
    snprintf(count, sizeof(count), "%d", PS_INGEST_BATCH);
    PS_LEADER_COMMAND(ingest->writer, on_own, "XREADGROUP", "GROUP", PS_GROUP_SCHEDULER,
                      ingest->consumer, "COUNT", count, "STREAMS",
                      ps_key(ingest->leadership->daemon->keys, PS_KEY_RESULTS), "0");
}

/* Takes over the entries that earlier leaders read and did not acknowledge. */
static void adopt(struct ps_ingest *ingest)
{
    struct ps_script_args args;

    ps_leader_writer_args(ingest->writer, &args);
    ps_script_args_text(&args, PS_GROUP_SCHEDULER);
    ps_script_args_text(&args, ingest->consumer);
    ps_script_args_int(&args, PS_INGEST_BATCH);
    ps_leader_writer_script(ingest->writer,
                            &(struct ps_leader_script){ .script = PS_SCRIPT_RESULT_ADOPT,
                                                        .keys = { PS_KEY_RESULTS },
                                                        .what = "results were not adopted",
                                                        .fn = on_adopted,
                                                        .optional = true },
                            &args);
}

/* The steps of a batch: read the watchlists and match, if it has news; store; acknowledge. */
static void advance(struct ps_ingest *ingest)
{
    struct ps_pg_batch *batch;

    if (ps_leader_writer_busy(ingest->writer) || !ps_leader_writer_leads(ingest->writer))
        return;
    if (ingest->committed) {
        acknowledge(ingest);
        return;
    }
    if (ingest->now.entries == 0) {
        ingest->now = ingest->next;
        ingest->next = (struct ps_result_batch){ 0 };
        ps_stream_reader_want(ingest->reader, PS_INGEST_BATCH);
    }
    if (ingest->now.entries == 0)
        return;
    if (!ps_result_batch_has_news(&ingest->now)) {
        store(ingest);
        return;
    }
    /* A draft is found only once, so the people who watch it at this moment are notified, not those
     * who did when the poll began. */
    batch = ps_leader_writer_begin(ingest->writer);
    ps_sql_watch_read(batch);
    ps_leader_writer_run(ingest->writer, batch, "watchlists were not read", on_watch);
}

static void on_turn(void *cookie)
{
    struct ps_ingest *ingest = cookie;

    if (ingest->matching) {
        match(ingest);
        return;
    }
    if (ingest->now.entries == 0 && ingest->next.entries == 0 && until_adoption_ms(ingest) == 0) {
        ingest->adopted_ms = ps_clock_mono_ms();
        ps_leader_writer_wait(ingest->writer, until_adoption_ms(ingest));
        adopt(ingest);
        return;
    }
    ps_leader_writer_wait(ingest->writer, ps_max_int(until_adoption_ms(ingest), FRESH_LOOK_MS));
    advance(ingest);
}

struct ps_ingest *ps_ingest_create(struct ps_leadership *leadership, void (*fn)(void *cookie),
                                   void *cookie)
{
    struct ps_ingest *ingest = ps_alloc_zero(1, sizeof(*ingest));

    ingest->leadership = leadership;
    ingest->fn = fn;
    ingest->cookie = cookie;
    ingest->writer =
        ps_leader_writer_create(&(struct ps_leader_writer_options){ .leadership = leadership,
                                                                    .cookie = ingest,
                                                                    .event = PS_EVENT_RESULT_ERROR,
                                                                    .retry_ms = RETRY_MS,
                                                                    .step = on_turn,
                                                                    .mirrors = true });
    return ingest;
}

void ps_ingest_destroy(struct ps_ingest *ingest)
{
    if (ingest == NULL)
        return;
    ps_ingest_stop(ingest);
    ps_leader_writer_destroy(ingest->writer);
    free(ingest);
}

void ps_ingest_start(struct ps_ingest *ingest)
{
    const struct ps_daemon *daemon = ingest->leadership->daemon;
    const struct ps_redis_options redis = ps_redis_options_of(daemon->config);
    struct ps_stream_options options = { .redis = &redis,
                                         .stream = ps_key(daemon->keys, PS_KEY_RESULTS),
                                         .group = PS_GROUP_SCHEDULER };
    struct ps_err err;

    if (!ps_leader_writer_start(ingest->writer))
        return;
    ingest->consumer =
        ps_alloc_format("%s:%" PRId64, daemon->instance, ps_leader_writer_epoch(ingest->writer));
    options.consumer = ingest->consumer;
    ingest->reader = ps_stream_reader_create(daemon->loop, &options, on_entries, ingest, &err);
    if (ingest->reader == NULL) { /* cannot happen: the command connection uses the same URL */
        ps_leadership_failed(ingest->leadership, PS_EVENT_RESULT_ERROR, "results are not read",
                             &err);
        return;
    }
    ps_stream_reader_want(ingest->reader, PS_INGEST_BATCH);
    ingest->started_ms = ps_clock_mono_ms();
    ingest->adopted_ms = ingest->started_ms - IDLE_MS;
    ps_leader_writer_wait(ingest->writer, 0);
}

void ps_ingest_undelivered(struct ps_ingest *ingest, bool undelivered)
{
    if (ingest->reader != NULL)
        ps_stream_reader_undelivered(ingest->reader, undelivered);
}

void ps_ingest_stop(struct ps_ingest *ingest)
{
    ps_leader_writer_stop(ingest->writer);
    ingest->committed = ingest->matching = false;
    ps_stream_reader_destroy(ingest->reader);
    ingest->reader = NULL;
    ps_result_batch_clear(&ingest->now);
    ps_result_batch_clear(&ingest->next);
    free(ingest->consumer);
    ingest->consumer = NULL;
}
