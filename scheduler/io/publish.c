/* Publishing one cycle: send_open → send_batch … until everything is published.
 *
 * The hash `cycle` in Redis holds how far publishing came. cycle_open returns that position, so
 * publishing can be started again at any time: after a lost answer, by a new leader, after Redis
 * lost its data. Each failure therefore leads back to send_open instead of being repaired on its
 * own.
 *
 * Hot batches follow one another at once. A cold batch waits until it is due, and then for
 * measure_room: the stream and the memory of Redis. Without room the rest of the cycle is skipped,
 * because tasks that nobody can work off in time would delay the hot probes of the next cycle. */
#include "scheduler/io/publish.h"

#include "scheduler/core/publish_schedule.h"
#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/leader_writer.h"
#include "shared/core/alloc.h"
#include "shared/core/keys.h"
#include "shared/core/paper_id.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 500,
    PULSE_MS = 200, /* cold probes are published in batches */
    SIGNAL_MS = 4000,
    MEMORY_PERCENT = 90,
    ENDS_ARG = 2 /* of task_publish: the position after the batch */
};

struct ps_publish {
    struct ps_leadership *leadership;
    ps_publish_crowded_fn crowded;
    void *cookie;
    struct ps_leader_writer *writer; /* started while there is something to publish */
    bool open;                       /* Redis knows the cycle */
    int64_t cycle;                   /* of the write that is outstanding */
    size_t next;                     /* every position before this one is published */
    size_t batch_ends;               /* of the batch that is outstanding */
    int64_t signalled_ms;            /* monotonic; last batch; 0: there was none */
    int64_t length;                  /* of the stream, measured before a cold batch */
};

static void step(void *cookie);

/* Whether the answer is for the cycle that is being published now. If not, goes on with that one.
 */
static bool is_for_this_cycle(struct ps_publish *publish)
{
    const struct ps_cycle *run = publish->leadership->run;

    if (run != NULL && run->ledger.cycle == publish->cycle)
        return true;
    step(publish);
    return false;
}

static void run_script(struct ps_publish *publish, enum ps_script script,
                       struct ps_script_args *args, const char *what, ps_leader_reply_fn fn)
{
    publish->cycle = publish->leadership->run->ledger.cycle;
    ps_leader_writer_script(
        publish->writer,
        &(struct ps_leader_script){
            .script = script, .keys = {PS_KEY_CYCLE, PS_KEY_TASKS},
                 .what = what, .fn = fn
    },
        args);
}

/* Opens the cycle again after any failure. Redis may have lost it; its answer says how far
 * publishing came. */
static void on_failed(void *cookie, const struct ps_err *err)
{
    struct ps_publish *publish = cookie;

    (void)err;
    publish->open = false;
}

static void on_batch(void *cookie, const struct redisReply *reply)
{
    struct ps_publish *publish = cookie;
    struct ps_daemon *daemon = publish->leadership->daemon;
    int64_t now_ms = ps_loop_now(daemon->loop);

    (void)reply;
    /* Workers that see tasks look often by themselves. */
    if (publish->signalled_ms == 0 || now_ms - publish->signalled_ms >= SIGNAL_MS)
        ps_signals_send(daemon->signals, PS_SIGNAL_TASKS);
    publish->signalled_ms = now_ms;
    if (!is_for_this_cycle(publish))
        return;
    publish->next = publish->batch_ends;
    step(publish);
}

/* share: of such tasks, how many are sampled even if their probe finds nothing. */
static void add_traceparent(const struct ps_publish *publish, const char *task, double share,
                            struct ps_script_args *args)
{
    const struct ps_leadership *leadership = publish->leadership;
    const struct ps_ledger *ledger = &leadership->run->ledger;
    struct ps_trace_context plan = ps_cycle_trace(leadership, ledger->cycle, ledger->started_ms);
    char traceparent[PS_TRACEPARENT_TEXT];

    ps_cycle_trace_task(&plan, task, share, traceparent);
    ps_script_args_text(args, traceparent);
}

static void add_task(const struct ps_publish *publish, struct ps_script_args *args, size_t position)
{
    const struct ps_cycle *run = publish->leadership->run;
    const struct ps_cycle_probe *item = &run->items[position];
    double share = publish->leadership->daemon->config->otel_traces_sampler_arg;
    char *task = ps_alloc_format("%" PRId64 ":%s", run->ledger.cycle, item->file);

    ps_script_args_int(args, (int64_t)position);
    ps_script_args_text(args, task);
    ps_script_args_text(args, item->url);
    ps_script_args_text(args, ps_tier_name(item->tier));
    ps_script_args_text(args, item->prefix);
    ps_script_args_int(args, item->number);
    ps_script_args_int(args, item->revision);
    ps_script_args_text(args, item->ext);
    add_traceparent(publish, task, share, args);
    free(task);
}

static struct ps_publish_schedule spread_of(const struct ps_publish *publish)
{
    const struct ps_config *config = publish->leadership->daemon->config;
    const struct ps_cycle *run = publish->leadership->run;

    return (struct ps_publish_schedule){
        .hot = run->ledger.hot,
        .len = run->len,
        .started_ms = run->ledger.started_ms,
        .span_ms = (int64_t)(config->cold_spread_ratio * (double)ps_config_poll_interval_ms(config))
    };
}

static void send_batch(struct ps_publish *publish)
{
    const struct ps_publish_schedule spread = spread_of(publish);
    size_t until = publish->next < spread.hot
                       ? spread.hot /* room was measured for cold probes only */
                       : ps_publish_schedule_until(&spread, ps_clock_wall_ms());
    const struct ps_cycle *run = publish->leadership->run;
    size_t at = publish->next;
    struct ps_script_args args;

    ps_leader_writer_args(publish->writer, &args);
    ps_script_args_int(&args, run->ledger.cycle);
    ps_script_args_int(&args, 0);
    for (size_t count = 0; count < PS_PUBLISH_BATCH; count++) {
        at = ps_cycle_next_open(run, at);
        if (at >= until)
            break;
        add_task(publish, &args, at++);
    }
    publish->batch_ends = ps_cycle_next_open(run, at);
    ps_script_args_set_int(&args, ENDS_ARG, (int64_t)publish->batch_ends);
    run_script(publish, PS_SCRIPT_TASK_PUBLISH, &args, "tasks were not published", on_batch);
}

static void on_memory(void *cookie, const struct redisReply *reply)
{
    struct ps_publish *publish = cookie;
    const char *text = reply == NULL ? NULL : ps_redis_reply_text(reply, NULL);
    struct ps_redis_info info;
    const char *why = NULL;

    if (!is_for_this_cycle(publish))
        return;
    ps_redis_info_parse(ps_str_of(text), &info);
    if (publish->length > publish->leadership->daemon->config->tasks_shed_length)
        why = "TASKS_SHED_LENGTH tasks are outstanding";
    else if (info.max_memory > 0 && info.used_memory / MEMORY_PERCENT > info.max_memory / 100)
        why = "the memory of Redis is nearly used up";
    if (why == NULL) {
        send_batch(publish);
        return;
    }
    ps_publish_stop(publish);
    publish->crowded(publish->cookie, publish->next, why);
}

static void on_length(void *cookie, const struct redisReply *reply)
{
    struct ps_publish *publish = cookie;

    publish->length = reply == NULL ? 0 : ps_redis_reply_int(reply, 0);
}

static void on_open(void *cookie, const struct redisReply *reply)
{
    struct ps_publish *publish = cookie;

    if (!is_for_this_cycle(publish))
        return;
    publish->open = true;
    publish->next = (size_t)ps_redis_reply_int(reply, 0);
    step(publish);
}

/* The file name of a control gives its number if it is a draft's; CONTROL_PRESENT_URL may have any
 * name. */
static void add_control(const struct ps_publish *publish, struct ps_script_args *args,
                        const struct ps_control_probe *control)
{
    int64_t cycle = publish->leadership->run->ledger.cycle;
    const char *file = ps_control_file(control);
    char *task = ps_alloc_format("%" PRId64 ":%s", cycle, file);
    struct ps_paper_id id = { .prefix = "D" };
    const char *ext = ".pdf";

    if (!ps_paper_id_parse_file(file, &id, &ext)) {
        id = (struct ps_paper_id){ .prefix = "D" };
        ext = strrchr(file, '.') == NULL ? ".pdf" : strrchr(file, '.');
    }
    ps_script_args_text(args, task);
    ps_script_args_text(args, control->url);
    ps_script_args_text(args, ps_tier_name(control->kind == PS_CONTROL_RECHECK ? PS_TIER_RECHECK
                                                                               : PS_TIER_CONTROL));
    ps_script_args_text(args, id.prefix);
    ps_script_args_int(args, id.number);
    ps_script_args_int(args, id.revision);
    ps_script_args_text(args, ext);
    /* Whether a draft has changed is known only when the cycle has ended, too late to sample its
     * probe. */
    add_traceparent(publish, task,
                    control->kind != PS_CONTROL_ABSENT
                        ? 1
                        : publish->leadership->daemon->config->otel_traces_sampler_arg,
                    args);
    free(task);
}

static void send_open(struct ps_publish *publish)
{
    const struct ps_ledger *ledger = &publish->leadership->run->ledger;
    const struct ps_control_probes *controls = &publish->leadership->run->controls;
    char started[PS_UTC_TIME_TEXT], deadline[PS_UTC_TIME_TEXT];
    struct ps_script_args args;

    ps_utc_time_format_time(ledger->started_ms, started);
    ps_utc_time_format_time(ledger->deadline_ms, deadline);
    ps_leader_writer_args(publish->writer, &args);
    ps_script_args_int(&args, ledger->cycle);
    ps_script_args_int(&args, (int64_t)ledger->planned);
    ps_script_args_text(&args, started);
    ps_script_args_text(&args, deadline);
    ps_script_args_text(&args, PS_GROUP_WORKERS);
    for (size_t i = 0; i < controls->len; i++)
        if (!controls->items[i].settled)
            add_control(publish, &args, &controls->items[i]);
    run_script(publish, PS_SCRIPT_CYCLE_OPEN, &args, "the cycle was not opened", on_open);
}

/* Opens the cycle, publishes the hot probes at once, then the cold ones when they are due. */
static void step(void *cookie)
{
    struct ps_publish *publish = cookie;
    const struct ps_leadership *leadership = publish->leadership;
    struct ps_publish_schedule spread;
    int64_t wait_ms;

    if (ps_leader_writer_busy(publish->writer) || leadership->run == NULL ||
        !ps_leader_writer_leads(publish->writer))
        return;
    if (!publish->open) {
        send_open(publish);
        return;
    }
    publish->next = ps_cycle_next_open(leadership->run, publish->next);
    if (publish->next >= leadership->run->len) {
        ps_publish_stop(publish);
        return;
    }
    if (leadership->probing_paused && publish->next > 0) {
        ps_publish_stop(publish);
        publish->crowded(publish->cookie, publish->next, "probing is paused");
        return;
    }
    spread = spread_of(publish);
    wait_ms = ps_publish_schedule_wait_ms(&spread, publish->next, ps_clock_wall_ms());
    if (wait_ms > 0) {
        ps_leader_writer_wait(publish->writer, wait_ms < PULSE_MS ? PULSE_MS : wait_ms);
        return;
    }
    if (publish->next < spread.hot) {
        send_batch(publish);
        return;
    }
    /* Asks whether there is room for a cold batch. Both answers arrive in this order. */
    publish->cycle = leadership->run->ledger.cycle;
    PS_LEADER_COMMAND(publish->writer, on_length, "XLEN",
                      ps_key(leadership->daemon->keys, PS_KEY_TASKS));
    PS_LEADER_COMMAND(publish->writer, on_memory, "INFO", "memory");
}

struct ps_publish *ps_publish_create(struct ps_leadership *leadership,
                                     ps_publish_crowded_fn crowded, void *cookie)
{
    struct ps_publish *publish = ps_alloc_zero(1, sizeof(*publish));

    publish->leadership = leadership;
    publish->crowded = crowded;
    publish->cookie = cookie;
    publish->writer =
        ps_leader_writer_create(&(struct ps_leader_writer_options){ .leadership = leadership,
                                                                    .cookie = publish,
                                                                    .event = PS_EVENT_REDIS_ERROR,
                                                                    .retry_ms = RETRY_MS,
                                                                    .step = step,
                                                                    .on_failed = on_failed });
    return publish;
}

void ps_publish_destroy(struct ps_publish *publish)
{
    if (publish == NULL)
        return;
    ps_leader_writer_destroy(publish->writer);
    free(publish);
}

void ps_publish_start(struct ps_publish *publish)
{
    (void)ps_leader_writer_start(publish->writer); /* always starts: it changes no mirror */
    publish->open = false;
    step(publish);
}

void ps_publish_paused(struct ps_publish *publish)
{
    step(publish);
}

void ps_publish_stop(struct ps_publish *publish)
{
    ps_leader_writer_stop(publish->writer);
}
