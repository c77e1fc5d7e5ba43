#include "scheduler/io/ingest.h"

#include "scheduler/io/result_batch.h"
#include "scheduler/io/script_args.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/stream_reader.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_MS = 500, LOOK_MS = 5000, TELL_SLICE_MS = 10 };

/* Statements of a batch after the fence. */
enum { SETTLED = 1, DISCOVERED, CONTROLS, CONFIRMED, TOLD };

struct ps_ingest {
    struct ps_leadership *leadership;
    void (*fn)(void *cookie);
    void *cookie;
    struct ps_stream_reader *reader; /* while started */
    struct ps_timer *timer;          /* looks for results left behind; retries */
    char *consumer;
    int64_t epoch;               /* started for; 0: stopped */
    bool busy;                   /* a batch or a look is out */
    int64_t op_term;             /* it was begun in */
    bool telling;                /* the batch is being matched; between turns nothing else begins */
    bool committed;              /* the batch is in the ledger, and not done with in Redis yet */
    struct ps_result_batch next; /* being filled */
    struct ps_result_batch now;  /* being stored */
};

static void step(struct ps_ingest *ingest);

/* Is the answer for what is being done now? */
static bool mine(struct ps_ingest *ingest)
{
    ingest->busy = false;
    if (ingest->op_term != ingest->leadership->term) {
        ps_leadership_overtaken(ingest->leadership);
        return false;
    }
    return ingest->epoch > 0 && ps_leadership_leads(ingest->leadership, ingest->epoch);
}

static void begin(struct ps_ingest *ingest)
{
    ingest->busy = true;
    ingest->op_term = ingest->leadership->term;
}

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
    step(ingest);
}

static void on_done(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_ingest *ingest = cookie;

    (void)reply;
    if (!mine(ingest))
        return;
    if (err != NULL) {
        if (err->code != PS_REDIS_ERR_OFFLINE)
            ps_leadership_failed(ingest->leadership, PS_EVENT_RESULT_ERROR,
                                 "results stay in the stream", err);
        ps_timer_set(ingest->timer, RETRY_MS);
        return;
    }
    ingest->committed = false;
    ps_result_batch_clear(&ingest->now);
    step(ingest);
}

/* The counters of the hash are for people who look into Redis. */
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

static void send_done(struct ps_ingest *ingest)
{
    const struct ps_daemon *daemon = ingest->leadership->daemon;
    const char *keys[3] = { ps_key(daemon->keys, PS_KEY_EPOCH),
                            ps_key(daemon->keys, PS_KEY_RESULTS),
                            ps_key(daemon->keys, PS_KEY_CYCLE) };
    struct ps_script_args args;

    ps_script_args_init(&args);
    ps_script_args_int(&args, ingest->epoch);
    ps_script_args_text(&args, PS_GROUP_SCHEDULER);
    add_counters(&args, ingest->leadership->run);
    for (size_t i = 0; i < ingest->now.entries; i++)
        ps_script_args_text(&args, ingest->now.ids[i]);
    begin(ingest);
    ps_script_run(daemon->redis, PS_SCRIPT_RESULT_DONE, keys, 3, args.items, args.len, on_done,
                  ingest);
    ps_script_args_clear(&args);
}

static void settle(struct ps_ingest *ingest, const struct ps_pg_rows *rows)
{
    struct ps_leadership *leadership = ingest->leadership;
    int count = ps_pg_row_count(rows, SETTLED);

    for (int i = 0; i < count; i++) {
        enum ps_outcome outcome;

        if (leadership->run == NULL ||
            ps_pg_int(rows, SETTLED, i, 0, 0) != leadership->run->ledger.cycle ||
            !ps_outcome_parse(ps_str_of(ps_pg_text(rows, SETTLED, i, 2)), &outcome))
            continue;
        (void)ps_cycle_settle(leadership->run, (size_t)ps_pg_int(rows, SETTLED, i, 1, 0), outcome,
                              (int)ps_pg_int(rows, SETTLED, i, 3, 0));
    }
    for (int i = 0; i < ps_pg_row_count(rows, CONTROLS); i++) {
        enum ps_outcome outcome;

        if (leadership->run != NULL &&
            ps_pg_int(rows, CONTROLS, i, 0, 0) == leadership->run->ledger.cycle &&
            ps_outcome_parse(ps_str_of(ps_pg_text(rows, CONTROLS, i, 2)), &outcome))
            (void)ps_control_probes_settle(&leadership->run->controls,
                                           ps_pg_text(rows, CONTROLS, i, 1), outcome);
    }
    for (int i = 0; i < ps_pg_row_count(rows, DISCOVERED); i++)
        (void)ps_url_set_add_at(
            leadership->discovered, ps_pg_text(rows, DISCOVERED, i, 0),
            ps_store_there_since(ps_clock_wall_ms(), ps_pg_text(rows, DISCOVERED, i, 1)));
    for (int i = 0; ingest->now.rows.len > 0 && i < ps_pg_row_count(rows, TOLD); i++)
        ps_leadership_told(rows, TOLD, i);
    leadership->results += (uint64_t)count;
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_ingest *ingest = cookie;

    if (!mine(ingest))
        return;
    if (err != NULL) {
        ps_leadership_unsure(ingest->leadership, PS_EVENT_RESULT_ERROR, "results were not stored",
                             err);
        return;
    }
    settle(ingest, rows);
    ingest->committed = true;
    step(ingest);
    ingest->fn(ingest->cookie);
}

static void store(struct ps_ingest *ingest)
{
    const struct ps_result_batch *now = &ingest->now;
    struct ps_pg_batch *batch = ps_store_begin(ingest->epoch);

    ps_store_add_results(batch, now->results, now->len);
    ps_store_add_discovered(batch, now->results, now->len);
    ps_store_add_controls(batch, now->results, now->len);
    ps_store_add_rows(batch, &now->rows, 0);
    ps_store_add_suspended(batch, ingest->leadership->watch);
    begin(ingest);
    ps_pg_run(ingest->leadership->daemon->pg, batch, on_stored, ingest);
}

/* Matches the drafts of the batch with the watchlists, one at least in each turn of the loop. */
static void tell(struct ps_ingest *ingest)
{
    int64_t until_ms = ps_clock_mono_ms() + TELL_SLICE_MS;

    ingest->telling = true;
    begin(ingest);
    while (ps_result_batch_tell_next(&ingest->now, ingest->leadership))
        if (ps_clock_mono_ms() >= until_ms) {
            ps_timer_set(ingest->timer, 0);
            return;
        }
    ingest->telling = false;
    ps_timer_set(ingest->timer, LOOK_MS);
    store(ingest);
}

static void on_watch(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_ingest *ingest = cookie;
    struct ps_leadership *leadership = ingest->leadership;

    if (!mine(ingest))
        return;
    if (err != NULL) {
        ps_leadership_unsure(leadership, PS_EVENT_RESULT_ERROR, "watchlists were not read", err);
        return;
    }
    ps_watchlists_destroy(leadership->watch);
    leadership->watch = ps_store_read_watch(rows, 1);
    tell(ingest);
}

/* A draft is found once: whoever asked for it by now must be told, not who had when the poll began.
 */
static void read_watch(struct ps_ingest *ingest)
{
    struct ps_pg_batch *batch = ps_store_begin(ingest->epoch);

    ps_store_add_watch(batch);
    begin(ingest);
    ps_pg_run(ingest->leadership->daemon->pg, batch, on_watch, ingest);
}

static void on_own(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_ingest *ingest = cookie;

    if (!mine(ingest))
        return;
    if (err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        ps_stream_entries(reply->element[0]->element[1], take, ingest);
    ps_timer_set(ingest->timer, LOOK_MS);
    step(ingest);
}

/* What a read made pending whose answer was lost with its connection. */
static void look_at_own(struct ps_ingest *ingest)
{
    char count[16];

    snprintf(count, sizeof(count), "%d", PS_INGEST_BATCH);
    begin(ingest);
    PS_REDIS(ingest->leadership->daemon->redis, on_own, ingest, "XREADGROUP", "GROUP",
             PS_GROUP_SCHEDULER, ingest->consumer, "COUNT", count, "STREAMS",
             ps_key(ingest->leadership->daemon->keys, PS_KEY_RESULTS), "0");
}

static void on_adopted(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_ingest *ingest = cookie;
    size_t before = ingest->next.entries;

    if (!mine(ingest))
        return;
    if (err != NULL && err->code == PS_REDIS_ERR_FENCED) {
        ps_leadership_failed(ingest->leadership, PS_EVENT_RESULT_ERROR, "results were not adopted",
                             err);
        return;
    }
    if (err == NULL)
        ps_stream_entries(reply, take, ingest);
    if (ingest->next.entries > before)
        step(ingest);
    else
        look_at_own(ingest);
}

static void look_at_others(struct ps_ingest *ingest)
{
    const struct ps_keys *names = ingest->leadership->daemon->keys;
    const char *keys[2] = { ps_key(names, PS_KEY_EPOCH), ps_key(names, PS_KEY_RESULTS) };
    struct ps_script_args args;

    ps_script_args_init(&args);
    ps_script_args_int(&args, ingest->epoch);
    ps_script_args_text(&args, PS_GROUP_SCHEDULER);
    ps_script_args_text(&args, ingest->consumer);
    ps_script_args_int(&args, PS_INGEST_BATCH);
    begin(ingest);
    ps_script_run(ingest->leadership->daemon->redis, PS_SCRIPT_RESULT_ADOPT, keys, 2, args.items,
                  args.len, on_adopted, ingest);
    ps_script_args_clear(&args);
}

static void step(struct ps_ingest *ingest)
{
    if (ingest->epoch == 0 || ingest->busy ||
        !ps_leadership_leads(ingest->leadership, ingest->epoch))
        return;
    if (ingest->committed) {
        send_done(ingest);
        return;
    }
    if (ingest->now.entries == 0) {
        ingest->now = ingest->next;
        ingest->next = (struct ps_result_batch){ 0 };
        ps_stream_reader_want(ingest->reader, PS_INGEST_BATCH);
    }
    if (ingest->now.entries == 0)
        return;
    if (ps_result_batch_has_news(&ingest->now))
        read_watch(ingest);
    else
        store(ingest);
}

static void on_timer(void *cookie)
{
    struct ps_ingest *ingest = cookie;

    if (ingest->telling) {
        ingest->telling = false;
        if (mine(ingest))
            tell(ingest);
        return;
    }
    ps_timer_set(ingest->timer, LOOK_MS);
    if (!ingest->busy && ingest->now.entries == 0 && ingest->next.entries == 0 &&
        ps_leadership_leads(ingest->leadership, ingest->epoch))
        look_at_others(ingest);
    else
        step(ingest);
}

struct ps_ingest *ps_ingest_create(struct ps_leadership *leadership, void (*fn)(void *cookie),
                                   void *cookie)
{
    struct ps_ingest *ingest = ps_alloc_zero(1, sizeof(*ingest));

    ingest->leadership = leadership;
    ingest->fn = fn;
    ingest->cookie = cookie;
    ingest->timer = ps_timer_create(leadership->daemon->loop, on_timer, ingest);
    return ingest;
}

void ps_ingest_destroy(struct ps_ingest *ingest)
{
    if (ingest == NULL)
        return;
    ps_ingest_stop(ingest);
    ps_timer_destroy(ingest->timer);
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

    if (ingest->busy)
        return; /* an earlier term's batch is out: its answer brings another start */
    ingest->epoch = ingest->leadership->epoch;
    ingest->consumer = ps_alloc_format("%s:%" PRId64, daemon->instance, ingest->epoch);
    options.consumer = ingest->consumer;
    ingest->reader = ps_stream_reader_create(daemon->loop, &options, on_entries, ingest, &err);
    if (ingest->reader == NULL) { /* the URL was good enough for the command connection */
        ps_leadership_failed(ingest->leadership, PS_EVENT_RESULT_ERROR, "results are not read",
                             &err);
        return;
    }
    ps_stream_reader_want(ingest->reader, PS_INGEST_BATCH);
    ps_timer_set(ingest->timer, 0);
}

void ps_ingest_stop(struct ps_ingest *ingest)
{
    ingest->epoch = 0;
    ingest->committed = false;
    if (ingest->telling) /* no answer is on its way */
        ingest->telling = ingest->busy = false;
    ps_timer_cancel(ingest->timer);
    ps_stream_reader_destroy(ingest->reader);
    ingest->reader = NULL;
    ps_result_batch_clear(&ingest->now);
    ps_result_batch_clear(&ingest->next);
    free(ingest->consumer);
    ingest->consumer = NULL;
}
