/* Where messages go: Slack (slack_sink), webhooks (webhooks), mail (mail_sink), or lines on
 * standard output (console_sink). */
#ifndef PS_NOTIFIER_SINK_H
#define PS_NOTIFIER_SINK_H
#include "notifier/core/outgoing_message.h"

/* Runs on the loop, exactly once, never before send or look returned; reply and look are borrowed.
 */
typedef void (*ps_sink_fn)(void *cookie, const struct ps_slack_response *reply);
typedef void (*ps_look_fn)(void *cookie, const struct ps_slack_look *look);

struct ps_sink {
    void *self;
    /* Borrows message for the call. */
    void (*send)(void *self, const struct ps_outgoing_message *message, ps_sink_fn fn,
                 void *cookie);
    /* Looks for the message in the place where it would be. NULL if the sink cannot. The result is
     * never PS_SLACK_MORE. */
    void (*look)(void *self, const struct ps_outgoing_message *message, ps_look_fn fn,
                 void *cookie);
    /* The program stops and waits for what is under way: ends what was not sent yet and would take
     * longer than a request to Slack. NULL if nothing does. */
    void (*drain)(void *self);
    void (*destroy)(void *self); /* what is under way ends without its fn */
};

#endif
