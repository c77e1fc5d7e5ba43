/* The worker's part of a trace (deploy/OPERATING.md, "Traces"): the spans task (a task waits in the
 * stream) and probe. They are sent when the probe has ended, because only then it is known whether
 * it found something: the spans of finds are always sent, those of other probes if the scheduler
 * chose the task (traceparent says sampled). */
#ifndef PS_WORKER_IO_PROBE_TRACE_H
#define PS_WORKER_IO_PROBE_TRACE_H
#include "shared/core/result.h"
#include "shared/io/tracer.h"
#include "worker/io/prober.h"

/* What is known about the delivery; borrowed. */
struct ps_probe_delivery {
    const char *entry;    /* id in the stream */
    const char *instance; /* this worker */
    int64_t taken_ms;     /* wall clock */
};

/* Sends the spans of a probe that has ended, if it is to be traced, and returns the context for
 * what follows: the result, or the confirmation by another worker. Without a tracer, or for a task
 * without a traceparent, the context is that of the task, unchanged. */
struct ps_trace_context ps_probe_trace_end(struct ps_tracer *tracer, const struct ps_task *task,
                                           const struct ps_probe_delivery *delivery,
                                           const struct ps_probe_report *report) PS_MUST_USE;

#endif
