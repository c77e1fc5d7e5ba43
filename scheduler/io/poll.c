/* A poll from top to bottom. Most steps end with a transaction and name the next one in its
 * callback, so the file reads in the order in which things happen. plan, probe and wait_for_next
 * write nothing to PostgreSQL; look writes only that the hot probes have ended, or that cold ones
 * are left out.
 *
 * prepare → index_update.c → plan → open_cycle → probe → look … close_cycle → draft_recheck.c →
 * store_end → on_closed → wait_for_next
 *
 * What may go wrong between two steps:
 * - The leadership ends: the writer drops the answer, and ps_poll_stop forgets the poll. The next
 *   leader starts at the last transaction that was committed.
 * - A transaction fails: nobody knows whether it was committed, so the scheduler reads the mirrors
 *   again and calls ps_poll_start. The poll does not start before not_before_ms.
 * - Redis is away: publishing waits (publish.c), and the deadline of the cycle ends it anyway.
 * - A control fails: the cycle is closed as failed, its finds are taken back in the same
 *   transaction, and they are probed again in the next one. */
#include "scheduler/io/poll.h"

#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/draft_recheck.h"
#include "scheduler/io/index_update.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/mirror_load.h"
#include "scheduler/io/operator_store.h"
#include "scheduler/io/planner_clock.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum {
    AGAIN_MAX_MS = 5000,
    LOOK_MS = 1000,
    SPACING_MS = 5 * 1000, /* polls that people ask for are at least this far apart */
    WITHDRAW_LOOKS = 1000, /* stream entries that one call of task_withdraw examines */
    HEARTBEAT_TIMEOUT_MS = 10000
};

/* What the poll is doing. */
enum state {
    STOPPED,
    WAITING, /* until the next poll is due */
    PREPARING,
    PROBING,
    CLOSING
};

/* What the first transaction read for the next cycle. */
struct prepared {
    struct ps_control_probes controls;
    char **drafts; /* that may be probed again */
    size_t draft_count;
};

/* An adaptive plan that is being made, in slices. It copies everything that a callback may replace
 * between two slices. The index and the probe times are not copied, because only the poll changes
 * them. */
struct planning {
    struct ps_adaptive adaptive;
    struct ps_sighting *sightings;
    struct ps_number_set watched;
};

/* The plan, until its cycle is stored. */
struct planned {
    struct ps_cycle *run;
    size_t watched_deferred;
};

/* Cold probes that cannot be published. */
struct shed {
    size_t from; /* position in the plan from which probes are left out; 0: none is */
    const char *why;
};

/* The end of the cycle. */
struct ending {
    bool expired;     /* its deadline passed */
    bool disbelieved; /* a control failed */
    enum ps_cycle_status status;
    const char *error;     /* short name of the failure: "controls", or cause; NULL for none */
    char *cause;           /* the failure in words; NULL for none */
    struct ps_err failure; /* why it could not be run at all */
    char *summary;
};

struct ps_poll {
    struct ps_poll_parts parts;
    struct ps_poll_schedule clock; /* for the pause between polls */
    struct ps_leader_writer *writer;
    struct ps_index_update *index;
    struct ps_draft_recheck *recheck;    /* of the drafts that were probed again */
    struct ps_leader_writer *withdrawer; /* goes on while the next poll waits */
    int64_t withdraw_cycle;              /* whose unread tasks it takes back */
    struct ps_http *http;                /* for HEARTBEAT_URL */
    enum state state;
    bool wanted;           /* an operator asked for the next poll (ps_poll_now) */
    int64_t not_before_ms; /* monotonic; after a failed poll no other one starts before this time */
    int64_t cycle;         /* of this poll */
    int64_t started_ms;    /* wall clock */
    struct prepared prepared;
    struct planning *planning; /* NULL: no adaptive plan is being made */
    struct planned planned;
    struct shed shed;
    struct ending ending;
};

/* The steps of a poll, in this order; beside them what the steps use: shed, forget_planning and
 * report_stats. */
static void prepare(struct ps_poll *poll); /* read watchlists, controls, drafts */
static void plan(void *cookie);            /* and store the cycle */
static void probe(struct ps_poll *poll);   /* publish it; workers do the rest */
static void look(struct ps_poll *poll);    /* is it time for a next step? */
static void shed(struct ps_poll *poll);    /* leave out what cannot be published */
static void close_cycle(struct ps_poll *poll, bool expired);
static void store_end(void *cookie);
static void forget_planning(struct ps_poll *poll);
static void on_closed(void *cookie, const struct ps_pg_rows *rows); /* what follows */
static void wait_for_next(struct ps_poll *poll, int64_t ended_ms);
static void report_stats(struct ps_poll *poll, int64_t ended_ms, const char *error);

/* Sets the earliest time of the next start, so that a server that refuses is not asked in a loop.
 * The writer then reads the mirrors again, which starts the poll. */
static void on_write_failed(void *cookie, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;
    int64_t again_ms =
        poll->clock.interval_ms < AGAIN_MAX_MS ? poll->clock.interval_ms : AGAIN_MAX_MS;

    (void)err;
    poll->not_before_ms = ps_loop_now(poll->parts.leadership->daemon->loop) + again_ms;
}

static void forget_drafts(struct prepared *prepared)
{
    for (size_t i = 0; i < prepared->draft_count; i++)
        free(prepared->drafts[i]);
    free(prepared->drafts);
    prepared->drafts = NULL;
    prepared->draft_count = 0;
}

/* Forgets what an unfinished poll holds. */
static void drop(struct ps_poll *poll)
{
    ps_index_update_cancel(poll->index);
    ps_draft_recheck_cancel(poll->recheck);
    ps_control_probes_clear(&poll->prepared.controls);
    forget_drafts(&poll->prepared);
    forget_planning(poll);
    ps_cycle_destroy(poll->planned.run);
    poll->planned.run = NULL;
    free(poll->ending.summary);
    poll->ending.summary = NULL;
    free(poll->ending.cause);
    poll->ending.cause = NULL;
    poll->ending.error = NULL;
}

/* Wait until a poll is due. */

/* started_ms and ended_ms: start and end of the last cycle. Wall clock, because a new leader has
 * these two times from PostgreSQL only. */
static int64_t due_in(struct ps_poll *poll, int64_t started_ms, int64_t ended_ms)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    int64_t sleep_ms, in_ms;

    ps_poll_schedule_see(&poll->clock, leadership->daemon->config, leadership->index_fetched_ms);
    sleep_ms = ps_poll_schedule_sleep(&poll->clock, started_ms, ended_ms);
    in_ms = ended_ms + sleep_ms - ps_clock_wall_ms();
    return in_ms < 0 ? 0 : in_ms > sleep_ms ? sleep_ms : in_ms;
}

static void wait_until_due(struct ps_poll *poll, int64_t in_ms)
{
    int64_t now_ms = ps_loop_now(poll->parts.leadership->daemon->loop);
    int64_t held_ms = poll->not_before_ms - now_ms;

    poll->state = WAITING;
    ps_leader_writer_wait(poll->writer, in_ms > held_ms ? in_ms : held_ms);
}

/* The poll ended at ended_ms (wall clock). */
static void wait_for_next(struct ps_poll *poll, int64_t ended_ms)
{
    int64_t in_ms = due_in(poll, poll->started_ms, ended_ms);

    drop(poll);
    PS_LOG(SCHEDULER_SLEEP, F_REAL("seconds", (double)in_ms / 1000));
    wait_until_due(poll, in_ms);
}

void ps_poll_now(struct ps_poll *poll)
{
    int64_t in_ms = poll->parts.leadership->last_started_ms + SPACING_MS - ps_clock_wall_ms();

    if (poll->state != WAITING || poll->wanted)
        return; /* the running poll ends first */
    poll->wanted = true;
    wait_until_due(poll, in_ms < 0 ? 0 : in_ms > SPACING_MS ? SPACING_MS : in_ms);
}

/* Step 1: read the watchlists, the drafts that may be controls or be probed again, and what an
 * operator asked for. */

enum { WATCH = 1, CONFIRMED, UNCHECKED, WISHES };

static void on_watch_built(void *cookie, void *job)
{
    struct ps_poll *poll = cookie;
    const struct ps_config *config = poll->parts.leadership->daemon->config;

    ps_watch_load_install(job, poll->parts.leadership);
    if (config->enable_bulk_wg21 || config->enable_bulk_openstd)
        ps_index_update_start(poll->index, poll->cycle, poll->started_ms);
    else
        plan(poll);
}

static void on_prepared(void *cookie, const struct ps_pg_rows *rows)
{
    static const struct ps_leader_work work = { ps_watch_load_work, on_watch_built,
                                                ps_watch_load_destroy };
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    const char **confirmed;
    size_t count;

    count = (size_t)ps_pg_row_count(rows, CONFIRMED);
    confirmed = ps_alloc_zero(count + 1, sizeof(*confirmed));
    for (size_t i = 0; i < count; i++)
        confirmed[i] = ps_pg_text(rows, CONFIRMED, (int)i, 0);
    ps_control_probes_clear(&poll->prepared.controls);
    ps_control_probes_make(leadership->daemon->config, confirmed, count, &poll->prepared.controls);
    free(confirmed);
    forget_drafts(&poll->prepared);
    poll->prepared.draft_count = (size_t)ps_pg_row_count(rows, UNCHECKED);
    poll->prepared.drafts =
        ps_alloc_zero(poll->prepared.draft_count + 1, sizeof(*poll->prepared.drafts));
    for (size_t i = 0; i < poll->prepared.draft_count; i++)
        poll->prepared.drafts[i] = ps_alloc_text(ps_pg_text(rows, UNCHECKED, (int)i, 0));
    leadership->probing_paused = ps_operator_wishes_read(rows, WISHES).paused_ms > 0;
    ps_leader_writer_work(poll->writer, &work, ps_watch_load_create(leadership, rows, WATCH));
}

static void prepare(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = poll->wanted ? ps_leader_writer_begin_meta(poll->writer)
                                             : ps_leader_writer_begin(poll->writer);

    poll->state = PREPARING;
    poll->cycle = poll->parts.leadership->last_cycle + 1;
    poll->started_ms = ps_clock_wall_ms();
    PS_LOG(POLL_START, F_INT("cycle", poll->cycle));
    ps_sql_watch_read(batch);
    ps_sql_drafts_confirmed(batch);
    ps_sql_drafts_unchecked(batch);
    ps_operator_add_wishes(batch);
    if (poll->wanted)
        ps_sql_poll_begun(batch);
    poll->wanted = false;
    ps_leader_writer_run(poll->writer, batch, "watchlists were not read", on_prepared);
}

/* Step 2: bring the index up to date. */

static void on_failed_cycle(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;

    (void)rows;
    leadership->last_cycle = poll->cycle;
    leadership->last_started_ms = poll->started_ms;
    leadership->last_finished_ms = ps_clock_wall_ms();
    free(poll->ending.summary);
    poll->ending.summary = NULL;
    poll->ending.status = PS_CYCLE_FAILED;
    report_stats(poll, leadership->last_finished_ms, poll->ending.failure.what);
    ps_metrics_add(leadership->daemon->metrics, PS_METRIC_CYCLES,
                   ps_cycle_status_name(PS_CYCLE_FAILED), 1);
    ps_cycle_trace_failed(leadership, poll->cycle, poll->started_ms, poll->ending.failure.what);
    wait_for_next(poll, leadership->last_finished_ms);
}

/* There is neither an index nor a stored copy: stores a failed cycle. */
static void on_no_index(void *cookie, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;
    struct ps_pg_batch *batch = ps_leader_writer_begin_meta(poll->writer);

    poll->ending.failure = *err;
    ps_leadership_failed(poll->parts.leadership, PS_EVENT_POLL_ERROR,
                         "the index was not loaded and no copy of it is stored", err);
    poll->state = CLOSING;
    ps_store_add_failed_cycle(batch, ps_leader_writer_epoch(poll->writer), poll->cycle,
                              poll->started_ms, err->what);
    ps_store_add_settings(batch, poll->cycle, poll->parts.leadership->daemon->config);
    ps_leader_writer_run(poll->writer, batch, "the failed cycle was not stored", on_failed_cycle);
}

/* Step 3: plan, and store the cycle with its probes and controls. The adaptive planner works in
 * slices, one in each turn of the loop, so that the lease is renewed meanwhile, however large the
 * index is. */

static void on_cycle(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_ledger *ledger;

    (void)rows;
    leadership->run = poll->planned.run;
    poll->planned.run = NULL;
    ledger = &leadership->run->ledger;
    leadership->last_cycle = ledger->cycle;
    leadership->last_started_ms = ledger->started_ms;
    leadership->last_finished_ms = 0;
    ps_stats_changed(poll->parts.stats); /* the index is new, or was seen again */
    PS_LOG(PROBE_START, F_INT("cycle", ledger->cycle), F_INT("planned", ledger->planned),
           F_INT("hot_probes", ledger->hot), F_INT("cold_probes", ledger->cold),
           F_INT("watched_deferred", poll->planned.watched_deferred),
           F_BOOL("silent", leadership->run->silent));
    ps_cycle_trace_planned(leadership);
    probe(poll);
}

static void open_cycle(struct ps_poll *poll, const struct ps_plan *made)
{
    struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_config *config = leadership->daemon->config;
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);
    struct ps_cycle *run = ps_cycle_create();

    poll->planned.watched_deferred = made->watched_deferred;
    poll->planned.run = run;
    run->silent = leadership->last_good_ms == 0;
    for (size_t i = 0; i < made->len; i++)
        ps_cycle_add(run, &made->items[i]);
    run->ledger = (struct ps_ledger){ .cycle = poll->cycle,
                                      .started_ms = poll->started_ms,
                                      .deadline_ms = ps_ledger_deadline_ms(config, poll->started_ms,
                                                                           made->len),
                                      .planned = made->len,
                                      .hot = made->hot,
                                      .cold = made->cold,
                                      .skipped_discovered = made->skipped_discovered,
                                      .skipped_in_index = made->skipped_in_index };
    if (made->len > 0) {
        ps_control_probes_add_rechecks(config, made, (const char *const *)poll->prepared.drafts,
                                       poll->prepared.draft_count, &poll->prepared.controls);
        run->controls = poll->prepared.controls;
        poll->prepared.controls = (struct ps_control_probes){ .len = 0 };
    }
    forget_drafts(&poll->prepared);
    ps_store_add_cycle(batch, ps_leader_writer_epoch(poll->writer), run);
    ps_store_add_settings(batch, poll->cycle, config);
    ps_leader_writer_run(poll->writer, batch, "the cycle was not stored", on_cycle);
}

static void plan_classic(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    struct ps_plan made;

    ps_plan_make(&(struct ps_plan_input){ .config = leadership->daemon->config,
                                          .index = leadership->index,
                                          .discovered = leadership->discovered,
                                          .watched = ps_watchlists_numbers(leadership->watch),
                                          .cycle = poll->cycle,
                                          .today = (int32_t)(poll->started_ms / PS_DAY_MS) },
                 &made);
    open_cycle(poll, &made);
    ps_plan_clear(&made);
}

static void forget_planning(struct ps_poll *poll)
{
    if (poll->planning == NULL)
        return;
    ps_adaptive_clear(&poll->planning->adaptive);
    ps_number_set_clear(&poll->planning->watched);
    free(poll->planning->sightings);
    free(poll->planning);
    poll->planning = NULL;
}

static void begin_adaptive(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_number_set *watched = ps_watchlists_numbers(leadership->watch);
    struct planning *planning = ps_alloc_zero(1, sizeof(*planning));
    struct ps_adaptive_source source = { .config = leadership->daemon->config,
                                         .index = leadership->index,
                                         .probed = leadership->probed,
                                         .watched = &planning->watched,
                                         .now_ms = ps_planner_clock_at(poll->started_ms) };

    if (leadership->last_started_ms != 0)
        source.last_ms = ps_planner_clock_at(leadership->last_started_ms);
    planning->sightings =
        ps_sightings_of(leadership->discovered, source.config, &source.sighting_count);
    for (size_t i = 0; i < source.sighting_count; i++)
        if (planning->sightings[i].at_ms != 0)
            planning->sightings[i].at_ms = ps_planner_clock_at(planning->sightings[i].at_ms);
    source.sightings = planning->sightings;
    ps_number_set_init(&planning->watched);
    for (size_t i = 0; i < watched->len; i++)
        ps_number_set_add(&planning->watched, watched->items[i]);
    ps_adaptive_begin(&source, &planning->adaptive);
    forget_planning(poll);
    poll->planning = planning;
    ps_leader_writer_wait(poll->writer, 0);
}

static void plan_slice(struct ps_poll *poll)
{
    struct ps_plan made;

    if (ps_adaptive_step(&poll->planning->adaptive)) {
        ps_leader_writer_wait(poll->writer, 0);
        return;
    }
    ps_adaptive_plan_make(&poll->planning->adaptive, poll->parts.leadership->daemon->config, &made);
    forget_planning(poll);
    open_cycle(poll, &made);
    ps_plan_clear(&made);
}

static void plan(void *cookie)
{
    struct ps_poll *poll = cookie;
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_config *config = leadership->daemon->config;
    const struct ps_plan nothing = { .len = 0 };

    if (!config->enable_iso_probe || leadership->probing_paused)
        open_cycle(poll, &nothing);
    else if (ps_config_adaptive(config))
        begin_adaptive(poll);
    else
        plan_classic(poll);
}

/* Step 4: publish the probes, and wait for their results. After each stored batch of results
 * (ps_poll_settled), and when the timer fires, the poll checks whether the cycle is complete. */

static void probe(struct ps_poll *poll)
{
    poll->state = PROBING;
    poll->shed.from = 0;
    ps_publish_start(poll->parts.publish);
    ps_leader_writer_wait(poll->writer, 0); /* a cycle without probes is over at once */
}

static void on_hot_released(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;

    (void)rows;
    poll->parts.leadership->run->hot_released = true;
    ps_outbox_relay_kick(poll->parts.relay);
    look(poll);
}

static void look(struct ps_poll *poll)
{
    int64_t now_ms = ps_clock_wall_ms();
    const struct ps_cycle *run = poll->parts.leadership->run;
    const struct ps_ledger *ledger = &run->ledger;
    enum ps_ledger_next next = ps_ledger_step(ledger, now_ms);
    struct ps_pg_batch *batch;

    if (ps_leader_writer_busy(poll->writer))
        return; /* its answer brings another look */
    if (poll->shed.from > 0) {
        shed(poll);
        return;
    }
    if (next == PS_LEDGER_WAIT && !run->hot_released && ps_cycle_hot_done(run)) {
        /* Finds of hot probes are announced without waiting for the cold ones. */
        batch = ps_leader_writer_begin(poll->writer);
        ps_sql_cycle_hot_done(batch, poll->cycle);
        ps_leader_writer_run(poll->writer, batch, "the end of the hot probes was not stored",
                             on_hot_released);
        return;
    }
    if (next == PS_LEDGER_CLOSE && now_ms < ledger->deadline_ms &&
        !ps_control_probes_settled(&run->controls))
        next = PS_LEDGER_WAIT;
    switch (next) {
    case PS_LEDGER_WAIT:
        ps_leader_writer_wait(poll->writer, ledger->deadline_ms - now_ms < LOOK_MS
                                                ? ledger->deadline_ms - now_ms
                                                : LOOK_MS);
        return;
    case PS_LEDGER_CLOSE:
        close_cycle(poll, false);
        return;
    case PS_LEDGER_CLOSE_AT_DEADLINE:
        close_cycle(poll, true);
        return;
    }
}

void ps_poll_settled(struct ps_poll *poll)
{
    if (poll->state == PROBING && ps_leader_writer_leads(poll->writer))
        look(poll);
}

static void on_shed(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_cycle *run = poll->parts.leadership->run;

    for (int i = 0; i < ps_pg_row_count(rows, 1); i++)
        (void)ps_cycle_settle(run, (size_t)ps_pg_int(rows, 1, i, 0, 0), PS_OUTCOME_DEFERRED, 0);
    PS_LOG(PROBE_SHED, F_INT("cycle", poll->cycle), F_INT("cold_probes", ps_pg_row_count(rows, 1)),
           F_TEXT("why", poll->shed.why));
    ps_metrics_add(poll->parts.leadership->daemon->metrics, PS_METRIC_PROBES_SHED, NULL,
                   (double)ps_pg_row_count(rows, 1));
    poll->shed.from = 0;
    look(poll);
}

static void shed(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    ps_sql_probes_shed(batch, poll->cycle, (int64_t)poll->shed.from);
    ps_leader_writer_run(poll->writer, batch, "probes were not left out", on_shed);
}

void ps_poll_shed(struct ps_poll *poll, size_t from, const char *why)
{
    poll->shed.from = from;
    poll->shed.why = why;
    ps_poll_settled(poll);
}

/* Step 5: close the cycle. At its deadline open probes become errors first; then drafts that were
 * probed again are compared with what is stored; then one transaction stores the end. */

enum { EXPIRED = 1, COUNTS };

/* A cycle that is not believed proves nothing about its rechecked drafts either. */
static void check_drafts(struct ps_poll *poll)
{
    const struct ps_control_probes *controls = &poll->parts.leadership->run->controls;
    char *fault = ps_run_fault(poll->parts.leadership->run);
    bool drafts = false;

    ps_draft_recheck_cancel(poll->recheck);
    for (size_t i = 0; i < controls->len; i++)
        drafts = drafts || controls->items[i].kind != PS_CONTROL_ABSENT;
    if (fault == NULL && drafts)
        ps_draft_recheck_start(poll->recheck, poll->cycle, poll->started_ms);
    else
        store_end(poll);
    free(fault);
}

static void on_expired(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_ledger *ledger;

    ledger = &poll->parts.leadership->run->ledger;
    PS_LOG(PROBE_ERR, F_INT("cycle", ledger->cycle),
           F_INT("without_result", ps_pg_row_count(rows, EXPIRED)),
           F_TEXT("failure_category", ps_failure_name(PS_FAILURE_TIMEOUT)));
    /* Use PostgreSQL's counts: a transaction with results may be committed although its answer was
     * lost. */
    memset(ledger->outcomes, 0, sizeof(ledger->outcomes));
    ledger->settled = ledger->forbidden = 0;
    for (int i = 0; i < ps_pg_row_count(rows, COUNTS); i++) {
        enum ps_outcome outcome;

        if (ps_outcome_parse(ps_str_of(ps_pg_text(rows, COUNTS, i, PS_SQL_OUTCOMES_COUNT_OUTCOME)),
                             &outcome))
            ps_ledger_settle(ledger, outcome,
                             (size_t)ps_pg_int(rows, COUNTS, i, PS_SQL_OUTCOMES_COUNT_PROBES, 0));
        ledger->forbidden += (size_t)ps_pg_int(rows, COUNTS, i, PS_SQL_OUTCOMES_COUNT_FORBIDDEN, 0);
    }
    check_drafts(poll);
}

static void close_cycle(struct ps_poll *poll, bool expired)
{
    struct ps_pg_batch *batch;

    poll->state = CLOSING;
    poll->ending.expired = expired;
    ps_publish_stop(poll->parts.publish);
    if (!expired) {
        check_drafts(poll);
        return;
    }
    batch = ps_leader_writer_begin(poll->writer);
    ps_sql_probes_expire(batch, poll->cycle);
    ps_sql_outcomes_count(batch, poll->cycle);
    ps_leader_writer_run(poll->writer, batch, "the cycle's open probes were not settled",
                         on_expired);
}

static void log_controls(const struct ps_cycle *run, const char *fault)
{
    const struct ps_control_probes *controls = &run->controls;

    for (size_t i = 0; i < controls->len; i++) {
        const struct ps_control_probe *control = &controls->items[i];

        if (control->kind == PS_CONTROL_RECHECK)
            continue;
        PS_LOG(CONTROL_FAILED, F_INT("cycle", run->ledger.cycle), F_TEXT("what", fault),
               F_TEXT("url", control->url), F_TEXT("expected", ps_control_kind_name(control->kind)),
               F_TEXT("outcome", control->settled ? ps_outcome_name(control->outcome) : "none"));
    }
}

static void store_end(void *cookie)
{
    struct ps_poll *poll = cookie;
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_cycle *run = leadership->run;
    struct ps_pg_batch *batch = ps_leader_writer_begin_meta(poll->writer);
    double ratio = leadership->daemon->config->cycle_fail_error_ratio;
    char *cause = ps_run_fault(run);

    poll->ending.disbelieved = cause != NULL;
    if (cause != NULL) {
        poll->ending.status = PS_CYCLE_FAILED;
        poll->ending.error = "controls";
        log_controls(run, cause);
    } else {
        poll->ending.status = ps_ledger_status(&run->ledger, ratio);
        poll->ending.error = cause = ps_ledger_failure(&run->ledger, ratio);
    }
    ps_draft_recheck_store(poll->recheck, batch);
    free(poll->ending.cause);
    poll->ending.cause = cause;
    free(poll->ending.summary);
    poll->ending.summary = ps_ledger_summary(&run->ledger, poll->ending.status, ps_clock_wall_ms());
    if (ps_config_adaptive(leadership->daemon->config) && !poll->ending.disbelieved)
        ps_store_add_asked(batch, run->ledger.cycle);
    ps_store_add_close(
        batch, run,
        &(struct ps_store_end){ .status = poll->ending.status,
                                .summary = poll->ending.summary,
                                .error = poll->ending.error,
                                .cause = cause,
                                .disbelieved = poll->ending.disbelieved,
                                .probes_kept = ps_config_adaptive(leadership->daemon->config)
                                                   ? PS_STORE_PROBES_KEPT_ADAPTIVE
                                                   : PS_STORE_PROBES_KEPT });
    ps_leader_writer_run(poll->writer, batch, "the cycle was not closed", on_closed);
}

/* After the cycle is closed. */

static void withdraw(struct ps_poll *poll, const char *after);

static void on_withdrawn(void *cookie, const struct redisReply *reply)
{
    struct ps_poll *poll = cookie;
    const char *after;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return; /* no second try: workers end tasks of a closed cycle without a request */
    after = ps_redis_reply_text(reply->element[1], NULL);
    if (after != NULL && after[0] != '\0')
        withdraw(poll, after);
}

/* Withdraws those tasks of a cycle that no worker has read when its deadline passes. */
static void withdraw(struct ps_poll *poll, const char *after)
{
    struct ps_script_args args;

    ps_leader_writer_args(poll->withdrawer, &args);
    ps_script_args_text(&args, PS_GROUP_WORKERS);
    ps_script_args_int(&args, poll->withdraw_cycle);
    ps_script_args_int(&args, WITHDRAW_LOOKS);
    ps_script_args_text(&args, after);
    ps_leader_writer_script(poll->withdrawer,
                            &(struct ps_leader_script){ .script = PS_SCRIPT_TASK_WITHDRAW,
                                                        .keys = { PS_KEY_TASKS },
                                                        .what = "tasks were not withdrawn",
                                                        .fn = on_withdrawn,
                                                        .optional = true },
                            &args);
}

static void on_heartbeat(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;
    struct ps_err failed;

    if (err == NULL && reply->status >= 200 && reply->status < 400)
        return;
    if (err == NULL) {
        (void)ps_fail(&failed, ps_failure_of_status(reply->status), reply->status,
                      "HEARTBEAT_URL answered %d", reply->status);
        err = &failed;
    }
    ps_leadership_failed(poll->parts.leadership, PS_EVENT_HEARTBEAT_ERROR, "HEARTBEAT_URL", err);
}

static void call_heartbeat_url(struct ps_poll *poll)
{
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = poll->parts.leadership->daemon->config->heartbeat_url,
                                       .timeout_ms = HEARTBEAT_TIMEOUT_MS,
                                       .max_body = 1024,
                                       .truncate_body = true };
    struct ps_err err;

    /* In SHADOW mode HEARTBEAT_URL is not called: the monitor would take the shadow for the
     * service. */
    if (request.url[0] != '\0' && !poll->parts.leadership->daemon->config->shadow &&
        ps_http_send(poll->http, &request, on_heartbeat, poll, &err) == NULL)
        ps_leadership_failed(poll->parts.leadership, PS_EVENT_HEARTBEAT_ERROR, "HEARTBEAT_URL",
                             &err);
}

static void log_end(const struct ps_poll *poll, const struct ps_ledger *ledger, int64_t ended_ms)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    double seconds = (double)(ended_ms - poll->started_ms) / 1000;

    PS_LOG(PROBE_DONE, F_INT("cycle", ledger->cycle), F_INT("planned", ledger->planned),
           F_INT("settled", ledger->settled), F_BOOL("deadline", poll->ending.expired));
    PS_LOG(PROBE_CYCLE_SUMMARY, F_OBJECT(poll->ending.summary));
    PS_LOG(POLL_DONE, F_INT("cycle", ledger->cycle),
           F_TEXT("status", ps_cycle_status_name(poll->ending.status)),
           F_INT("papers", ps_paper_index_len(leadership->index)), F_REAL("seconds", seconds));
    ps_metrics_add(leadership->daemon->metrics, PS_METRIC_CYCLES,
                   ps_cycle_status_name(poll->ending.status), 1);
    ps_metrics_observe(leadership->daemon->metrics, PS_METRIC_CYCLE_SECONDS,
                       seconds > 0 ? seconds : 0);
}

/* Call it before log_end: a reader of the log line then finds the cycle in /health. */
static void report_stats(struct ps_poll *poll, int64_t ended_ms, const char *error)
{
    const struct ps_url_set *discovered = poll->parts.leadership->discovered;
    const struct ps_stats_cycle cycle = { .status = poll->ending.status,
                                          .started_ms = poll->started_ms,
                                          .finished_ms = ended_ms,
                                          .error = error,
                                          .summary = poll->ending.summary,
                                          .discovered = (int64_t)ps_url_set_len(discovered) };

    ps_stats_closed(poll->parts.stats, &cycle);
}

/* Updates the mirror of probe_times as ps_store_add_asked updated the table. */
static void remember_asked(struct ps_leadership *leadership)
{
    const struct ps_config *config = leadership->daemon->config;
    const struct ps_cycle *run = leadership->run;

    for (size_t i = 0; i < run->len; i++) {
        const struct ps_cycle_probe *probe = &run->items[i];
        uint8_t variant = ps_variant_of(config, probe->prefix, probe->ext);

        if (probe->answered && variant != PS_VARIANT_OTHER)
            ps_probe_times_set(leadership->probed,
                               ps_draft_key_of(probe->number, probe->revision, variant),
                               ps_planner_clock_at(run->ledger.started_ms));
    }
}

static void on_closed(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    int64_t ended_ms = ps_clock_wall_ms();

    ps_draft_recheck_log_stored(poll->recheck, rows);
    report_stats(poll, ended_ms, poll->ending.error);
    log_end(poll, &leadership->run->ledger, ended_ms);
    leadership->last_finished_ms = ended_ms;
    if (ps_config_adaptive(leadership->daemon->config) && !poll->ending.disbelieved)
        remember_asked(leadership);
    ps_cycle_destroy(leadership->run);
    leadership->run = NULL;
    if (poll->ending.status != PS_CYCLE_FAILED) {
        leadership->last_good_ms = ended_ms;
        call_heartbeat_url(poll);
    }
    ps_outbox_relay_kick(poll->parts.relay);
    ps_signals_send(leadership->daemon->signals, PS_SIGNAL_LIBRARY); /* drafts that changed */
    if (poll->ending.expired) {
        (void)ps_leader_writer_start(poll->withdrawer);
        poll->withdraw_cycle = poll->cycle;
        withdraw(poll, "");
    }
    wait_for_next(poll, ended_ms);
    if (poll->ending.disbelieved)
        ps_leadership_overtaken(leadership); /* its finds are no longer stored */
}

/* The life of the poll. */

static void on_timer(void *cookie)
{
    struct ps_poll *poll = cookie;

    if (poll->state == WAITING)
        prepare(poll);
    else if (poll->state == PROBING)
        look(poll);
    else if (poll->state == PREPARING && poll->planning != NULL)
        plan_slice(poll);
}

struct ps_poll *ps_poll_create(const struct ps_poll_parts *parts)
{
    struct ps_poll *poll = ps_alloc_zero(1, sizeof(*poll));
    const struct ps_daemon *daemon = parts->leadership->daemon;
    int64_t cooldown_ms = (int64_t)(daemon->config->poll_overrun_cooldown_seconds * 1000);

    poll->parts = *parts;
    ps_poll_schedule_init(&poll->clock,
                          ps_planner_clock_span(ps_config_poll_interval_ms(daemon->config)),
                          cooldown_ms, ps_loop_now(daemon->loop));
    poll->writer =
        ps_leader_writer_create(&(struct ps_leader_writer_options){ .leadership = parts->leadership,
                                                                    .cookie = poll,
                                                                    .event = PS_EVENT_POLL_ERROR,
                                                                    .step = on_timer,
                                                                    .on_failed = on_write_failed,
                                                                    .mirrors = true });
    poll->withdrawer = ps_leader_writer_create(&(struct ps_leader_writer_options){
        .leadership = parts->leadership, .cookie = poll, .event = PS_EVENT_REDIS_ERROR });
    poll->index = ps_index_update_create(
        &(struct ps_index_update_options){ .leadership = parts->leadership,
                                           .cookie = poll,
                                           .interval_ms = poll->clock.interval_ms,
                                           .done = plan,
                                           .unavailable = on_no_index,
                                           .write_failed = on_write_failed });
    poll->recheck = ps_draft_recheck_create(
        &(struct ps_draft_recheck_options){ .leadership = parts->leadership,
                                            .cookie = poll,
                                            .done = store_end,
                                            .write_failed = on_write_failed });
    poll->http = ps_http_create(
        daemon->loop, &(struct ps_http_options){ .user_agent = daemon->user_agent,
                                                 .proxy = daemon->config->http_proxy_url,
                                                 .no_proxy = daemon->config->http_proxy_except,
                                                 .allow_private = true, /* operator's choice */
                                                 .ca_file = daemon->config->http_ca_file });
    return poll;
}

void ps_poll_destroy(struct ps_poll *poll)
{
    if (poll == NULL)
        return;
    ps_poll_stop(poll);
    ps_index_update_destroy(poll->index);
    ps_draft_recheck_destroy(poll->recheck);
    ps_http_destroy(poll->http);
    ps_leader_writer_destroy(poll->writer);
    ps_leader_writer_destroy(poll->withdrawer);
    free(poll);
}

void ps_poll_start(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;

    if (ps_index_update_busy(poll->index) || ps_draft_recheck_busy(poll->recheck) ||
        !ps_leader_writer_start(poll->writer))
        return;
    if (leadership->run != NULL) {
        const struct ps_ledger *ledger = &leadership->run->ledger;

        poll->cycle = ledger->cycle;
        poll->started_ms = ledger->started_ms;
        PS_LOG(CYCLE_RESUME, F_INT("cycle", ledger->cycle), F_INT("planned", ledger->planned),
               F_INT("settled", ledger->settled));
        probe(poll);
    } else if (leadership->last_cycle == 0) {
        wait_until_due(poll, 0);
    } else {
        wait_until_due(poll,
                       due_in(poll, leadership->last_started_ms, leadership->last_finished_ms));
    }
}

void ps_poll_stop(struct ps_poll *poll)
{
    ps_leader_writer_stop(poll->writer);
    poll->wanted = false;
    poll->state = STOPPED;
    drop(poll);
}
