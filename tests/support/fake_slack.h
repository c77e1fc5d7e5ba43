/* A Slack of the test's own, on the test's loop: records what chat.postMessage got, and misbehaves
   by channel. */
#ifndef PS_TESTS_SUPPORT_FAKE_SLACK_H
#define PS_TESTS_SUPPORT_FAKE_SLACK_H
#include "shared/io/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct fake_slack;

struct slack_rule {
    const char *channel;     /* NULL: every channel without a rule of its own */
    int times;               /* answers so spoilt; 0: without end */
    int status;              /* 0: 200 */
    const char *error;       /* "ok": false with this name */
    const char *retry_after; /* header */
    int delay_ms;            /* before the answer */
    bool blocks_only;        /* a message without blocks is accepted */
};

struct fake_slack *fake_slack_create(struct ps_loop *loop);
void fake_slack_destroy(struct fake_slack *slack);
const char *fake_slack_url(const struct fake_slack *slack);
/* Replaces the rule of that channel. Texts are borrowed for the life of the slack. */
void fake_slack_rule(struct fake_slack *slack, struct slack_rule rule);
void fake_slack_repair(struct fake_slack *slack); /* no rules */
/* Messages said "ok" to, in that channel or in all (NULL). */
int fake_slack_count(const struct fake_slack *slack, const char *channel);
int fake_slack_requests(const struct fake_slack *slack); /* answered in any way */
/* The n-th accepted text of channel, NULL when there is none; when it came, loop time. */
const char *fake_slack_text(const struct fake_slack *slack, const char *channel, int n,
                            int64_t *out_ms);
/* Times the text was accepted, anywhere. */
int fake_slack_times(const struct fake_slack *slack, const char *text);
int fake_slack_most_at_once(const struct fake_slack *slack, const char *channel);
const char *fake_slack_authorization(const struct fake_slack *slack); /* of the last request */

#endif
