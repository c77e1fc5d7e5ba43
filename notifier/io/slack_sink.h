/* The sink for Slack: chat.postMessage to send, conversations.history and conversations.replies to
 * find a message that may have been sent.
 *
 * Each message bears its id in its metadata, because Slack has no idempotency key: after an answer
 * that was lost, the id is looked for before the message is sent again. One request is never
 * repeated here; core/channel_queues decides about retries. */
#ifndef PS_NOTIFIER_SLACK_SINK_H
#define PS_NOTIFIER_SLACK_SINK_H
#include "notifier/io/sink.h"
#include "shared/io/loop.h"

struct ps_slack_options {
    const char *api_url; /* all copied */
    char *const *token;  /* where the token stands, read for each request: it may be rotated;
                            borrowed for life */
    const char *proxy, *no_proxy; /* as of struct ps_http_options */
    const char *user_agent;
    const char *ca_file; /* as of struct ps_http_options */
    bool interactive;    /* this notifier receives clicks: messages have buttons */
};

struct ps_sink ps_slack_create(struct ps_loop *loop,
                               const struct ps_slack_options *options) PS_MUST_USE;

#endif
