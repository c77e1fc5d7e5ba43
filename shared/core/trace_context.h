/* The place of an operation in a trace (W3C Trace Context), and the field `traceparent` that
 * carries it from program to program.
 *
 * Ids are derived from what they stand for (a cycle, a task, a message), not drawn at random.
 * Therefore a scheduler that takes over a cycle continues the trace of the former leader, and no
 * program stores ids beyond the field traceparent. The trace itself: deploy/OPERATING.md, "Traces".
 * Pure. */
#ifndef PS_CORE_TRACE_CONTEXT_H
#define PS_CORE_TRACE_CONTEXT_H
#include "shared/core/str.h"

enum { PS_TRACEPARENT_TEXT = 56 /* bytes of the text with its NUL */ };

/* A span and the trace that it belongs to. Zeroed: none. */
struct ps_trace_context {
    uint64_t trace_high, trace_low;
    uint64_t span;
    bool sampled; /* the spans of this branch are exported */
};

/* Returns whether context names a span. */
bool ps_trace_is_set(const struct ps_trace_context *context);

/**
 * ps_traceparent_parse(text, out_context): Parse the value of a header or field traceparent. Return
 * false, with ${out_context} untouched, if ${text} is not valid by W3C Trace Context: lower-case
 * hexadecimal digits only, no id that is all zeros, version 00 of exactly 55 bytes. A later version
 * than 00 may have more after a dash, which is skipped.
 */
bool ps_traceparent_parse(struct ps_str text, struct ps_trace_context *out_context) PS_MUST_USE;
/* Writes context as version 00; "" if it names no span. */
void ps_traceparent_format(const struct ps_trace_context *context,
                           char out_text[PS_TRACEPARENT_TEXT]);

/* Returns the root span of a cycle's trace, sampled. started_ms (wall clock) separates two cycles
 * of the same number, as a restored PostgreSQL makes them; installation separates two fleets that
 * send to one collector. Fractions of a second do not count. */
struct ps_trace_context ps_trace_of_cycle(const char *installation, int64_t cycle,
                                          int64_t started_ms);
/* Returns a span of the same trace, sampled as parent is. The same what ("probe") and name (of the
 * task) give the same span. */
struct ps_trace_context ps_trace_child(const struct ps_trace_context *parent, const char *what,
                                       const char *name);
/* Returns whether the operation name of this trace is among the share (0 to 1) that is sampled. The
 * same arguments give the same answer. */
bool ps_trace_picks(const struct ps_trace_context *context, const char *name, double share);

#endif
