#include "scheduler/io/cycle_trace.h"

#include "embedded/scheduler_sql.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/tracer.h"

#include <stdlib.h>
#include <string.h>

struct ps_trace_context ps_cycle_trace(const struct ps_leadership *leadership, int64_t cycle,
                                       int64_t started_ms)
{
    const struct ps_daemon *daemon = leadership->daemon;

    if (daemon->tracer == NULL)
        return (struct ps_trace_context){ 0 };
    return ps_trace_of_cycle(daemon->config->redis_key_prefix, cycle, started_ms);
}

/* error: NULL if the cycle was planned. */
static void add_plan(const struct ps_leadership *leadership, int64_t cycle, int64_t started_ms,
                     const struct ps_span_attribute *attributes, size_t count, const char *error)
{
    if (leadership->daemon->tracer == NULL)
        return;
    ps_tracer_add(leadership->daemon->tracer,
                  &(struct ps_span){ .name = "plan",
                                     .kind = PS_SPAN_PRODUCER,
                                     .self = ps_cycle_trace(leadership, cycle, started_ms),
                                     .start_ms = started_ms,
                                     .end_ms = ps_clock_wall_ms(),
                                     .attributes = attributes,
                                     .attribute_count = count,
                                     .error = error });
}

void ps_cycle_trace_planned(const struct ps_leadership *leadership)
{
    const struct ps_ledger *ledger = &leadership->run->ledger;
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_INT("paperscout.cycle", ledger->cycle),
        PS_SPAN_INT("paperscout.epoch", leadership->epoch),
        PS_SPAN_INT("paperscout.probes.planned", ledger->planned),
        PS_SPAN_INT("paperscout.probes.hot", ledger->hot),
        PS_SPAN_INT("paperscout.probes.cold", ledger->cold),
    };

    add_plan(leadership, ledger->cycle, ledger->started_ms, attributes, PS_COUNT_OF(attributes),
             NULL);
}

void ps_cycle_trace_failed(const struct ps_leadership *leadership, int64_t cycle,
                           int64_t started_ms, const char *error)
{
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_INT("paperscout.cycle", cycle),
        PS_SPAN_INT("paperscout.epoch", leadership->epoch),
    };

    add_plan(leadership, cycle, started_ms, attributes, PS_COUNT_OF(attributes), error);
}

void ps_cycle_trace_task(const struct ps_trace_context *plan, const char *task, double share,
                         char out_traceparent[PS_TRACEPARENT_TEXT])
{
    struct ps_trace_context context = *plan;

    out_traceparent[0] = '\0';
    if (!ps_trace_is_set(plan))
        return;
    context.sampled = ps_trace_picks(plan, task, share);
    ps_traceparent_format(&context, out_traceparent);
}

/* The span that caused the result: the probe, or the plan if the worker sent no span. */
static struct ps_trace_context cause_of(const struct ps_leadership *leadership,
                                        const struct ps_result *result)
{
    const struct ps_cycle *run = leadership->run;
    struct ps_trace_context cause = result->task.trace;

    if (!ps_trace_is_set(&cause) && run != NULL && run->ledger.cycle == result->task.cycle) {
        cause = ps_cycle_trace(leadership, run->ledger.cycle, run->ledger.started_ms);
        cause.sampled = false;
    }
    cause.sampled = cause.sampled || ps_result_is_find(&result->task, result->outcome);
    return cause;
}

struct ps_trace_context ps_cycle_trace_result(const struct ps_leadership *leadership,
                                              const struct ps_result *result)
{
    struct ps_trace_context cause;

    if (leadership->daemon->tracer == NULL)
        return (struct ps_trace_context){ 0 };
    cause = cause_of(leadership, result);
    return ps_trace_is_set(&cause) ? ps_trace_child(&cause, "result", result->task.task) : cause;
}

void ps_cycle_trace_stored(const struct ps_leadership *leadership, const struct ps_result *result,
                           int64_t added_ms)
{
    struct ps_trace_context self = ps_cycle_trace_result(leadership, result);
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_TEXT("paperscout.task", result->task.task),
        PS_SPAN_TEXT("paperscout.outcome", ps_outcome_name(result->outcome)),
        PS_SPAN_TEXT("paperscout.worker", result->worker),
    };

    if (!ps_trace_is_set(&self) || !self.sampled)
        return;
    ps_tracer_add(leadership->daemon->tracer,
                  &(struct ps_span){ .name = "result",
                                     .kind = PS_SPAN_CONSUMER,
                                     .self = self,
                                     .parent = cause_of(leadership, result).span,
                                     .start_ms = added_ms,
                                     .end_ms = ps_clock_wall_ms(),
                                     .attributes = attributes,
                                     .attribute_count = PS_COUNT_OF(attributes) });
}

struct ps_trace_context ps_cycle_trace_message(const struct ps_leadership *leadership,
                                               const char *traceparent, const char *message_id)
{
    struct ps_trace_context cause;

    if (leadership->daemon->tracer == NULL || !ps_traceparent_parse(ps_str_of(traceparent), &cause))
        return (struct ps_trace_context){ 0 };
    return ps_trace_child(&cause, "message", message_id);
}

/* One row of outbox_bundle. */
struct bundled {
    const char *message_id, *traceparent; /* traceparent: NULL for none */
    int64_t id;
    int row;
};

/* Orders rows by message, and within a message by id: the first row is the parent of the span. */
static int by_message(const void *a, const void *b)
{
    const struct bundled *one = a, *other = b;
    int order = strcmp(one->message_id, other->message_id);

    return order != 0 ? order : (one->id > other->id) - (one->id < other->id);
}

/* The rows of one message, the first one first. */
static void add_message(const struct ps_leadership *leadership, const struct ps_pg_rows *rows,
                        size_t statement, const struct bundled *bundled, size_t count)
{
    int first = bundled[0].row;
    struct ps_trace_context self =
        ps_cycle_trace_message(leadership, bundled[0].traceparent, bundled[0].message_id);
    struct ps_trace_context *links, cause;
    size_t link_count = 0;
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_TEXT("paperscout.message", bundled[0].message_id),
        PS_SPAN_TEXT("paperscout.kind",
                     ps_pg_text(rows, statement, first, PS_SQL_OUTBOX_BUNDLE_KIND)),
        PS_SPAN_TEXT("paperscout.task",
                     ps_pg_text(rows, statement, first, PS_SQL_OUTBOX_BUNDLE_TRACE)),
        PS_SPAN_INT("paperscout.rows", count),
    };

    if (!ps_trace_is_set(&self) || !ps_traceparent_parse(ps_str_of(bundled[0].traceparent), &cause))
        return;
    links = ps_alloc_array(NULL, count, sizeof(*links));
    for (size_t i = 1; i < count; i++)
        if (ps_traceparent_parse(ps_str_of(bundled[i].traceparent), &links[link_count]) &&
            links[link_count].span != cause.span)
            link_count++;
    ps_tracer_add(leadership->daemon->tracer,
                  &(struct ps_span){ .name = "message",
                                     .kind = PS_SPAN_PRODUCER,
                                     .self = self,
                                     .parent = cause.span,
                                     .start_ms = ps_pg_int(rows, statement, first,
                                                           PS_SQL_OUTBOX_BUNDLE_CREATED_AT, 0),
                                     .end_ms = ps_clock_wall_ms(),
                                     .attributes = attributes,
                                     .attribute_count = PS_COUNT_OF(attributes),
                                     .links = links,
                                     .link_count = link_count });
    free(links);
}

void ps_cycle_trace_bundled(const struct ps_leadership *leadership, const struct ps_pg_rows *rows,
                            size_t statement)
{
    size_t count = (size_t)ps_pg_row_count(rows, statement);
    struct bundled *bundled;

    if (leadership->daemon->tracer == NULL || count == 0)
        return;
    bundled = ps_alloc_zero(count, sizeof(*bundled));
    for (size_t i = 0; i < count; i++)
        bundled[i] = (struct bundled){
            .message_id = ps_pg_text(rows, statement, (int)i, PS_SQL_OUTBOX_BUNDLE_MESSAGE_ID),
            .traceparent = ps_pg_text(rows, statement, (int)i, PS_SQL_OUTBOX_BUNDLE_TRACEPARENT),
            .id = ps_pg_int(rows, statement, (int)i, PS_SQL_OUTBOX_BUNDLE_ID, 0),
            .row = (int)i
        };
    qsort(bundled, count, sizeof(*bundled), by_message);
    for (size_t first = 0, next; first < count; first = next) {
        for (next = first + 1;
             next < count && strcmp(bundled[next].message_id, bundled[first].message_id) == 0;
             next++)
            ;
        add_message(leadership, rows, statement, bundled + first, next - first);
    }
    free(bundled);
}
