/* Decides which people are served: those of the bot's own workspace, and of the workspaces that
 * SLACK_ALLOWED_TEAMS names. Pure.
 *
 * A channel that is shared with another company (Slack Connect) also delivers the messages of that
 * company's people. They are not served, because the answers would show them what others watch. */
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

/* team is the caller's memory. allowed: the value of SLACK_ALLOWED_TEAMS; copied. */
void ps_slack_team_init(struct ps_slack_team *team, const char *allowed);
void ps_slack_team_clear(struct ps_slack_team *team);
/* Sets the bot's own workspace and organization as auth.test names them; NULL or "" for none. An id
 * that is too long is ignored. */
void ps_slack_team_set(struct ps_slack_team *team, const char *id, const char *enterprise);
/* Returns whether a person is served. installed: the workspace that Slack sends the event for;
 * person: the person's workspace, NULL if Slack does not name one, which then is the installed one.
 * Until the own workspace is known, the installed one is taken for it: Slack signs its events, so
 * nobody else can name it. */
bool ps_slack_team_serves(const struct ps_slack_team *team, const char *installed,
                          const char *person);

#endif
