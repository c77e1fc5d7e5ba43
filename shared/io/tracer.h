/* Sends spans to a collector: OTLP over HTTP with JSON (core/otlp.h, core/span.h).
 *
 * Every program has one, or none if no collector is configured. Guarantees: tracing never changes
 * what a program does otherwise. Spans wait in one bounded buffer; when it is full, further spans
 * are dropped and counted (paperscout_trace_spans_total). One request is in flight at a time, in
 * the background. A collector that is dead, slow or refuses costs spans, one log line for each
 * outage, and at most PS_TRACER_STOP_MS at a clean stop; readiness and failure counts do not know
 * it. */
#ifndef PS_IO_TRACER_H
#define PS_IO_TRACER_H
#include "shared/core/config.h"
#include "shared/core/metrics.h"
#include "shared/core/span.h"
#include "shared/io/loop.h"

enum { PS_TRACER_STOP_MS = 500 };

struct ps_tracer;

/* Borrowed for life, but for the texts, which are copied. */
struct ps_tracer_options {
    struct ps_loop *loop;
    struct ps_metrics *metrics;
    const struct ps_config *config; /* OTEL_…; the headers are read for each request, because a
                                       secret may be rotated */
    const char *program, *instance, *user_agent;
    int64_t retry_base_ms; /* first pause after a request that failed; 0: a second */
};

/* Returns NULL if the settings name no collector. */
struct ps_tracer *ps_tracer_create(const struct ps_tracer_options *options) PS_MUST_USE;
/* Spans that were not sent are lost. NULL is fine. */
void ps_tracer_destroy(struct ps_tracer *tracer);
/* Takes a span of an operation that has ended; copies. With NULL for tracer it does nothing. */
void ps_tracer_add(struct ps_tracer *tracer, const struct ps_span *span);
/* Sends what is left, for a clean stop. done runs on the loop once: when everything was sent, when
 * a request failed, or after PS_TRACER_STOP_MS. Call it once; tracer is not NULL. */
void ps_tracer_flush(struct ps_tracer *tracer, void (*done)(void *cookie), void *cookie);

#endif
