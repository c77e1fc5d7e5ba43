/* The slack sink: chat.postMessage, and conversations.history to find what was sent. */
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
