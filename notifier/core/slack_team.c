#include "notifier/core/slack_team.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <stdlib.h>
#include <string.h>

void ps_slack_team_init(struct ps_slack_team *team, const char *allowed)
{
    *team = (struct ps_slack_team){ .allowed = ps_alloc_text(allowed) };
}

void ps_slack_team_clear(struct ps_slack_team *team)
{
    free(team->allowed);
    team->allowed = NULL;
}

static void keep(char out[PS_SLACK_TEAM_MAX + 1], const char *id)
{
    if (id != NULL && strlen(id) <= PS_SLACK_TEAM_MAX)
        memcpy(out, id, strlen(id) + 1);
}

void ps_slack_team_set(struct ps_slack_team *team, const char *id, const char *enterprise)
{
    keep(team->team, id);
    keep(team->enterprise, enterprise);
}

static bool is_ours(const struct ps_slack_team *team, const char *id)
{
    struct ps_str rest = ps_str_of(team->allowed), one;

    if (id[0] == '\0')
        return false;
    if (strcmp(id, team->team) == 0 || strcmp(id, team->enterprise) == 0)
        return true;
    while (ps_str_next(&rest, ',', &one))
        if (ps_str_is(ps_str_trim(one), id))
            return true;
    return false;
}

bool ps_slack_team_serves(const struct ps_slack_team *team, const char *installed,
                          const char *person)
{
    const char *who = person != NULL ? person : installed;

    if (who == NULL)
        return true; /* Slack names a workspace in everything that it sends for one */
    if (installed != NULL && team->team[0] == '\0' && strcmp(who, installed) == 0)
        return true;
    if (installed != NULL && team->team[0] != '\0' && !is_ours(team, installed))
        return false;
    return is_ours(team, who);
}
