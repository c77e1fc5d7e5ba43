/* A second route to the people who operate Paperscout, for when Slack itself fails:
 * OPS_ALERT_WEBHOOK_URL, an incoming webhook that takes {"text": …}. io/alarm uses it as its last
 * route, and the notifier for ops alerts that Slack does not take. */
#ifndef PS_IO_WEBHOOK_SINK_H
#define PS_IO_WEBHOOK_SINK_H
#include "shared/io/failure_log.h"
#include "shared/io/loop.h"

struct ps_webhook_sink;

struct ps_webhook_sink_options {
    char *const *url; /* the variable that holds the URL, read for each message, because the secret
                         may be rotated; NULL or "": no message is sent; borrowed for life */
    const char *proxy, *no_proxy;    /* as of struct ps_http_options */
    const char *user_agent;          /* copied */
    const char *ca_file;             /* borrowed; "" for the system's */
    struct ps_failure_log *failures; /* borrowed */
    void *cookie;
    void (*said)(void *cookie, const char *id); /* the webhook took this message; may be NULL */
};

struct ps_webhook_sink *
ps_webhook_sink_create(struct ps_loop *loop,
                       const struct ps_webhook_sink_options *options) PS_MUST_USE;
/* Drops the messages that are in flight or wait for another attempt. NULL is fine. */
void ps_webhook_sink_destroy(struct ps_webhook_sink *webhook);
/* Sends text under id; copies both. Repeats a failed request a few times with growing pauses, then
 * gives up with a log line (OPS_WEBHOOK_ERROR): this route is the last resort. Drops the message if
 * too many are in flight. */
void ps_webhook_sink_say(struct ps_webhook_sink *webhook, const char *id, const char *text);

#endif
