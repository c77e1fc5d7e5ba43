#include "notifier/io/send_trace.h"

#include "shared/core/mailbox.h"
#include "shared/core/webhook.h"
#include "shared/io/clock.h"

#include <inttypes.h>
#include <stdio.h>

static void add_send(struct ps_tracer *tracer, const struct ps_outgoing_message *message,
                     const struct ps_slack_response *reply)
{
    const struct ps_trace_context *cause = &message->content.trace_context;
    bool failed = reply->next != PS_SLACK_SENT;
    /* Not the channel: it may be a person's. */
    const struct ps_span_attribute attributes[] = {
        PS_SPAN_TEXT("paperscout.message", message->content.id),
        PS_SPAN_TEXT("paperscout.kind", ps_message_kind_of(&message->content)),
        PS_SPAN_TEXT("paperscout.task", message->content.trace),
        PS_SPAN_TEXT("paperscout.sink", ps_webhook_is_channel(message->content.channel) ? "webhook"
                                        : ps_mailbox_is_address(message->content.channel) ? "mail"
                                                                                          : "chat"),
        PS_SPAN_INT("paperscout.attempts", message->attempts),
        PS_SPAN_TEXT("error.type", failed ? ps_failure_name(reply->err.category) : NULL),
    };
    char name[PS_MESSAGE_ID_MAX + 32];

    (void)snprintf(name, sizeof(name), "%s %" PRId64, message->content.id, message->sending_ms);
    ps_tracer_add(tracer, &(struct ps_span){ .name = "send",
                                             .kind = PS_SPAN_CLIENT,
                                             .self = ps_trace_child(cause, "send", name),
                                             .parent = cause->span,
                                             .start_ms = message->sending_ms,
                                             .end_ms = ps_clock_wall_ms(),
                                             .attributes = attributes,
                                             .attribute_count = PS_COUNT_OF(attributes),
                                             .error = failed ? reply->err.what : NULL });
}

void ps_send_trace_end(struct ps_tracer *tracer, const struct ps_outgoing_message *message,
                       const struct ps_slack_response *reply)
{
    const struct ps_trace_context *cause = &message->content.trace_context;

    if (tracer != NULL && ps_trace_is_set(cause) && cause->sampled)
        add_send(tracer, message, reply);
}
