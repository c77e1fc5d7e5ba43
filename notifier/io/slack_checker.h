/* Asks Slack about our set-up, one question after the other: for `check-slack`, and once at the
 * start of a notifier. The rules and all text are in core/slack_check.h. */
#ifndef PS_NOTIFIER_SLACK_CHECKER_H
#define PS_NOTIFIER_SLACK_CHECKER_H
#include "notifier/core/slack_check.h"
#include "shared/core/config.h"
#include "shared/io/loop.h"

struct ps_slack_checker;

struct ps_slack_checker_options {
    struct ps_loop *loop; /* borrowed, as config, while the check runs */
    const struct ps_config *config;
    const char *user_agent; /* copied */
    bool send;              /* post a test message into each configured channel */
    void *cookie;
    /* Runs on the loop, once, never before ps_slack_checker_start returned. check is borrowed until
     * ps_slack_checker_destroy, which the callback may not call. */
    void (*done)(void *cookie, const struct ps_slack_check *check);
};

/* Whatever else is set, messages go to Slack only where this says so. */
bool ps_slack_checker_uses_slack(const struct ps_config *config);

struct ps_slack_checker *
ps_slack_checker_start(const struct ps_slack_checker_options *options) PS_MUST_USE;
/* Ends the check; done is not called any more. NULL is fine. */
void ps_slack_checker_destroy(struct ps_slack_checker *checker);

#endif
