/* Where messages go: Slack, or lines on standard output. */
#ifndef PS_NOTIFIER_SINK_H
#define PS_NOTIFIER_SINK_H
#include "notifier/core/slack_reply.h"
#include "shared/core/notice.h"

/* Runs on the loop, exactly once, never before send returned; reply is borrowed. */
typedef void (*ps_sink_fn)(void *cookie, const struct ps_slack_reply *reply);

struct ps_sink {
    void *self;
    /* Borrows notice for the call. */
    void (*send)(void *self, const struct ps_notice *notice, ps_sink_fn fn, void *cookie);
    void (*destroy)(void *self); /* sends under way end without their fn */
};

#endif
