/* A second way to the people who run Paperscout, for when Slack itself fails: an incoming webhook
   that takes {"text": …}. */
#ifndef PS_NOTIFIER_WEBHOOK_H
#define PS_NOTIFIER_WEBHOOK_H
#include "shared/io/failure_log.h"
#include "shared/io/loop.h"

struct ps_webhook;

struct ps_webhook_options {
    const char *url; /* secret; "" for none: then nothing is said; copied, as user_agent */
    const char *user_agent;
    const char *ca_file;             /* borrowed; "" for the system's */
    struct ps_failure_log *failures; /* borrowed */
};

struct ps_webhook *ps_webhook_create(struct ps_loop *loop,
                                     const struct ps_webhook_options *options) PS_MUST_USE;
void ps_webhook_destroy(struct ps_webhook *webhook); /* what is under way is dropped */
/* Tried a few times, then given up with a log line: this is the last resort already. Copies. */
void ps_webhook_say(struct ps_webhook *webhook, const char *id, const char *text);

#endif
