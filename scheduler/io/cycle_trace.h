/* The scheduler's part of a cycle's trace (deploy/OPERATING.md, "Traces"): the spans plan, result
 * and message, and the traceparents of tasks and outbox rows.
 *
 * The trace's ids follow from the cycle's number and start, which PostgreSQL keeps, so a new leader
 * continues the trace of a cycle that it resumes. Without a collector (daemon->tracer is NULL)
 * every context is none, nothing is sent and no field is written. */
#ifndef PS_SCHEDULER_CYCLE_TRACE_H
#define PS_SCHEDULER_CYCLE_TRACE_H
#include "scheduler/io/leadership.h"
#include "shared/core/result.h"

/* Returns the span plan of a cycle; none without a collector. started_ms is that of the ledger. */
struct ps_trace_context ps_cycle_trace(const struct ps_leadership *leadership, int64_t cycle,
                                       int64_t started_ms);
/* Sends the span plan: leadership->run was stored. A leader that resumes a cycle does not send it
 * again: two spans of one id would be worse than the missing root of a trace whose leader died
 * within a second of planning. */
void ps_cycle_trace_planned(const struct ps_leadership *leadership);
/* Sends the span plan of a cycle that could not be run. */
void ps_cycle_trace_failed(const struct ps_leadership *leadership, int64_t cycle,
                           int64_t started_ms, const char *error);

/* Writes the field traceparent of a task; "" without a collector (plan is none). share is
 * OTEL_TRACES_SAMPLER_ARG: the workers send the spans of so many tasks even if nothing is found. */
void ps_cycle_trace_task(const struct ps_trace_context *plan, const char *task, double share,
                         char out_traceparent[PS_TRACEPARENT_TEXT]);

/* Returns the span result of a result; none without a collector. A result of a worker that knows no
 * traces belongs to the span plan of the running cycle. */
struct ps_trace_context ps_cycle_trace_result(const struct ps_leadership *leadership,
                                              const struct ps_result *result);
/* Sends the span result, if the task is sampled or a find: the result, which was added to the
 * stream at added_ms (wall clock), is stored. */
void ps_cycle_trace_stored(const struct ps_leadership *leadership, const struct ps_result *result,
                           int64_t added_ms);

/* Returns the span message of a message whose first row has traceparent; none without a collector
 * or without a traceparent (NULL, or not valid). */
struct ps_trace_context ps_cycle_trace_message(const struct ps_leadership *leadership,
                                               const char *traceparent, const char *message_id);
/* Sends the span message of each message that outbox_bundle made. Its parent is the span of its
 * first row; those of the other rows are links. */
void ps_cycle_trace_bundled(const struct ps_leadership *leadership, const struct ps_pg_rows *rows,
                            size_t statement);

#endif
