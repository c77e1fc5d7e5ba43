#include "notifier/io/command_runner.h"

#include "embedded/notifier_sql.h"
#include "notifier/io/command_queries.h"
#include "notifier/io/watchlist_store.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/library_sync.h"
#include "shared/io/log.h"
#include "shared/io/signal_look.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    SWEEP_MS = 2000,
    SWEEP_SELDOM_MS = 60 * 1000, /* with signals, and no command was stored lately */
    ABANDONED_MS = 10 * 1000,    /* as in sql_open: after that another notifier takes a command */
    SIGNALLED_MS = ABANDONED_MS + 2 * SWEEP_MS,
    EARLY_MS = 100, /* pause before a command is tried again that another notifier's comes before */
    SWEPT_MAX = 32, /* works of one sweep; none is made while there are as many */
    REFILL_AT = SWEPT_MAX / 2, /* a backlog is swept on as soon as so few works are left */
    WORKS_MAX = 256,
    CLEAN_MS = 3600 * 1000,
    LIBRARY_IDLE_MS = 600 * 1000 /* of the papers and drafts in memory, some 14 MB */
};

struct ps_command_runner {
    struct ps_command_runner_options options;
    struct ps_signal_look *sweep;
    struct ps_library_sync *library;
    struct work *list; /* in the order in which the people gave them */
    size_t works;
    size_t wanted; /* rows that the running sweep may take */
    bool backlog;  /* the last sweep took as many as it was allowed to, and no sweep runs */
    int64_t cleaned_ms;
    int64_t stored_ms; /* monotonic: when a command was stored or tried last, by any notifier */
    bool draining;
};

/* One command that is being answered. A person's commands run one at a time and in their order,
 * because a command may refer to the one before, and its answer must not arrive first. The list
 * holds that order for the commands that this notifier received, PostgreSQL for those of several
 * (PS_PG_ERR_EARLY). */
struct work {
    struct ps_command_runner *runner;
    char *event, *user;
    enum ps_place place;
    enum ps_source source;
    struct ps_user_command ask;
    bool give_up;
    int64_t begun_ms;
    struct ps_timer *again; /* begins the work after a pause; NULL until it is needed */
    struct work *prev, *next;
};

static void begin_work(struct work *work);

static void work_destroy(struct work *work)
{
    DL_DELETE(work->runner->list, work);
    work->runner->works--;
    ps_timer_destroy(work->again);
    free(work->event);
    free(work->user);
    free(work);
}

static struct work *first_of(const struct ps_command_runner *runner, const char *user)
{
    struct work *work;

    DL_FOREACH (runner->list, work)
        if (strcmp(work->user, user) == 0)
            return work;
    return NULL;
}

/* Sweeps again at once while there is a backlog. With the timer alone a burst of 10,000 commands
 * took five minutes, although the notifiers were idle. */
static void refill(struct ps_command_runner *runner)
{
    if (runner->backlog && runner->works <= REFILL_AT && !runner->draining) {
        runner->backlog = false;
        ps_signal_look_rest(runner->sweep, 0);
    }
}

/* Destroys work; the person's next one begins. */
static void work_done(struct work *work)
{
    struct ps_command_runner *runner = work->runner;
    char *user = ps_alloc_text(work->user);
    struct work *next;

    work_destroy(work);
    next = runner->draining ? NULL : first_of(runner, user);
    if (next != NULL)
        begin_work(next);
    free(user);
    refill(runner);
}

/* Destroys work and the later commands of the same person. The next sweep finds them in the order
 * in which they were given. */
static void work_failed(struct work *work, const struct ps_err *err)
{
    struct ps_command_runner *runner = work->runner;
    char *user = ps_alloc_text(work->user);

    PS_LOG(COMMAND_ERROR, F_TEXT("command", ps_user_command_name(work->ask.kind)),
           F_TEXT("event_id", work->event), F_ERR(err));
    do {
        work_destroy(work);
        work = first_of(runner, user);
    } while (work != NULL);
    free(user);
}

static void on_again(void *cookie)
{
    struct work *work = cookie;

    if (!work->runner->draining)
        begin_work(work);
}

/* An earlier command of the same person is not answered: another notifier has it, or it comes later
 * in the list because its transaction took longer. So this work goes behind the person's others,
 * and whichever is first then is tried after a pause. */
static void work_early(struct work *work)
{
    struct ps_command_runner *runner = work->runner;
    struct work *first;

    DL_DELETE(runner->list, work);
    DL_APPEND(runner->list, work);
    first = first_of(runner, work->user);
    if (first->again == NULL)
        first->again = ps_timer_create(runner->options.loop, on_again, first);
    ps_timer_set(first->again, EARLY_MS);
}

static void on_answered(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct work *work = cookie;
    struct ps_command_runner *runner = work->runner;

    (void)rows;
    if (err != NULL && err->code == PS_PG_ERR_EARLY) {
        work_early(work);
    } else if (err != NULL) {
        work_failed(work, err);
    } else {
        const char *name = ps_user_command_name(work->ask.kind);

        ps_signals_send(runner->options.signals, PS_SIGNAL_OUTBOX);
        if (work->source != PS_SOURCE_MESSAGE)
            runner->options.home(runner->options.cookie, work->user);
        ps_metrics_add(runner->options.metrics, PS_METRIC_SLACK_COMMANDS, name, 1);
        PS_LOG(COMMAND_DONE, F_TEXT("command", name), F_TEXT("place", ps_place_name(work->place)),
               F_INT("took_ms", ps_loop_now(runner->options.loop) - work->begun_ms));
        work_done(work);
    }
}

static struct ps_pg_batch *begin(const struct work *work)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_event_take(batch, work->event);
    return batch;
}

/* Clears reply. */
static void answer(struct work *work, struct ps_command_reply *reply)
{
    struct ps_pg_batch *batch = begin(work);

    for (size_t i = 0; i < reply->len; i++)
        ps_sql_event_answer(batch, work->event, (int64_t)i, reply->parts[i]);
    ps_command_reply_clear(reply);
    ps_pg_run(work->runner->options.pg, batch, on_answered, work);
}

static void on_read(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct work *work = cookie;
    const struct ps_command_runner_options *options = &work->runner->options;
    const struct ps_command_queries_now now = { .wall_ms = ps_clock_wall_ms(),
                                                .depth = options->depth(options->cookie),
                                                .circuit = options->circuit(options->cookie),
                                                .config = options->config };
    struct ps_command_reply reply = { .len = 0 };

    if (err != NULL) {
        work_failed(work, err);
        return;
    }
    ps_command_queries_reply(&work->ask, rows, &now, &reply);
    answer(work, &reply);
}

static void on_library(void *cookie, struct ps_library *library, const struct ps_err *err)
{
    struct work *work = cookie;
    struct ps_command_reply reply = { .len = 0 };

    if (err != NULL) {
        work_failed(work, err);
        return;
    }
    ps_command_queries_search(&work->ask, library, &reply);
    answer(work, &reply);
}

static void run(struct work *work)
{
    const struct ps_command_runner_options *options = &work->runner->options;
    struct ps_command_reply reply = { .len = 0 };
    struct ps_pg_batch *batch;

    switch (work->ask.kind) {
    case PS_USER_COMMAND_HELP:
        ps_command_reply_help(work->place, &reply);
        break;
    case PS_USER_COMMAND_VERSION:
        ps_command_reply_version(PS_VERSION, &reply);
        break;
    case PS_USER_COMMAND_UPTIME:
        ps_command_reply_uptime(options->launched_ms, ps_clock_wall_ms(), &reply);
        break;
    case PS_USER_COMMAND_HELLO:
        ps_command_reply_hello(&reply);
        break;
    case PS_USER_COMMAND_UNKNOWN:
        ps_command_reply_unknown(&work->ask, &reply);
        break;
    case PS_USER_COMMAND_WRONG:
        ps_command_reply_wrong(&work->ask, &reply);
        break;
    case PS_USER_COMMAND_STATUS:
    case PS_USER_COMMAND_LIST:
    case PS_USER_COMMAND_WHY:
        ps_pg_run(options->pg, ps_command_queries_batch(&work->ask, work->user), on_read, work);
        return;
    case PS_USER_COMMAND_SEARCH:
        ps_library_sync_want(work->runner->library, on_library, work);
        return;
    case PS_USER_COMMAND_ADD:
    case PS_USER_COMMAND_REMOVE:
    case PS_USER_COMMAND_MUTE:
    case PS_USER_COMMAND_UNMUTE:
    case PS_USER_COMMAND_DIGEST_DAILY:
    case PS_USER_COMMAND_DIGEST_OFF:
    case PS_USER_COMMAND_DIGEST_NOW:
        batch = begin(work);
        ps_watch_change(batch, work->event, work->user, &work->ask);
        ps_pg_run(options->pg, batch, on_answered, work);
        return;
    case PS_USER_COMMAND_COUNT:
        break;
    }
    answer(work, &reply);
}

/* A time of a clock is read where the person lives. */
static void on_zone(void *cookie, const struct ps_people_zone *zone)
{
    struct work *work = cookie;

    ps_user_command_set_zone(&work->ask, zone->name, zone->offset_ms, ps_clock_wall_ms());
    run(work);
}

static void begin_work(struct work *work)
{
    struct ps_command_reply reply = { .len = 0 };

    work->begun_ms = ps_loop_now(work->runner->options.loop);
    switch (ps_user_command_permission(work->ask.kind, work->place)) {
    case PS_USER_COMMAND_RUN:
        if (!work->give_up && ps_user_command_needs_zone(&work->ask)) {
            ps_people_zones_ask(work->runner->options.zones, work->user, on_zone, work);
            return;
        }
        if (!work->give_up) {
            run(work);
            return;
        }
        ps_command_reply_trouble(&reply);
        break;
    case PS_USER_COMMAND_REFUSE:
        ps_command_reply_refusal(&work->ask, &reply);
        break;
    case PS_USER_COMMAND_IGNORE:
        break; /* the events server stored no such command; it is answered with nothing */
    }
    answer(work, &reply);
}

static void start(struct ps_command_runner *runner, const struct ps_inbound_event *inbound,
                  bool give_up)
{
    struct work *work = ps_alloc_zero(1, sizeof(*work)), *first;

    work->runner = runner;
    work->event = ps_alloc_text(inbound->id);
    work->user = ps_alloc_text(inbound->user);
    work->place = inbound->place;
    work->source = inbound->source;
    work->give_up = give_up;
    ps_user_command_parse(inbound->words, ps_clock_wall_ms(), &work->ask);
    first = first_of(runner, work->user);
    DL_APPEND(runner->list, work);
    runner->works++;
    if (first == NULL)
        begin_work(work);
}

static bool has(const struct ps_command_runner *runner, const char *event)
{
    const struct work *work;

    DL_FOREACH (runner->list, work)
        if (strcmp(work->event, event) == 0)
            return true;
    return false;
}

void ps_command_runner_take(struct ps_command_runner *runner,
                            const struct ps_inbound_event *inbound)
{
    ps_signals_send(runner->options.signals, PS_SIGNAL_EVENT);
    if (!runner->draining && runner->works < WORKS_MAX)
        start(runner, inbound, false);
}

/* Only a command that was stored or tried lately can be abandoned. */
static int64_t period(const struct ps_command_runner *runner)
{
    int64_t now_ms = ps_loop_now(runner->options.loop);
    int64_t signalled_ms = ps_signal_look_signalled_ms(runner->sweep);

    if (runner->list != NULL || now_ms - runner->stored_ms < SIGNALLED_MS ||
        (signalled_ms != 0 && now_ms - signalled_ms < SIGNALLED_MS))
        return SWEEP_MS;
    return ps_signals_period(runner->options.signals, SWEEP_MS, SWEEP_SELDOM_MS);
}

static void on_open(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_command_runner *runner = cookie;
    int count = err == NULL ? ps_pg_row_count(rows, 0) : 0;

    for (int i = 0; i < count && !runner->draining; i++) {
        struct ps_inbound_event inbound = {
            .id = ps_alloc_text(ps_pg_text(rows, 0, i, PS_SQL_EVENT_OPEN_EVENT_ID)),
            .user = ps_alloc_text(ps_pg_text(rows, 0, i, PS_SQL_EVENT_OPEN_USER_ID)),
            .words = ps_alloc_text(ps_pg_text(rows, 0, i, PS_SQL_EVENT_OPEN_WORDS))
        };

        inbound.source = ps_source_parse(ps_pg_text(rows, 0, i, PS_SQL_EVENT_OPEN_SOURCE));
        if (!ps_place_parse(ps_pg_text(rows, 0, i, PS_SQL_EVENT_OPEN_PLACE), &inbound.place))
            inbound.place = PS_PLACE_CHANNEL;
        if (!has(runner, inbound.id))
            start(runner, &inbound,
                  ps_pg_int(rows, 0, i, PS_SQL_EVENT_OPEN_TRIES, 0) > PS_COMMAND_RUNNER_TRIES_MAX);
        ps_inbound_event_clear(&inbound);
    }
    if (err != NULL || count > 0)
        runner->stored_ms = ps_loop_now(runner->options.loop);
    if (runner->draining)
        return;
    ps_signal_look_rest(runner->sweep, period(runner));
    runner->backlog = count > 0 && (size_t)count == runner->wanted;
}

static void on_sweep(void *cookie)
{
    struct ps_command_runner *runner = cookie;
    int64_t now = ps_loop_now(runner->options.loop);
    struct ps_pg_batch *batch;

    if (runner->draining)
        return;
    if (!ps_pg_up(runner->options.pg) || runner->works >= SWEPT_MAX) {
        ps_signal_look_put_off(runner->sweep, SWEEP_MS);
        return;
    }
    batch = ps_pg_batch_create();
    runner->wanted = SWEPT_MAX - runner->works;
    runner->backlog = false;
    ps_sql_event_open(batch, (int64_t)runner->wanted);
    if (runner->cleaned_ms == 0 || now - runner->cleaned_ms > CLEAN_MS) {
        ps_sql_events_clean(batch, PS_COMMAND_RUNNER_KEPT_DAYS);
        ps_sql_mutes_clean(batch);
        ps_sql_events_forget_urls(batch);
        ps_sql_watch_repair(batch);
        runner->cleaned_ms = now;
    }
    ps_pg_run(runner->options.pg, batch, on_open, runner);
}

struct ps_command_runner *ps_command_runner_create(const struct ps_command_runner_options *options)
{
    struct ps_command_runner *runner = ps_alloc_zero(1, sizeof(*runner));

    runner->options = *options;
    runner->sweep =
        ps_signal_look_create(&(struct ps_signal_look_options){ .loop = options->loop,
                                                                .signals = options->signals,
                                                                .signal = PS_SIGNAL_EVENT,
                                                                .delay_ms = SWEEP_MS,
                                                                .fn = on_sweep,
                                                                .cookie = runner });
    runner->library =
        ps_library_sync_create(&(struct ps_library_sync_options){ .loop = options->loop,
                                                                  .pg = options->pg,
                                                                  .signals = options->signals,
                                                                  .idle_ms = LIBRARY_IDLE_MS });
    runner->stored_ms = ps_loop_now(options->loop); /* by an earlier life, perhaps */
    ps_signal_look_rest(runner->sweep, 0);
    return runner;
}

void ps_command_runner_destroy(struct ps_command_runner *runner)
{
    if (runner == NULL)
        return;
    while (runner->list != NULL)
        work_destroy(runner->list);
    ps_signal_look_destroy(runner->sweep);
    ps_library_sync_destroy(runner->library);
    free(runner);
}

void ps_command_runner_drain(struct ps_command_runner *runner)
{
    runner->draining = true;
    ps_signal_look_stop(runner->sweep);
}
