/* Answers what was heard: the command's change and its answer in the outbox are one transaction,
   made once, whichever notifier makes it. */
#ifndef PS_NOTIFIER_COMMAND_RUNNER_H
#define PS_NOTIFIER_COMMAND_RUNNER_H
#include "notifier/core/slack_event.h"
#include "notifier/io/people_zones.h"
#include "shared/core/config.h"
#include "shared/core/metrics.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"

enum {
    PS_COMMAND_RUNNER_TRIES_MAX = 5, /* then it is given up, and the person told */
    PS_COMMAND_RUNNER_KEPT_DAYS = 7  /* a message that was answered is recognised for so long */
};

struct ps_command_runner;

struct ps_command_runner_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_pg *pg;
    struct ps_metrics *metrics;
    const struct ps_config *config;
    int64_t launched_ms;
    void *cookie;
    struct ps_people_zones *zones;
    int64_t (*depth)(void *cookie);       /* of the notify list */
    const char *(*circuit)(void *cookie); /* to Slack */
    /* A command that came from the App Home or from a modal is done: its person's Home is out of
       date. */
    void (*home)(void *cookie, const char *user);
};

struct ps_command_runner *
ps_command_runner_create(const struct ps_command_runner_options *options) PS_MUST_USE;
void ps_command_runner_destroy(struct ps_command_runner *runner); /* after pg; NULL is fine */
/* It lies in the table heard. Copies heard. What is not answered now, here or by another notifier
   that died, is found in the table later. Of one person one is answered after the other. */
void ps_command_runner_take(struct ps_command_runner *runner,
                            const struct ps_inbound_event *inbound);
/* Begins nothing more. */
void ps_command_runner_drain(struct ps_command_runner *runner);

#endif
