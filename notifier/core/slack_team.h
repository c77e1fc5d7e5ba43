/* Whose words count: people of our own workspace, and of those that SLACK_ALLOWED_TEAMS names.
 *
 * A channel shared with another company (Slack Connect) brings its people's messages to us too.
 * They are not served: they could read from the answers what our people watch. */
#ifndef PS_NOTIFIER_SLACK_TEAM_H
#define PS_NOTIFIER_SLACK_TEAM_H
#include "shared/core/base.h"

#include <stdbool.h>

enum { PS_SLACK_TEAM_MAX = 64 };

struct ps_slack_team {
    /* From auth.test; "" while they are not known. */
    char team[PS_SLACK_TEAM_MAX + 1];
    char enterprise[PS_SLACK_TEAM_MAX + 1];
    char *allowed; /* owned; ids with commas between */
};

void ps_slack_team_init(struct ps_slack_team *team, const char *allowed);
void ps_slack_team_clear(struct ps_slack_team *team);
/* What auth.test says; NULL or "" for none. An id that is too long is not kept. */
void ps_slack_team_set(struct ps_slack_team *team, const char *id, const char *enterprise);
/* installed: the workspace that Slack sends an event for; person: the workspace of who speaks. NULL
 * where Slack does not name one: a person without a workspace of their own is of the installed one.
 * Until our own workspace is known the installed one is taken for it, because Slack signs what it
 * sends. */
bool ps_slack_team_serves(const struct ps_slack_team *team, const char *installed,
                          const char *person);

#endif
