/* The notifier's part of a trace (deploy/OPERATING.md, "Traces"): the span send, one for each
 * request that sends a message of a find. The request itself carries no traceparent: its receiver
 * is a stranger. */
#ifndef PS_NOTIFIER_SEND_TRACE_H
#define PS_NOTIFIER_SEND_TRACE_H
#include "notifier/core/outgoing_message.h"
#include "shared/io/tracer.h"

/* The request that began at message->sending_ms was answered. Does nothing without a tracer, or for
 * a message without a traceparent. */
void ps_send_trace_end(struct ps_tracer *tracer, const struct ps_outgoing_message *message,
                       const struct ps_slack_response *reply);

#endif
