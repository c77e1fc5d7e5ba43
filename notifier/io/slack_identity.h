/* Which workspace the bot token belongs to (auth.test): asked at the start, until Slack answers.
 * Events of other workspaces are refused with it (core/slack_team.h). */
#ifndef PS_NOTIFIER_SLACK_IDENTITY_H
#define PS_NOTIFIER_SLACK_IDENTITY_H
#include "notifier/io/slack_api.h"

struct ps_slack_identity;

/* Runs once, on the loop, never before ps_slack_identity_start returned; enterprise may be NULL. */
typedef void (*ps_slack_identity_fn)(void *cookie, const char *team, const char *enterprise);

/* Borrows all. token: where it stands, read for each request: it may be rotated. */
struct ps_slack_identity *ps_slack_identity_start(struct ps_loop *loop, struct ps_slack_api *api,
                                                  char *const *token, ps_slack_identity_fn fn,
                                                  void *cookie) PS_MUST_USE;
void ps_slack_identity_destroy(
    struct ps_slack_identity *identity); /* after the api; NULL is fine */

#endif
