/* A second route to the people who operate Paperscout, for when Slack itself fails:
 * OPS_ALERT_WEBHOOK_URL, an incoming webhook that takes {"text": …}. io/alarm uses it as its last
 * route, and the notifier for ops alerts that Slack does not take. */
#ifndef PS_IO_WEBHOOK_SINK_H
#define PS_IO_WEBHOOK_SINK_H
#include "shared/io/failure_log.h"
#include "shared/io/loop.h"

struct ps_webhook_sink;

struct ps_webhook_sink_options {
    char *const *url; /* where the secret stands, read for each message: it may be rotated; NULL or
                         "": nothing is said; borrowed for life */
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
void ps_webhook_sink_destroy(struct ps_webhook_sink *webhook); /* what is under way is dropped */
/* Tried a few times, then given up with a log line: this is the last resort already. Copies. */
void ps_webhook_sink_say(struct ps_webhook_sink *webhook, const char *id, const char *text);

#endif
