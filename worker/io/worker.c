#include "worker/io/worker.h"

#include "shared/core/alloc.h"
#include "shared/core/stall_detector.h"
#include "shared/io/log.h"
#include "worker/core/permit_batch.h"
#include "worker/io/probe_kit.h"
#include "worker/io/sandbox.h"

#include <stdlib.h>

enum {
    TICK_MS = 250,
    IDLE_TICK_MS = 1000,
    BEAT_FRESH_MS = 4000,
    DRAIN_TICK_MS = 50,
    STUCK_MIN_MS = 20000,
    STUCK_MARGIN_MS = 10000,
    UNACKNOWLEDGED_MAX = 256,      /* finished tasks that Redis has not accepted yet */
    RETURN_BEFORE_GRACE_MS = 2000, /* requests are abandoned this long before the grace ends */
};

struct ps_worker {
    struct ps_daemon *daemon;
    struct ps_probe_kit kit;
    struct ps_held_tasks *tasks;
    struct ps_task_intake *intake;
    struct ps_backlog_monitor *monitor;
    struct ps_timer *tick;
    size_t slots; /* requests that may be in flight at once */
    int64_t renew_ms;
    struct ps_stall_detector stall_detector;
    bool recovered; /* entries of an earlier life under this name were delivered */
    bool takes_tasks;
    bool idle;                /* the tick is slow */
    int drain_signals;        /* SIGTERMs received; 0 while running */
    int64_t return_all_at_ms; /* requests still in flight then would not end in time */
    bool intake_stopped;
    bool exiting;
};

/* Step 1, take: set in the intake how many more tasks there is room for. Asking only when half of
 * the backlog is free keeps reads few. While the fleet's limit holds this worker back it takes few,
 * because a task that waits here cannot be done by a worker that has a free share. */
static void update_room(struct ps_worker *worker)
{
    const struct ps_rate_limiter *limiter = worker->kit.limiter;
    bool limited = ps_rate_limiter_is_limiting(limiter);
    size_t in_flight = ps_rate_limiter_in_flight(limiter);
    size_t backlog =
        ps_backlog_room(worker->slots, limited ? 0 : ps_rate_limiter_latency_us(limiter));
    size_t target = (limited ? in_flight : worker->slots) + backlog;
    size_t busy = in_flight + ps_rate_limiter_waiting(limiter);
    size_t held = ps_held_tasks_len(worker->tasks);
    size_t held_max = worker->slots + PS_BACKLOG_MAX + UNACKNOWLEDGED_MAX;
    size_t room = target > busy ? target - busy : 0;
    bool took = worker->takes_tasks;

    /* Without a heartbeat in Redis other workers would claim each task at once (guarantee 1). */
    worker->takes_tasks = worker->recovered && worker->drain_signals == 0 &&
                          ps_heartbeat_written(worker->daemon->heartbeat);
    if (!worker->takes_tasks || held >= held_max || room < (backlog + 1) / 2)
        room = 0;
    else if (room > held_max - held)
        room = held_max - held;
    ps_task_intake_set_room(worker->intake, room);
    if (took && !worker->takes_tasks && worker->drain_signals == 0)
        ps_task_intake_cut(worker->intake);
}

/* Step 2, watch progress: every request that ends counts, even one that the host did not answer.
 * Tasks that were delivered to other workers, and their permits, are not this worker's backlog. */
static void check_progress(struct ps_worker *worker)
{
    const struct ps_cycle_view *view = ps_backlog_monitor_view(worker->monitor);
    const struct ps_rate_limiter *limiter = worker->kit.limiter;
    bool work = ps_held_tasks_len(worker->tasks) > 0 || view->backlog > view->pending;
    bool limited =
        ps_rate_limiter_paused_hosts(limiter) > 0 ||
        (ps_rate_limiter_in_flight(limiter) == 0 && ps_rate_limiter_is_limiting(limiter));
    const struct ps_stall_sample sample = { .blocked = !work || worker->drain_signals > 0 ||
                                                       limited ||
                                                       !ps_redis_up(worker->daemon->redis),
                                            .progress_counter =
                                                ps_held_tasks_acknowledged(worker->tasks) +
                                                ps_rate_limiter_completed(limiter) };

    ps_stall_detector_step(&worker->stall_detector, &sample, ps_loop_now(worker->daemon->loop));
}

/* With a host that does not answer nothing moves until the request times out and the backoff before
 * the next attempt has passed. A shorter limit would report a healthy worker as stuck. */
static int64_t stuck_limit_ms(const struct ps_config *config)
{
    int64_t wait_ms = (int64_t)(config->http_timeout_seconds * 1000) + STUCK_MARGIN_MS;
    int64_t backoff_ms = config->probe_backoff_ms;

    for (int64_t i = 1; i < config->probe_max_attempts && backoff_ms < PS_PROBE_BACKOFF_CAP_MS; i++)
        backoff_ms *= 2;
    if (backoff_ms > PS_PROBE_BACKOFF_CAP_MS)
        backoff_ms = PS_PROBE_BACKOFF_CAP_MS;
    return backoff_ms + (wait_ms > STUCK_MIN_MS ? wait_ms : STUCK_MIN_MS);
}

/* Last step of a clean stop. */
static void on_consumer_removed(void *cookie)
{
    struct ps_worker *worker = cookie;
    const struct ps_task_counts *counts = ps_held_tasks_counts(worker->tasks);

    PS_LOG(WORKER_STOP, F_INT("probes", counts->probes), F_INT("returned", counts->returned));
    ps_daemon_drained(worker->daemon);
}

static void exit_when_drained(struct ps_worker *worker)
{
    if (worker->drain_signals == 0 || worker->exiting)
        return;
    if (worker->drain_signals > 1 && !ps_redis_up(worker->daemon->redis)) {
        /* Nothing can be returned now. Other workers claim the tasks once the heartbeat expires. */
        worker->exiting = true;
        on_consumer_removed(worker);
        return;
    }
    if (!worker->intake_stopped || ps_held_tasks_len(worker->tasks) > 0)
        return;
    worker->exiting = true;
    ps_rate_limiter_return_share(worker->kit.limiter);
    ps_task_intake_remove_consumer(worker->intake, on_consumer_removed, worker);
}

static void on_tick(void *cookie)
{
    struct ps_worker *worker = cookie;

    /* Nothing changes before a task comes, which sets the tick. A heartbeat that may end soon does:
     * then no task may be taken. */
    worker->idle = worker->drain_signals == 0 && worker->takes_tasks &&
                   ps_held_tasks_len(worker->tasks) == 0 &&
                   ps_backlog_monitor_view(worker->monitor)->backlog == 0 &&
                   ps_heartbeat_written_since(worker->daemon->heartbeat,
                                              ps_loop_now(worker->daemon->loop) - BEAT_FRESH_MS);
    ps_timer_set_about(worker->tick, worker->drain_signals > 0 ? DRAIN_TICK_MS
                                     : worker->idle            ? IDLE_TICK_MS
                                                               : TICK_MS);
    check_progress(worker);
    ps_held_tasks_renew(worker->tasks, worker->intake, worker->renew_ms);
    ps_held_tasks_drop_obsolete(worker->tasks);
    if (worker->drain_signals > 0 && ps_loop_now(worker->daemon->loop) >= worker->return_all_at_ms)
        ps_held_tasks_return_all(worker->tasks);
    update_room(worker);
    exit_when_drained(worker);
}

static void on_tasks_changed(void *cookie)
{
    struct ps_worker *worker = cookie;

    update_room(worker);
    if (worker->idle && ps_held_tasks_len(worker->tasks) > 0)
        ps_timer_set(worker->tick, TICK_MS);
    worker->idle = false;
    if (ps_held_tasks_len(worker->tasks) == 0)
        exit_when_drained(worker);
}

static void on_cycle_view(void *cookie)
{
    const struct ps_worker *worker = cookie;
    const struct ps_cycle_view *view = ps_backlog_monitor_view(worker->monitor);

    ps_task_intake_set_empty(worker->intake, view->backlog == 0 && view->pending == 0);
    ps_task_intake_undelivered(worker->intake, view->backlog > view->pending);
    ps_held_tasks_drop_obsolete(worker->tasks);
}

static void on_recovered(void *cookie)
{
    struct ps_worker *worker = cookie;

    worker->recovered = true;
    update_room(worker);
}

static void on_intake_stopped(void *cookie)
{
    struct ps_worker *worker = cookie;

    worker->intake_stopped = true;
    exit_when_drained(worker);
}

/* First signal: stop the intake, return what waits, let requests in flight end. A second signal
 * returns those too, and so does the end of the grace period. */
void ps_worker_drain(void *self, int signals)
{
    struct ps_worker *worker = self;
    int64_t grace_ms = (int64_t)(worker->daemon->config->shutdown_grace_seconds * 1000);
    bool first = worker->drain_signals == 0;

    worker->drain_signals = signals;
    PS_LOG(WORKER_DRAIN, F_BOOL("hurry", signals > 1),
           F_INT("in_flight", ps_held_tasks_len(worker->tasks)));
    ps_held_tasks_drain(worker->tasks);
    if (first) {
        worker->return_all_at_ms =
            ps_loop_now(worker->daemon->loop) + (grace_ms > 2 * RETURN_BEFORE_GRACE_MS
                                                     ? grace_ms - RETURN_BEFORE_GRACE_MS
                                                     : grace_ms / 2);
        ps_task_intake_stop(worker->intake, on_intake_stopped, worker);
    }
    if (signals > 1)
        ps_held_tasks_return_all(worker->tasks);
    ps_timer_set(worker->tick, 0);
}

void ps_worker_on_redis(void *self, bool up)
{
    struct ps_worker *worker = self;

    ps_rate_limiter_on_redis(worker->kit.limiter, up);
    ps_held_tasks_on_redis(worker->tasks, up);
    ps_task_intake_on_redis(worker->intake, up);
    ps_backlog_monitor_on_redis(worker->monitor, up);
    update_room(worker);
}

bool ps_worker_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err)
{
    struct ps_worker *worker = ps_alloc_zero(1, sizeof(*worker));
    int64_t visibility_ms = daemon->config->task_visibility_seconds * 1000;
    const struct ps_redis_options server = ps_redis_options_of(daemon->config);
    struct ps_probe_kit_options kit = { .loop = daemon->loop,
                                        .config = daemon->config,
                                        .user_agent = daemon->user_agent,
                                        .redis = daemon->redis,
                                        .keys = daemon->keys,
                                        .instance = daemon->instance,
                                        .metrics = daemon->metrics,
                                        .failures = daemon->failures };
    struct ps_held_tasks_options tasks = { .daemon = daemon,
                                           .on_change = on_tasks_changed,
                                           .cookie = worker };
    struct ps_task_intake_options intake = { .loop = daemon->loop,
                                             .redis = daemon->redis,
                                             .server = &server,
                                             .keys = daemon->keys,
                                             .instance = daemon->instance,
                                             .visibility_ms = visibility_ms,
                                             .fn = ps_held_tasks_take };

    worker->daemon = daemon;
    worker->slots = (size_t)daemon->config->http_concurrency;
    worker->renew_ms =
        visibility_ms / 3 < PS_TASK_INTAKE_SCAN_MS ? visibility_ms / 3 : PS_TASK_INTAKE_SCAN_MS;
    ps_stall_detector_init(&worker->stall_detector, ps_loop_now(daemon->loop));
    ps_probe_kit_init(&worker->kit, &kit);
    worker->monitor =
        ps_backlog_monitor_create(&(struct ps_backlog_monitor_options){ .loop = daemon->loop,
                                                                        .redis = daemon->redis,
                                                                        .signals = daemon->signals,
                                                                        .keys = daemon->keys,
                                                                        .fn = on_cycle_view,
                                                                        .cookie = worker });
    tasks.prober = worker->kit.prober;
    tasks.monitor = worker->monitor;
    intake.cookie = worker->tasks = ps_held_tasks_create(&tasks);
    worker->tick = ps_timer_create(daemon->loop, on_tick, worker);
    worker->intake = ps_task_intake_create(&intake, err);
    if (worker->intake == NULL) {
        ps_worker_destroy(worker);
        return false;
    }
    ps_timer_set(worker->tick, 0);
    ps_task_intake_recover(worker->intake, on_recovered, worker);
    PS_LOG(WORKER_START, F_INT("slots", worker->slots),
           F_REAL("rate_limit", daemon->config->probe_rate_limit),
           F_TEXT("sandbox", ps_sandbox_describe()));
    *out_self = worker;
    return true;
}

void ps_worker_destroy(void *self)
{
    struct ps_worker *worker = self;

    if (worker == NULL)
        return;
    ps_timer_destroy(worker->tick);
    ps_backlog_monitor_destroy(worker->monitor);
    ps_held_tasks_destroy(worker->tasks);
    ps_task_intake_destroy(worker->intake);
    ps_probe_kit_clear(&worker->kit);
    free(worker);
}

void ps_worker_count(const struct ps_worker *worker, struct ps_worker_counts *out_counts)
{
    *out_counts = (struct ps_worker_counts){
        .tasks = *ps_held_tasks_counts(worker->tasks),
        .in_flight = ps_held_tasks_len(worker->tasks),
        .group_recreates = ps_task_intake_group_recreates(worker->intake),
        .paused_hosts = ps_rate_limiter_paused_hosts(worker->kit.limiter)
    };
}

bool ps_worker_stuck(void *self)
{
    const struct ps_worker *worker = self;

    return ps_stall_detector_stuck(&worker->stall_detector, stuck_limit_ms(worker->daemon->config));
}

const char *ps_worker_fault(const struct ps_worker *worker)
{
    return ps_redis_up(worker->daemon->redis) ? ps_task_intake_fault(worker->intake) : NULL;
}

bool ps_worker_takes_tasks(const struct ps_worker *worker)
{
    return worker->takes_tasks;
}
