#include "scheduler/io/operator_store.h"
#include "scheduler/io/planner_clock.h"
#include "scheduler/io/poll_private.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum {
    AGAIN_MAX_MS = 5000,
    LOOK_MS = 1000,
    SPACING_MS = 5 * 1000 /* polls that people ask for start so far apart at least */
};
/* Statements of the poll's first transaction after the fence. */
enum { WATCH = 1, CONFIRMED, UNCHECKED, WISHES };

static int64_t now_of(const struct ps_poll *poll)
{
    return ps_loop_now(poll->parts.leadership->daemon->loop);
}

/* The mirrors are read again, which starts the poll again: not at once, so that a server that
 * refuses is not asked in a loop. */
static void on_write_failed(void *cookie, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;
    int64_t again_ms =
        poll->clock.interval_ms < AGAIN_MAX_MS ? poll->clock.interval_ms : AGAIN_MAX_MS;

    (void)err;
    poll->not_before_ms = now_of(poll) + again_ms;
}

void ps_poll_forget_drafts(struct ps_poll *poll)
{
    for (size_t i = 0; i < poll->draft_count; i++)
        free(poll->drafts[i]);
    free(poll->drafts);
    poll->drafts = NULL;
    poll->draft_count = 0;
}

void ps_poll_drop(struct ps_poll *poll)
{
    ps_index_fetch_cancel(poll->fetch);
    ps_index_fetch_cancel(poll->open_std_fetch);
    ps_validators_clear(&poll->open_std_next);
    ps_index_diff_clear(&poll->diff);
    poll->diff = (struct ps_index_diff){ 0 };
    ps_paper_index_destroy(poll->fresh);
    poll->fresh = NULL;
    ps_cycle_destroy(poll->run);
    poll->run = NULL;
    ps_poll_plan_drop(poll);
    ps_control_probes_clear(&poll->controls);
    ps_poll_forget_drafts(poll);
    ps_outbox_rows_clear(&poll->index_rows);
    poll->matching = false;
    ps_outbox_rows_clear(&poll->news);
    free(poll->etag);
    free(poll->modified);
    free(poll->summary);
    poll->etag = poll->modified = poll->summary = NULL;
}

/* Both of the last cycle, on the wall clock: a new leader knows no other. */
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
    int64_t held_ms = poll->not_before_ms - now_of(poll);

    poll->state = PS_POLL_WAITING;
    ps_leader_writer_wait(poll->writer, in_ms > held_ms ? in_ms : held_ms);
}

void ps_poll_sleep(struct ps_poll *poll, int64_t ended_ms)
{
    int64_t in_ms = due_in(poll, poll->started_ms, ended_ms);

    ps_poll_drop(poll);
    PS_LOG(SCHEDULER_SLEEP, F_REAL("seconds", (double)in_ms / 1000));
    wait_until_due(poll, in_ms);
}

static void look(struct ps_poll *poll);

static void on_shed(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_cycle *run = poll->parts.leadership->run;

    for (int i = 0; i < ps_pg_row_count(rows, 1); i++)
        (void)ps_cycle_settle(run, (size_t)ps_pg_int(rows, 1, i, 0, 0), PS_OUTCOME_DEFERRED, 0);
    PS_LOG(PROBE_SHED, F_INT("cycle", poll->cycle), F_INT("cold_probes", ps_pg_row_count(rows, 1)),
           F_TEXT("why", poll->shed_why));
    ps_metrics_add(poll->parts.leadership->daemon->metrics, PS_METRIC_PROBES_SHED, NULL,
                   (double)ps_pg_row_count(rows, 1));
    poll->shed_from = 0;
    look(poll);
}

static void shed(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    ps_store_add_shed(batch, poll->cycle, poll->shed_from);
    ps_leader_writer_run(poll->writer, batch, "probes were not left out", on_shed);
}

void ps_poll_shed(struct ps_poll *poll, size_t from, const char *why)
{
    poll->shed_from = from;
    poll->shed_why = why;
    ps_poll_settled(poll);
}

static void on_hot_told(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;

    (void)rows;
    poll->parts.leadership->run->hot_told = true;
    ps_outbox_relay_kick(poll->parts.relay);
    look(poll);
}

/* News does not wait for the cold probes. */
static void tell_hot(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    ps_store_add_hot_done(batch, poll->cycle);
    ps_leader_writer_run(poll->writer, batch, "the end of the hot probes was not stored",
                         on_hot_told);
}

static void look(struct ps_poll *poll)
{
    int64_t now_ms = ps_clock_wall_ms();
    const struct ps_cycle *run = poll->parts.leadership->run;
    const struct ps_ledger *ledger = &run->ledger;
    enum ps_ledger_next next = ps_ledger_step(ledger, now_ms);

    if (ps_leader_writer_busy(poll->writer))
        return; /* its answer brings another look */
    if (poll->shed_from > 0) {
        shed(poll);
        return;
    }
    if (next == PS_LEDGER_WAIT && !run->hot_told && ps_cycle_hot_done(run)) {
        tell_hot(poll);
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
        ps_poll_close(poll, false);
        return;
    case PS_LEDGER_CLOSE_AT_DEADLINE:
        ps_poll_close(poll, true);
        return;
    }
}

void ps_poll_settled(struct ps_poll *poll)
{
    if (poll->state == PS_POLL_PROBING && ps_leader_writer_leads(poll->writer))
        look(poll);
}

void ps_poll_probe(struct ps_poll *poll)
{
    poll->state = PS_POLL_PROBING;
    poll->shed_from = 0;
    ps_publish_start(poll->parts.publish);
    ps_leader_writer_wait(poll->writer, 0); /* a cycle without probes is over at once */
}

static void on_watch(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    const char **confirmed;
    size_t count;

    ps_watchlists_destroy(leadership->watch);
    leadership->watch = ps_store_read_watch(rows, WATCH);
    count = (size_t)ps_pg_row_count(rows, CONFIRMED);
    confirmed = ps_alloc_zero(count + 1, sizeof(*confirmed));
    for (size_t i = 0; i < count; i++)
        confirmed[i] = ps_pg_text(rows, CONFIRMED, (int)i, 0);
    ps_control_probes_clear(&poll->controls);
    ps_control_probes_make(leadership->daemon->config, confirmed, count, &poll->controls);
    free(confirmed);
    ps_poll_forget_drafts(poll);
    poll->draft_count = (size_t)ps_pg_row_count(rows, UNCHECKED);
    poll->drafts = ps_alloc_zero(poll->draft_count + 1, sizeof(*poll->drafts));
    for (size_t i = 0; i < poll->draft_count; i++)
        poll->drafts[i] = ps_alloc_text(ps_pg_text(rows, UNCHECKED, (int)i, 0));
    leadership->probing_paused = ps_operator_wishes_read(rows, WISHES).paused_ms > 0;
    if (leadership->daemon->config->enable_bulk_wg21 ||
        leadership->daemon->config->enable_bulk_openstd)
        ps_poll_index(poll);
    else
        ps_poll_plan(poll);
}

static void begin(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = poll->wanted ? ps_leader_writer_begin_meta(poll->writer)
                                             : ps_leader_writer_begin(poll->writer);

    poll->state = PS_POLL_PREPARING;
    poll->cycle = poll->parts.leadership->last_cycle + 1;
    poll->started_ms = ps_clock_wall_ms();
    PS_LOG(POLL_START, F_INT("cycle", poll->cycle));
    ps_store_add_watch(batch);
    ps_store_add_confirmed(batch);
    ps_store_add_unchecked(batch);
    ps_operator_add_wishes(batch);
    if (poll->wanted)
        ps_operator_add_poll_begun(batch);
    poll->wanted = false;
    ps_leader_writer_run(poll->writer, batch, "watchlists were not read", on_watch);
}

static void on_timer(void *cookie)
{
    struct ps_poll *poll = cookie;

    if (poll->state == PS_POLL_WAITING)
        begin(poll);
    else if (poll->state == PS_POLL_PROBING)
        look(poll);
    else if (poll->state == PS_POLL_PREPARING && poll->matching)
        ps_poll_match(poll);
    else if (poll->state == PS_POLL_PREPARING && poll->planning != NULL)
        ps_poll_plan_step(poll);
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
    poll->fetch = ps_index_fetch_create(parts->leadership->daemon, PS_INDEX_WG21);
    poll->open_std_fetch = ps_index_fetch_create(parts->leadership->daemon, PS_INDEX_OPENSTD);
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
    ps_index_fetch_destroy(poll->fetch);
    ps_index_fetch_destroy(poll->open_std_fetch);
    ps_validators_clear(&poll->open_std);
    ps_http_destroy(poll->http);
    ps_leader_writer_destroy(poll->writer);
    ps_leader_writer_destroy(poll->withdrawer);
    free(poll);
}

void ps_poll_start(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;

    if (!ps_leader_writer_start(poll->writer))
        return;
    if (leadership->run != NULL) {
        const struct ps_ledger *ledger = &leadership->run->ledger;

        poll->cycle = ledger->cycle;
        poll->started_ms = ledger->started_ms;
        PS_LOG(CYCLE_RESUME, F_INT("cycle", ledger->cycle), F_INT("planned", ledger->planned),
               F_INT("settled", ledger->settled));
        ps_poll_probe(poll);
    } else if (leadership->last_cycle == 0) {
        wait_until_due(poll, 0);
    } else {
        wait_until_due(poll,
                       due_in(poll, leadership->last_started_ms, leadership->last_finished_ms));
    }
}

void ps_poll_now(struct ps_poll *poll)
{
    int64_t in_ms = poll->parts.leadership->last_started_ms + SPACING_MS - ps_clock_wall_ms();

    if (poll->state != PS_POLL_WAITING || poll->wanted)
        return; /* the running poll ends first */
    poll->wanted = true;
    wait_until_due(poll, in_ms < 0 ? 0 : in_ms > SPACING_MS ? SPACING_MS : in_ms);
}

void ps_poll_stop(struct ps_poll *poll)
{
    ps_leader_writer_stop(poll->writer);
    poll->wanted = false;
    poll->state = PS_POLL_STOPPED;
    ps_poll_drop(poll);
}
