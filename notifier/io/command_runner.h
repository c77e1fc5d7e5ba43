/* Runs the commands that people give in Slack and answers them.
 *
 * Place in the data flow: inbound stores an event in the table heard; this module runs it
 * (user_command, command_queries, watchlist_store) and adds the answer to the outbox, whose
 * messages go out like all others. The change and its answer are one transaction that begins with
 * ps_heard_take, so a command takes effect once, whichever notifier runs it. An event that a
 * notifier left unanswered when it died is found by the sweep of another one. */
#ifndef PS_NOTIFIER_COMMAND_RUNNER_H
#define PS_NOTIFIER_COMMAND_RUNNER_H
#include "notifier/core/slack_event.h"
#include "notifier/io/people_zones.h"
#include "shared/core/config.h"
#include "shared/core/metrics.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"
#include "shared/io/signals.h"

enum {
    PS_COMMAND_RUNNER_TRIES_MAX =
        5, /* then the command is given up, and the person gets an answer that says so */
    PS_COMMAND_RUNNER_KEPT_DAYS = 7 /* for so long a repeated event is recognised as one */
};

struct ps_command_runner;

struct ps_command_runner_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_pg *pg;
    struct ps_signals *signals; /* NULL: none arrive */
    struct ps_metrics *metrics;
    const struct ps_config *config;
    int64_t launched_ms;
    void *cookie;
    struct ps_people_zones *zones;
    int64_t (*depth)(void *cookie);       /* of the notify list */
    const char *(*circuit)(void *cookie); /* to Slack */
    /* A command from the App Home or from a modal has ended: publish the person's Home again. */
    void (*home)(void *cookie, const char *user);
};

struct ps_command_runner *
ps_command_runner_create(const struct ps_command_runner_options *options) PS_MUST_USE;
void ps_command_runner_destroy(struct ps_command_runner *runner); /* after pg; NULL is fine */
/* Runs a command whose event is in the table heard. Copies inbound. The commands of one person run
 * one after the other, because a later one may be about an earlier one. */
void ps_command_runner_take(struct ps_command_runner *runner,
                            const struct ps_inbound_event *inbound);
/* From now on no command begins. */
void ps_command_runner_drain(struct ps_command_runner *runner);

#endif
