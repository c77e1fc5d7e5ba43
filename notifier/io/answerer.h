/* Answers what was heard: the command's change and its answer in the outbox are one transaction,
   made once, whichever notifier makes it. */
#ifndef PS_NOTIFIER_ANSWERER_H
#define PS_NOTIFIER_ANSWERER_H
#include "notifier/core/slack_event.h"
#include "shared/core/metrics.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"

enum {
    PS_ANSWERER_TRIES_MAX = 5, /* then it is given up, and the person told */
    PS_ANSWERER_KEPT_DAYS = 7  /* a message that was answered is recognised for so long */
};

struct ps_answerer;

struct ps_answerer_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_pg *pg;
    struct ps_metrics *metrics;
    int64_t launched_ms;
    void *cookie;
    int64_t (*depth)(void *cookie);       /* of the notify list */
    const char *(*circuit)(void *cookie); /* to Slack */
};

struct ps_answerer *ps_answerer_create(const struct ps_answerer_options *options) PS_MUST_USE;
void ps_answerer_destroy(struct ps_answerer *answerer); /* after pg; NULL is fine */
/* It lies in the table heard. Copies heard. What is not answered now, here or by another notifier
   that died, is found in the table later. Of one person one is answered after the other. */
void ps_answerer_take(struct ps_answerer *answerer, const struct ps_heard *heard);
/* Begins nothing more. */
void ps_answerer_drain(struct ps_answerer *answerer);

#endif
