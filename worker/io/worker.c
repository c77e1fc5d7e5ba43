#include "worker/io/worker.h"

#include "shared/core/alloc.h"
#include "shared/core/stall_detector.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "worker/core/permit_batch.h"
#include "worker/io/backlog_monitor.h"
#include "worker/io/probe_kit.h"
#include "worker/io/sandbox.h"
#include "worker/io/task_completion.h"
#include "worker/io/task_intake.h"
#include "worker/io/task_result.h"

#include <stdlib.h>
#include <string.h>
/* uthash's default function falls through its cases, which clang refuses. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

enum {
    TICK_MS = 250,
    DRAIN_TICK_MS = 50,
    STUCK_MS = 20000, /* at least; see stuck_limit_ms */
    STUCK_MARGIN_MS = 10000,
    UNSETTLED_MAX = 256,       /* finished entries that Redis has not taken yet */
    BEFORE_DEADLINE_MS = 3000, /* so early a task is given up whose host stays paused */
    HAND_BACK_MS = 2000,       /* so long before the grace is over what is under way goes back */
    ASK_MS = 1500,             /* a pause must end so early to be worth waiting for */
};

/* An entry of the stream that is pending for this worker. */
struct held {
    struct ps_worker *worker;
    char *id;
    struct ps_task task;
    struct ps_probe *probe; /* NULL once it is settled and Redis has yet to take it */
    int64_t fresh_ms;       /* when it was taken or renewed */
    bool lost;              /* claimed by another worker meanwhile */
    UT_hash_handle hh;
};

struct ps_worker {
    struct ps_daemon *daemon;
    struct ps_probe_kit kit;
    struct ps_task_completion *finish;
    struct ps_task_intake *intake;
    struct ps_backlog_monitor *watch;
    struct ps_timer *tick;
    struct held *held;
    size_t slots;
    int64_t renew_ms;
    uint64_t settled;
    struct ps_stall_detector progress;
    bool recovered;
    bool taking;
    int drain;            /* signals seen */
    int64_t hand_back_ms; /* what is under way then will not end in time */
    bool intake_over;
    bool leaving;
    void (*drained)(struct ps_daemon *daemon);
    struct ps_worker_counts counts;
};

static void count(struct ps_worker *worker, enum ps_metric metric, const char *label)
{
    ps_metrics_add(worker->daemon->metrics, metric, label, 1);
}

/* How many more tasks may be taken now. Half a backlog at least, so that reads stay few. Where the
 * fleet may ask no more, what one takes others cannot do: then few wait here. */
static void refill(struct ps_worker *worker)
{
    const struct ps_rate_limiter *limiter = worker->kit.limiter;
    bool held_back = ps_rate_limiter_is_limiting(limiter);
    size_t backlog =
        ps_backlog_room(worker->slots, held_back ? 0 : ps_rate_limiter_latency_us(limiter));
    size_t target = (held_back ? ps_rate_limiter_in_flight(limiter) : worker->slots) + backlog;
    size_t busy = ps_rate_limiter_in_flight(limiter) + ps_rate_limiter_waiting(limiter);
    size_t held = HASH_COUNT(worker->held);
    size_t most = worker->slots + PS_BACKLOG_MAX + UNSETTLED_MAX;
    size_t room = target > busy ? target - busy : 0;

    /* no task without the sign of life that keeps others from claiming it (promise 1) */
    worker->taking =
        worker->recovered && worker->drain == 0 && ps_heartbeat_written(worker->daemon->heartbeat);
    if (!worker->taking || held >= most || room < (backlog + 1) / 2)
        room = 0;
    else if (room > most - held)
        room = most - held;
    ps_task_intake_set_room(worker->intake, room);
}

static struct held *held_add(struct ps_worker *worker, const char *id)
{
    struct held *held = ps_alloc_zero(1, sizeof(*held));

    held->worker = worker;
    held->id = ps_alloc_text(id);
    held->fresh_ms = ps_loop_now(worker->daemon->loop);
    HASH_ADD_KEYPTR(hh, worker->held, held->id, strlen(held->id), held);
    return held;
}

static void held_drop(struct held *held)
{
    HASH_DELETE(hh, held->worker->held, held);
    ps_probe_cancel(held->probe);
    ps_task_clear(&held->task);
    free(held->id);
    free(held);
}

static void leave_when_empty(struct ps_worker *worker);

static void on_settled(void *cookie, void *item)
{
    struct ps_worker *worker = cookie;

    worker->settled++;
    held_drop(item);
    refill(worker);
    leave_when_empty(worker);
}

static void count_outcome(struct ps_worker *worker, enum ps_tier tier, enum ps_outcome outcome)
{
    worker->counts.outcomes[tier][outcome]++;
    worker->counts.probes++;
}

/* Asks for the second look, by another worker where there is one: it is put back with a word of who
 * saw it, and taken by the same one only after it was passed on and came back. */
static void pass_on(struct held *held, int passes)
{
    struct ps_fields fields;

    ps_fields_init(&fields);
    ps_task_format(&held->task, &fields);
    ps_fields_add(&fields, "seen_by", held->worker->daemon->instance);
    ps_fields_add_int(&fields, "passes", passes);
    ps_task_completion_pass_on(held->worker->finish, held->id, &fields, held);
    ps_fields_clear(&fields);
}

static bool needs_second_look(const struct ps_task *task, enum ps_outcome outcome)
{
    return task->seen_by == NULL && ps_tier_is_planned(task->tier) &&
           (outcome == PS_OUTCOME_HIT_RECENT || outcome == PS_OUTCOME_HIT_NO_LM);
}

static void on_probe_end(void *cookie, const struct ps_probe_report *end)
{
    struct held *held = cookie;
    struct ps_worker *worker = held->worker;
    struct ps_fields fields;

    held->probe = NULL; /* it is gone after this call */
    if (needs_second_look(&held->task, end->outcome)) {
        PS_LOG(PROBE_SEEN, F_TEXT("trace", held->task.task), F_TEXT("url", end->url),
               F_INT("status", end->status));
        pass_on(held, 0);
        refill(worker);
        return;
    }
    count_outcome(worker, held->task.tier, end->outcome);
    ps_task_result_log(worker->daemon->failures, &held->task, end);
    ps_fields_init(&fields);
    ps_task_result_format(worker->daemon->instance, &held->task, end, &fields);
    ps_task_completion_finish(worker->finish, held->id, &fields, held);
    ps_fields_clear(&fields);
    refill(worker);
}

static void bury(struct held *held, const struct ps_err *err, int64_t deliveries, bool with_result)
{
    struct ps_worker *worker = held->worker;
    struct ps_probe_report end = ps_task_result_without_request(&held->task, err);
    struct ps_fields fields;

    worker->counts.dead++;
    count(worker, PS_METRIC_TASKS_DEAD, NULL);
    PS_LOG(TASK_DEAD, F_TEXT("entry", held->id),
           F_TEXT("trace", held->task.task == NULL ? "" : held->task.task),
           F_INT("deliveries", deliveries), F_ERR(err));
    ps_failure_log_add(worker->daemon->failures, ps_event_name(PS_EVENT_TASK_DEAD), err,
                       held->task.url, 0);
    ps_fields_init(&fields);
    if (with_result) {
        count_outcome(worker, held->task.tier, PS_OUTCOME_ERROR);
        ps_task_result_format(worker->daemon->instance, &held->task, &end, &fields);
    }
    ps_task_completion_bury(worker->finish, held->id, err->what, deliveries, &fields, held);
    ps_fields_clear(&fields);
}

static bool cycle_is_over(const struct ps_worker *worker, const struct ps_task *task)
{
    const struct ps_cycle_view *view = ps_backlog_monitor_view(worker->watch);

    /* A task of a newer leader is of a newer cycle, whatever its number: a PostgreSQL that was
     * restored gives numbers out again, and the view is up to a second old. */
    return view->known && task->cycle < view->number && task->epoch <= view->epoch;
}

static void give_back(struct held *held)
{
    ps_probe_cancel(held->probe);
    held->probe = NULL;
    held->worker->counts.returned++;
    ps_task_completion_return(held->worker->finish, held->id, held);
}

/* An entry's id begins with the time it was added, in ms by Redis' clock. */
static void observe_wait(struct ps_worker *worker, const char *id)
{
    int64_t waited_ms = ps_clock_wall_ms() - strtoll(id, NULL, 10);

    ps_metrics_observe(worker->daemon->metrics, PS_METRIC_TASK_WAIT,
                       waited_ms > 0 ? (double)waited_ms / 1000 : 0);
}

static void on_entry(void *cookie, const struct ps_stream_entry *entry, int64_t before,
                     const char *from)
{
    struct ps_worker *worker = cookie;
    int64_t most = worker->daemon->config->task_max_deliveries;
    struct ps_probe_report end;
    struct held *held;
    bool readable;
    struct ps_err err;

    HASH_FIND(hh, worker->held, entry->id, strlen(entry->id), held);
    if (held != NULL) { /* it was only thought lost */
        held->lost = false;
        return;
    }
    held = held_add(worker, entry->id);
    readable = ps_task_parse(entry->fields, entry->count, &held->task, &err);
    if (from != NULL) {
        worker->counts.claimed++;
        count(worker, PS_METRIC_TASKS_CLAIMED, NULL);
        PS_LOG(TASK_CLAIMED, F_TEXT("entry", entry->id),
               F_TEXT("trace", readable ? held->task.task : ""), F_TEXT("from", from),
               F_INT("deliveries", entry->deliveries));
    } else if (before == 0) {
        observe_wait(worker, entry->id);
    }
    if (worker->drain > 0) {
        give_back(held);
    } else if (!readable) {
        bury(held, &err, before, false);
    } else if (before >= most) {
        ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "delivered %lld times and never settled",
                (long long)before);
        bury(held, &err, before, true);
    } else if (cycle_is_over(worker, &held->task)) {
        ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "cycle over");
        end = ps_task_result_without_request(&held->task, &err);
        on_probe_end(held, &end);
    } else if (held->task.seen_by != NULL && held->task.passes < PS_TASK_PASSES_MAX &&
               strcmp(held->task.seen_by, worker->daemon->instance) == 0) {
        pass_on(held, held->task.passes + 1);
    } else {
        held->probe = ps_probe_start(worker->kit.prober, held->task.url,
                                     held->task.seen_by == NULL ? PS_PROBE_HEAD : PS_PROBE_CONFIRM,
                                     on_probe_end, held);
    }
}

static void on_lost(void *cookie, const char *id)
{
    struct ps_worker *worker = cookie;
    struct held *held;

    HASH_FIND(hh, worker->held, id, strlen(id), held);
    if (held == NULL)
        return;
    /* what is on the wire goes on: whoever settles it first is counted */
    held->lost = true;
    if (held->probe != NULL && !ps_probe_busy(held->probe))
        held_drop(held);
}

static void renew(struct ps_worker *worker)
{
    int64_t now = ps_loop_now(worker->daemon->loop);
    const char **ids;
    size_t len = 0;
    struct held *held;
    struct held *next;

    if (worker->held == NULL || !ps_redis_up(worker->daemon->redis))
        return;
    ids = ps_alloc_array(NULL, HASH_COUNT(worker->held), sizeof(*ids));
    HASH_ITER (hh, worker->held, held, next) {
        if (!held->lost && now - held->fresh_ms >= worker->renew_ms) {
            held->fresh_ms = now;
            ids[len++] = held->id;
        }
    }
    if (len > 0)
        ps_task_intake_renew(worker->intake, ids, len, on_lost);
    free(ids);
}

/* Its host's pause ends too late for the cycle it belongs to. What the view says is that cycle's:
 * of another's task it tells nothing. */
static bool waits_in_vain(const struct held *held, const struct ps_cycle_view *view)
{
    int64_t left_ms = ps_probe_pause_ms(held->probe);
    int64_t now_ms = ps_clock_wall_ms();

    return left_ms > 0 && view->known && view->number == held->task.cycle &&
           held->task.epoch <= view->epoch && view->deadline_ms > 0 &&
           now_ms >= view->deadline_ms - BEFORE_DEADLINE_MS &&
           now_ms + left_ms > view->deadline_ms - ASK_MS;
}

/* Tasks that nobody waits for any more, or that cannot be asked for in time. */
static void sweep(struct ps_worker *worker)
{
    const struct ps_cycle_view *view = ps_backlog_monitor_view(worker->watch);
    struct held *held;
    struct held *next;
    struct ps_err err;

    HASH_ITER (hh, worker->held, held, next) {
        if (held->probe == NULL || ps_probe_busy(held->probe))
            continue;
        if (worker->drain > 0) {
            give_back(held);
        } else if (cycle_is_over(worker, &held->task)) {
            ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "cycle over");
            ps_probe_give_up(held->probe, PS_OUTCOME_ERROR, &err);
        } else if (waits_in_vain(held, view)) {
            ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0, "the host's pause outlasts the cycle");
            ps_probe_give_up(held->probe, PS_OUTCOME_ERROR, &err);
        }
    }
}

static void on_cycle(void *cookie)
{
    sweep(cookie);
}

/* A request that came to its end moves something, and be it that the host does not answer. What is
 * delivered to others is theirs, and so is their turn at the host. */
static void look_for_progress(struct ps_worker *worker)
{
    const struct ps_cycle_view *view = ps_backlog_monitor_view(worker->watch);
    bool work = worker->held != NULL || view->backlog > view->pending;
    const struct ps_rate_limiter *limiter = worker->kit.limiter;
    bool held_back =
        ps_rate_limiter_paused_hosts(limiter) > 0 ||
        (ps_rate_limiter_in_flight(limiter) == 0 && ps_rate_limiter_is_limiting(limiter));
    const struct ps_stall_sample look = {
        .blocked = !work || worker->drain > 0 || held_back || !ps_redis_up(worker->daemon->redis),
        .progress_counter = worker->settled + ps_rate_limiter_completed(limiter)
    };

    ps_stall_detector_step(&worker->progress, &look, ps_loop_now(worker->daemon->loop));
}

/* A host that does not answer lets nothing move until the request times out and the next attempt's
 * turn has come. */
static int64_t stuck_limit_ms(const struct ps_config *config)
{
    int64_t wait_ms = (int64_t)(config->http_timeout_seconds * 1000) + STUCK_MARGIN_MS;
    int64_t backoff_ms = config->probe_backoff_ms;

    for (int64_t i = 1; i < config->probe_max_attempts && backoff_ms < PS_PROBE_BACKOFF_CAP_MS; i++)
        backoff_ms *= 2;
    if (backoff_ms > PS_PROBE_BACKOFF_CAP_MS)
        backoff_ms = PS_PROBE_BACKOFF_CAP_MS;
    return backoff_ms + (wait_ms > STUCK_MS ? wait_ms : STUCK_MS);
}

/* The second signal ends also what is on the wire, and so does the end of the grace: it goes back
 * to the stream, and others do it. */
static void hand_back_all(struct ps_worker *worker)
{
    struct held *held;
    struct held *next;

    HASH_ITER (hh, worker->held, held, next) {
        if (held->probe != NULL)
            give_back(held);
    }
}

static void on_tick(void *cookie)
{
    struct ps_worker *worker = cookie;

    ps_timer_set(worker->tick, worker->drain > 0 ? DRAIN_TICK_MS : TICK_MS);
    look_for_progress(worker);
    renew(worker);
    sweep(worker);
    if (worker->drain > 0 && ps_loop_now(worker->daemon->loop) >= worker->hand_back_ms)
        hand_back_all(worker);
    refill(worker);
    leave_when_empty(worker);
}

static void on_recovered(void *cookie)
{
    struct ps_worker *worker = cookie;

    worker->recovered = true;
    refill(worker);
}

static void on_forgotten(void *cookie)
{
    struct ps_worker *worker = cookie;

    PS_LOG(WORKER_STOP, F_INT("probes", worker->counts.probes),
           F_INT("returned", worker->counts.returned));
    worker->drained(worker->daemon);
}

static void leave_when_empty(struct ps_worker *worker)
{
    if (worker->drain == 0 || worker->leaving)
        return;
    if (worker->drain > 1 && !ps_redis_up(worker->daemon->redis)) {
        /* nobody to hand anything to: what is pending others claim once our heartbeat is over */
        worker->leaving = true;
        on_forgotten(worker);
        return;
    }
    if (!worker->intake_over || worker->held != NULL)
        return;
    worker->leaving = true;
    ps_rate_limiter_return_share(worker->kit.limiter);
    ps_task_intake_remove_consumer(worker->intake, on_forgotten);
}

static void on_intake_over(void *cookie)
{
    struct ps_worker *worker = cookie;

    worker->intake_over = true;
    leave_when_empty(worker);
}

void ps_worker_drain(void *self, int signals)
{
    struct ps_worker *worker = self;
    int64_t grace_ms = (int64_t)(worker->daemon->config->shutdown_grace_seconds * 1000);
    bool first = worker->drain == 0;

    if (first)
        worker->hand_back_ms =
            ps_loop_now(worker->daemon->loop) +
            (grace_ms > 2 * HAND_BACK_MS ? grace_ms - HAND_BACK_MS : grace_ms / 2);
    worker->drain = signals;
    PS_LOG(WORKER_DRAIN, F_BOOL("hurry", signals > 1),
           F_INT("in_flight", HASH_COUNT(worker->held)));
    if (first)
        ps_task_intake_stop(worker->intake, on_intake_over);
    sweep(worker);
    if (signals > 1)
        hand_back_all(worker);
    ps_timer_set(worker->tick, 0);
}

void ps_worker_on_redis(void *self, bool up)
{
    struct ps_worker *worker = self;

    ps_rate_limiter_on_redis(worker->kit.limiter, up);
    ps_task_completion_on_redis(worker->finish, up);
    ps_task_intake_on_redis(worker->intake, up);
    ps_backlog_monitor_on_redis(worker->watch, up);
    refill(worker);
}

bool ps_worker_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err)
{
    struct ps_worker *worker = ps_alloc_zero(1, sizeof(*worker));
    int64_t visibility_ms = daemon->config->task_visibility_seconds * 1000;
    const struct ps_redis_options server = ps_redis_options_of(daemon->config);
    struct ps_task_intake_options intake = { .loop = daemon->loop,
                                             .redis = daemon->redis,
                                             .server = &server,
                                             .keys = daemon->keys,
                                             .instance = daemon->instance,
                                             .visibility_ms = visibility_ms,
                                             .fn = on_entry,
                                             .cookie = worker };
    struct ps_probe_kit_options kit = { .loop = daemon->loop,
                                        .config = daemon->config,
                                        .user_agent = daemon->user_agent,
                                        .redis = daemon->redis,
                                        .keys = daemon->keys,
                                        .instance = daemon->instance,
                                        .metrics = daemon->metrics,
                                        .failures = daemon->failures };
    struct ps_task_completion_options finish = { .loop = daemon->loop,
                                                 .redis = daemon->redis,
                                                 .keys = daemon->keys,
                                                 .instance = daemon->instance,
                                                 .fn = on_settled,
                                                 .cookie = worker };

    worker->daemon = daemon;
    worker->drained = ps_daemon_drained;
    worker->slots = (size_t)daemon->config->http_concurrency;
    worker->renew_ms =
        visibility_ms / 3 < PS_TASK_INTAKE_SCAN_MS ? visibility_ms / 3 : PS_TASK_INTAKE_SCAN_MS;
    ps_stall_detector_init(&worker->progress, ps_loop_now(daemon->loop));
    worker->intake = ps_task_intake_create(&intake, err);
    if (worker->intake == NULL) {
        free(worker);
        return false;
    }
    ps_probe_kit_init(&worker->kit, &kit);
    worker->finish = ps_task_completion_create(&finish);
    worker->watch =
        ps_backlog_monitor_create(daemon->loop, daemon->redis, daemon->keys, on_cycle, worker);
    worker->tick = ps_timer_create(daemon->loop, on_tick, worker);
    ps_timer_set(worker->tick, 0);
    ps_task_intake_recover(worker->intake, on_recovered);
    PS_LOG(WORKER_START, F_INT("slots", worker->slots),
           F_REAL("rate_limit", daemon->config->probe_rate_limit),
           F_TEXT("sandbox", ps_sandbox_describe()));
    *out_self = worker;
    return true;
}

void ps_worker_destroy(void *self)
{
    struct ps_worker *worker = self;
    struct held *held;
    struct held *next;

    if (worker == NULL)
        return;
    HASH_ITER (hh, worker->held, held, next) {
        held_drop(held);
    }
    ps_timer_destroy(worker->tick);
    ps_backlog_monitor_destroy(worker->watch);
    ps_task_completion_destroy(worker->finish);
    ps_task_intake_destroy(worker->intake);
    ps_probe_kit_clear(&worker->kit);
    free(worker);
}

void ps_worker_tell_drained(struct ps_worker *worker, void (*fn)(struct ps_daemon *daemon))
{
    worker->drained = fn;
}

void ps_worker_count(const struct ps_worker *worker, struct ps_worker_counts *out_counts)
{
    *out_counts = worker->counts;
    out_counts->in_flight = HASH_COUNT(worker->held);
    out_counts->paused_hosts = ps_rate_limiter_paused_hosts(worker->kit.limiter);
    out_counts->group_recreates = ps_task_intake_group_recreates(worker->intake);
}

bool ps_worker_stuck(const struct ps_worker *worker)
{
    return ps_stall_detector_stuck(&worker->progress, stuck_limit_ms(worker->daemon->config));
}

const char *ps_worker_fault(const struct ps_worker *worker)
{
    return ps_redis_up(worker->daemon->redis) ? ps_task_intake_fault(worker->intake) : NULL;
}

bool ps_worker_takes_tasks(const struct ps_worker *worker)
{
    return worker->taking;
}
