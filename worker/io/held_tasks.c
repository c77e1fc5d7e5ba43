#include "worker/io/held_tasks.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "worker/io/probe_trace.h"
#include "worker/io/task_completion.h"
#include "worker/io/task_result.h"

#include <stdlib.h>
#include <string.h>
/* clang refuses uthash's default hash function, because its cases fall through. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

enum {
    GIVE_UP_BEFORE_DEADLINE_MS = 3000, /* a task of a paused host is given up this early */
    REQUEST_MARGIN_MS = 1500, /* a pause must end this long before the deadline to be useful */
    /* How long this worker keeps its own confirmation request from itself. Meanwhile the others
     * work off what they hold, and Redis serves the reader that has waited longest: one of them. */
    PASS_ON_DELAY_MS = 100,
};

/* An entry of the stream that is pending for this worker. */
struct held_task {
    struct ps_held_tasks *tasks;
    char *id;
    struct ps_task task;
    struct ps_probe *probe; /* NULL: the answer is on its way to Redis, or pass_on_ms is set */
    int64_t renewed_ms;     /* when it was taken or last renewed */
    int64_t taken_ms;       /* wall clock */
    int64_t pass_on_ms; /* monotonic: when the request goes on to other workers; 0: it does not */
    bool claimed_by_other; /* another worker took it over meanwhile */
    UT_hash_handle hh;
};

struct ps_held_tasks {
    struct ps_held_tasks_options options;
    struct ps_task_completion *completion;
    struct held_task *by_id;
    struct ps_timer *pass_on; /* set while a task has pass_on_ms */
    struct ps_task_counts counts;
    uint64_t acknowledged;
    bool draining;
};

static void held_task_free(struct held_task *held)
{
    HASH_DELETE(hh, held->tasks->by_id, held);
    ps_probe_cancel(held->probe);
    ps_task_clear(&held->task);
    free(held->id);
    free(held);
}

/* Last step of every path: Redis has accepted the answer. */
static void on_acknowledged(void *cookie, void *item)
{
    struct ps_held_tasks *tasks = cookie;

    tasks->acknowledged++;
    held_task_free(item);
    tasks->options.on_change(tasks->options.cookie);
}

/* A second worker confirms a recent hit before people are notified (a site may answer HEAD wrongly,
 * or one worker's network may). The entry returns to the stream, marked with this worker's name.
 * This worker passes it on again `passes` times before it confirms the hit itself, because it is
 * alone or the others are busy. */
static void request_confirmation(struct held_task *held, int passes)
{
    struct ps_fields fields;

    ps_fields_init(&fields);
    ps_task_format(&held->task, &fields);
    ps_fields_add(&fields, "seen_by", held->tasks->options.daemon->instance);
    ps_fields_add_int(&fields, "passes", passes);
    ps_task_completion_pass_on(held->tasks->completion, held->id, &fields, held);
    ps_fields_clear(&fields);
}

static void pass_on_later(struct held_task *held)
{
    struct ps_held_tasks *tasks = held->tasks;

    held->pass_on_ms = ps_loop_now(tasks->options.daemon->loop) + PASS_ON_DELAY_MS;
    if (!ps_timer_pending(tasks->pass_on))
        ps_timer_set(tasks->pass_on, PASS_ON_DELAY_MS);
}

/* Passes on every request that is due by now_ms. */
static void pass_on_due(struct ps_held_tasks *tasks, int64_t now_ms)
{
    struct held_task *held, *next;
    int64_t due_ms = 0;

    HASH_ITER (hh, tasks->by_id, held, next) {
        if (held->pass_on_ms == 0)
            continue;
        if (held->pass_on_ms <= now_ms) {
            held->pass_on_ms = 0;
            request_confirmation(held, held->task.passes + 1);
        } else if (due_ms == 0 || held->pass_on_ms < due_ms) {
            due_ms = held->pass_on_ms;
        }
    }
    if (due_ms > 0)
        ps_timer_set(tasks->pass_on, due_ms - now_ms);
}

static void on_pass_on(void *cookie)
{
    struct ps_held_tasks *tasks = cookie;

    pass_on_due(tasks, ps_loop_now(tasks->options.daemon->loop));
}

static void count_outcome(struct ps_held_tasks *tasks, enum ps_tier tier, enum ps_outcome outcome)
{
    tasks->counts.outcomes[tier][outcome]++;
    tasks->counts.probes++;
}

static void on_probe_end(void *cookie, const struct ps_probe_report *report)
{
    struct held_task *held = cookie;
    struct ps_held_tasks *tasks = held->tasks;
    const struct ps_daemon *daemon = tasks->options.daemon;
    const struct ps_task *task = &held->task;
    bool recent =
        report->outcome == PS_OUTCOME_HIT_RECENT || report->outcome == PS_OUTCOME_HIT_NO_LM;
    struct ps_fields fields;

    held->probe = NULL; /* the prober frees it after this call */
    held->task.trace = ps_probe_trace_end(
        daemon->tracer, task,
        &(struct ps_probe_delivery){ held->id, daemon->instance, held->taken_ms }, report);
    if (recent && task->seen_by == NULL && ps_tier_is_planned(task->tier)) {
        PS_LOG(PROBE_SEEN, F_TEXT("trace", task->task), F_TEXT("url", report->url),
               F_INT("status", report->status));
        request_confirmation(held, 0);
    } else {
        count_outcome(tasks, task->tier, report->outcome);
        ps_task_result_log(daemon->failures, task, report);
        ps_fields_init(&fields);
        ps_task_result_format(daemon->instance, task, report, &fields);
        ps_task_completion_finish(tasks->completion, held->id, &fields, held);
        ps_fields_clear(&fields);
    }
    tasks->options.on_change(tasks->options.cookie);
}

/* Moves the entry to tasks:dead. with_result: the scheduler also learns that the probe failed; an
 * unreadable entry names no probe, so it has no result. */
static void bury(struct held_task *held, const struct ps_err *err, int64_t deliveries,
                 bool with_result)
{
    struct ps_held_tasks *tasks = held->tasks;
    const struct ps_daemon *daemon = tasks->options.daemon;
    struct ps_probe_report report = ps_task_result_without_request(&held->task, err);
    struct ps_fields fields;

    tasks->counts.dead++;
    ps_metrics_add(daemon->metrics, PS_METRIC_TASKS_DEAD, NULL, 1);
    PS_LOG(TASK_DEAD, F_TEXT("entry", held->id),
           F_TEXT("trace", held->task.task == NULL ? "" : held->task.task),
           F_INT("deliveries", deliveries), F_ERR(err));
    ps_failure_log_add(daemon->failures, ps_event_name(PS_EVENT_TASK_DEAD), err, held->task.url, 0);
    ps_fields_init(&fields);
    if (with_result) {
        count_outcome(tasks, held->task.tier, PS_OUTCOME_ERROR);
        ps_task_result_format(daemon->instance, &held->task, &report, &fields);
    }
    ps_task_completion_bury(tasks->completion, held->id, err->what, deliveries, &fields, held);
    ps_fields_clear(&fields);
}

static void return_to_stream(struct held_task *held)
{
    ps_probe_cancel(held->probe);
    held->probe = NULL;
    held->tasks->counts.returned++;
    ps_task_completion_return(held->tasks->completion, held->id, held);
}

static bool cycle_is_over(const struct ps_held_tasks *tasks, const struct ps_task *task)
{
    const struct ps_cycle_view *view = ps_backlog_monitor_view(tasks->options.monitor);

    /* A task of a newer leader belongs to a newer cycle, whatever its number: a PostgreSQL that was
     * restored gives numbers out again, and the view may be some seconds old. */
    return view->known && task->cycle < view->number && task->epoch <= view->epoch;
}

static void record_delivery(struct ps_held_tasks *tasks, const struct ps_stream_entry *entry,
                            int64_t earlier_deliveries, const char *claimed_from, const char *trace)
{
    struct ps_metrics *metrics = tasks->options.daemon->metrics;
    int64_t waited_ms;

    if (claimed_from != NULL) {
        tasks->counts.claimed++;
        ps_metrics_add(metrics, PS_METRIC_TASKS_CLAIMED, NULL, 1);
        PS_LOG(TASK_CLAIMED, F_TEXT("entry", entry->id), F_TEXT("trace", trace),
               F_TEXT("from", claimed_from), F_INT("deliveries", entry->deliveries));
    } else if (earlier_deliveries == 0) {
        /* An entry's id begins with the time at which it was added, in ms by Redis' clock. */
        waited_ms = ps_clock_wall_ms() - strtoll(entry->id, NULL, 10);
        ps_metrics_observe(metrics, PS_METRIC_TASK_WAIT,
                           waited_ms > 0 ? (double)waited_ms / 1000 : 0);
    }
}

void ps_held_tasks_take(void *cookie, const struct ps_stream_entry *entry,
                        int64_t earlier_deliveries, const char *claimed_from)
{
    struct ps_held_tasks *tasks = cookie;
    const struct ps_daemon *daemon = tasks->options.daemon;
    struct ps_probe_report report;
    struct held_task *held;
    bool readable;
    struct ps_err err;

    HASH_FIND(hh, tasks->by_id, entry->id, strlen(entry->id), held);
    if (held != NULL) {
        /* task_recover delivered an entry whose probe still runs: the other worker lost it. */
        held->claimed_by_other = false;
        return;
    }
    ps_backlog_monitor_on_task(tasks->options.monitor);
    held = ps_alloc_zero(1, sizeof(*held));
    held->tasks = tasks;
    held->id = ps_alloc_text(entry->id);
    held->renewed_ms = ps_loop_now(daemon->loop);
    held->taken_ms = ps_clock_wall_ms();
    HASH_ADD_KEYPTR(hh, tasks->by_id, held->id, strlen(held->id), held);
    readable = ps_task_parse(entry->fields, entry->count, &held->task, &err);
    record_delivery(tasks, entry, earlier_deliveries, claimed_from,
                    readable ? held->task.task : "");

    if (tasks->draining) {
        return_to_stream(held);
    } else if (!readable) {
        bury(held, &err, earlier_deliveries, false);
    } else if (earlier_deliveries >= daemon->config->task_max_deliveries) {
        /* A task that kills its worker would otherwise kill one worker after the other. */
        ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "delivered %lld times without a result",
                (long long)earlier_deliveries);
        bury(held, &err, earlier_deliveries, true);
    } else if (cycle_is_over(tasks, &held->task)) {
        ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "cycle over");
        report = ps_task_result_without_request(&held->task, &err);
        on_probe_end(held, &report);
    } else if (held->task.seen_by != NULL && held->task.passes < PS_TASK_PASSES_MAX &&
               strcmp(held->task.seen_by, daemon->instance) == 0) {
        pass_on_later(held);
    } else {
        held->probe = ps_probe_start(tasks->options.prober, held->task.url,
                                     held->task.seen_by == NULL ? PS_PROBE_HEAD : PS_PROBE_CONFIRM,
                                     on_probe_end, held);
    }
}

/* Another worker claimed the entry. A request that is under way continues, because the first of the
 * two workers that writes the result is counted and the other one is ignored; a waiting one ends.
 */
static void on_claimed_by_other(void *cookie, const char *id)
{
    struct ps_held_tasks *tasks = cookie;
    struct held_task *held;

    HASH_FIND(hh, tasks->by_id, id, strlen(id), held);
    if (held == NULL)
        return;
    held->claimed_by_other = true;
    if (held->probe != NULL && !ps_probe_busy(held->probe))
        held_task_free(held);
}

void ps_held_tasks_renew(struct ps_held_tasks *tasks, struct ps_task_intake *intake,
                         int64_t interval_ms)
{
    int64_t now_ms = ps_loop_now(tasks->options.daemon->loop);
    const char **ids;
    size_t len = 0;
    struct held_task *held, *next;

    if (tasks->by_id == NULL || !ps_redis_up(tasks->options.daemon->redis))
        return;
    ids = ps_alloc_array(NULL, HASH_COUNT(tasks->by_id), sizeof(*ids));
    HASH_ITER (hh, tasks->by_id, held, next) {
        if (!held->claimed_by_other && now_ms - held->renewed_ms >= interval_ms) {
            held->renewed_ms = now_ms;
            ids[len++] = held->id;
        }
    }
    if (len > 0)
        ps_task_intake_renew(intake, ids, len, on_claimed_by_other, tasks);
    free(ids);
}

/* Whether the host's pause ends too late for the cycle of this task. The view describes the running
 * cycle only, so it decides nothing about a task of another cycle. */
static bool pause_outlasts_cycle(const struct held_task *held, const struct ps_cycle_view *view)
{
    int64_t left_ms = ps_probe_pause_ms(held->probe);
    int64_t now_ms = ps_clock_wall_ms();

    return left_ms > 0 && view->known && view->number == held->task.cycle &&
           held->task.epoch <= view->epoch && view->deadline_ms > 0 &&
           now_ms >= view->deadline_ms - GIVE_UP_BEFORE_DEADLINE_MS &&
           now_ms + left_ms > view->deadline_ms - REQUEST_MARGIN_MS;
}

void ps_held_tasks_drop_obsolete(struct ps_held_tasks *tasks)
{
    const struct ps_cycle_view *view = ps_backlog_monitor_view(tasks->options.monitor);
    struct held_task *held, *next;
    struct ps_err err;

    HASH_ITER (hh, tasks->by_id, held, next) {
        if (held->probe == NULL || ps_probe_busy(held->probe))
            continue;
        if (tasks->draining) {
            return_to_stream(held);
        } else if (cycle_is_over(tasks, &held->task)) {
            ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "cycle over");
            ps_probe_give_up(held->probe, PS_OUTCOME_ERROR, &err);
        } else if (pause_outlasts_cycle(held, view)) {
            ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0, "the host's pause outlasts the cycle");
            ps_probe_give_up(held->probe, PS_OUTCOME_ERROR, &err);
        }
    }
}

void ps_held_tasks_drain(struct ps_held_tasks *tasks)
{
    tasks->draining = true;
    pass_on_due(tasks, INT64_MAX);
    ps_held_tasks_drop_obsolete(tasks);
}

void ps_held_tasks_return_all(struct ps_held_tasks *tasks)
{
    struct held_task *held, *next;

    HASH_ITER (hh, tasks->by_id, held, next) {
        if (held->probe != NULL)
            return_to_stream(held);
    }
}

struct ps_held_tasks *ps_held_tasks_create(const struct ps_held_tasks_options *options)
{
    struct ps_held_tasks *tasks = ps_alloc_zero(1, sizeof(*tasks));
    struct ps_task_completion_options completion = { .loop = options->daemon->loop,
                                                     .redis = options->daemon->redis,
                                                     .keys = options->daemon->keys,
                                                     .instance = options->daemon->instance,
                                                     .fn = on_acknowledged,
                                                     .cookie = tasks };

    tasks->options = *options;
    tasks->completion = ps_task_completion_create(&completion);
    tasks->pass_on = ps_timer_create(options->daemon->loop, on_pass_on, tasks);
    return tasks;
}

void ps_held_tasks_destroy(struct ps_held_tasks *tasks)
{
    struct held_task *held, *next;

    HASH_ITER (hh, tasks->by_id, held, next) {
        held_task_free(held);
    }
    ps_task_completion_destroy(tasks->completion);
    ps_timer_destroy(tasks->pass_on);
    free(tasks);
}

void ps_held_tasks_on_redis(struct ps_held_tasks *tasks, bool up)
{
    ps_task_completion_on_redis(tasks->completion, up);
}

size_t ps_held_tasks_len(const struct ps_held_tasks *tasks)
{
    return HASH_COUNT(tasks->by_id);
}

uint64_t ps_held_tasks_acknowledged(const struct ps_held_tasks *tasks)
{
    return tasks->acknowledged;
}

const struct ps_task_counts *ps_held_tasks_counts(const struct ps_held_tasks *tasks)
{
    return &tasks->counts;
}
