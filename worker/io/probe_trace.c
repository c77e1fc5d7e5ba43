#include "worker/io/probe_trace.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"

#include <stdlib.h>

/* From XADD, by Redis' clock, to this worker. An entry's id begins with its time. */
static void add_wait(struct ps_tracer *tracer, const struct ps_task *task,
                     const struct ps_probe_delivery *delivery, uint64_t parent,
                     struct ps_trace_context self)
{
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_TEXT("paperscout.task", task->task),
        PS_SPAN_INT("paperscout.cycle", task->cycle),
        PS_SPAN_TEXT("paperscout.tier",
                     task->tier_name != NULL ? task->tier_name : ps_tier_name(task->tier)),
        PS_SPAN_TEXT("messaging.message.id", delivery->entry),
    };

    ps_tracer_add(tracer, &(struct ps_span){ .name = "task",
                                             .kind = PS_SPAN_CONSUMER,
                                             .self = self,
                                             .parent = parent,
                                             .start_ms = strtoll(delivery->entry, NULL, 10),
                                             .end_ms = delivery->taken_ms,
                                             .attributes = attributes,
                                             .attribute_count = PS_COUNT_OF(attributes) });
}

static void add_probe(struct ps_tracer *tracer, const struct ps_task *task,
                      const struct ps_probe_delivery *delivery,
                      const struct ps_probe_report *report, uint64_t parent,
                      struct ps_trace_context self)
{
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_TEXT("paperscout.task", task->task),
        PS_SPAN_TEXT("url.full", report->url),
        PS_SPAN_TEXT("http.request.method", task->seen_by == NULL ? "HEAD" : "GET"),
        PS_SPAN_TEXT("paperscout.outcome", ps_outcome_name(report->outcome)),
        PS_SPAN_INT("paperscout.attempts", report->attempts),
        PS_SPAN_INT("paperscout.latency_ms", report->latency_ms),
        PS_SPAN_TEXT("error.type",
                     report->err != NULL ? ps_failure_name(report->err->category) : NULL),
        PS_SPAN_INT("http.response.status_code", report->status), /* last: absent without one */
    };
    bool failed = report->outcome == PS_OUTCOME_ERROR && report->err != NULL;

    ps_tracer_add(tracer, &(struct ps_span){ .name = "probe",
                                             .kind = PS_SPAN_CLIENT,
                                             .self = self,
                                             .parent = parent,
                                             .start_ms = delivery->taken_ms,
                                             .end_ms = ps_clock_wall_ms(),
                                             .attributes = attributes,
                                             .attribute_count = PS_COUNT_OF(attributes) -
                                                                (report->status == 0 ? 1 : 0),
                                             .error = failed ? report->err->what : NULL });
}

struct ps_trace_context ps_probe_trace_end(struct ps_tracer *tracer, const struct ps_task *task,
                                           const struct ps_probe_delivery *delivery,
                                           const struct ps_probe_report *report)
{
    struct ps_trace_context cause = task->trace, wait, probe;
    char *name;

    if (tracer == NULL || !ps_trace_is_set(&cause))
        return cause;
    cause.sampled = cause.sampled || ps_result_is_find(task, report->outcome);
    /* A task may be delivered to two workers, and comes back for its confirmation. */
    name = ps_alloc_format("%s %s", delivery->instance, delivery->entry);
    wait = ps_trace_child(&cause, "task", name);
    probe = ps_trace_child(&cause, "probe", name);
    free(name);
    if (!cause.sampled)
        return cause;
    add_wait(tracer, task, delivery, cause.span, wait);
    add_probe(tracer, task, delivery, report, wait.span, probe);
    return probe;
}
