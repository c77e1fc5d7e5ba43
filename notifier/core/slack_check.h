/* The rules of `paperscout-notifier check-slack`: what Slack's answers say about a set-up, and what
 * to do about it.
 *
 * io/slack_checker.c asks Slack one question after the other and hands each answer to a function
 * here, which adds findings. Every problem has a remedy: one sentence that says what to do. Nothing
 * here holds a secret. */
#ifndef PS_NOTIFIER_SLACK_CHECK_H
#define PS_NOTIFIER_SLACK_CHECK_H
#include "shared/core/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

enum { PS_SLACK_CHECK_CHANNELS = 2, PS_SLACK_CHECK_NAME_MAX = 80 };

enum ps_slack_level { PS_SLACK_LEVEL_OK, PS_SLACK_LEVEL_NOTE, PS_SLACK_LEVEL_PROBLEM };

/* What kind of problem it is; decides the command's exit status. The worst one is the highest. */
enum ps_slack_fault {
    PS_SLACK_FAULT_NONE,
    PS_SLACK_FAULT_REFUSED,   /* Slack says no: a scope, a channel */
    PS_SLACK_FAULT_UNREACHED, /* no answer of Slack */
    PS_SLACK_FAULT_SETTINGS   /* a setting is missing or wrong */
};

struct ps_slack_finding {
    enum ps_slack_level level;
    char *what;   /* owned */
    char *remedy; /* owned; of a PROBLEM always, else perhaps NULL */
};

enum ps_slack_scope {
#define PS_X(id, scope, need, purpose) PS_SLACK_SCOPE_##id,
#include "notifier/core/slack_scope.def"
#undef PS_X
    PS_SLACK_SCOPE_COUNT
};

/* The settings that matter; all borrowed for as long as the check lasts. */
struct ps_slack_check_settings {
    const char *bot_token, *app_token, *signing_secret, *api_url;
    bool shadow, console; /* SHADOW, NOTIFY_SINK=console: nothing goes to Slack */
    struct {
        const char *setting, *value; /* NOTIFICATION_CHANNEL, "#papers"; value "": not set */
    } channels[PS_SLACK_CHECK_CHANNELS];
};

struct ps_slack_check {
    const struct ps_slack_check_settings *settings;
    struct ps_slack_finding *findings; /* owned */
    size_t len;
    enum ps_slack_fault fault; /* the worst */
    /* From auth.test; "" until then. */
    char team_id[PS_SLACK_CHECK_NAME_MAX + 1], enterprise_id[PS_SLACK_CHECK_NAME_MAX + 1];
    char bot[PS_SLACK_CHECK_NAME_MAX + 1]; /* "paperscout" */
    bool scopes_known;
    bool scopes[PS_SLACK_SCOPE_COUNT];
    bool posts_everywhere; /* has chat:write.public */
    /* While the pages of conversations.list are read for one name. */
    char nearest[PS_SLACK_CHECK_NAME_MAX + 1];
    size_t nearest_distance;
};

/* One answer of Slack; all borrowed. */
struct ps_slack_check_answer {
    const struct ps_err *fault; /* no answer came; NULL otherwise */
    int status;
    const cJSON *json;  /* NULL: the body was no JSON object */
    const char *scopes; /* header X-OAuth-Scopes; NULL when absent */
};

/* check is the caller's memory; borrows settings until it is cleared. */
void ps_slack_check_init(struct ps_slack_check *check,
                         const struct ps_slack_check_settings *settings);
void ps_slack_check_clear(struct ps_slack_check *check); /* frees the findings */
/* Adds a finding; remedy may be NULL unless level is PROBLEM. Copies both. */
void ps_slack_check_add(struct ps_slack_check *check, enum ps_slack_level level,
                        enum ps_slack_fault fault, const char *what, const char *remedy);

/* Checks the settings. Returns false if Slack need not be asked at all. */
bool ps_slack_check_begin(struct ps_slack_check *check);
/* Takes the answer of auth.test: the token, the team, the scopes. Returns false if no other
 * question can be answered. */
bool ps_slack_check_auth(struct ps_slack_check *check, const struct ps_slack_check_answer *answer);

enum ps_slack_channel_form {
    PS_SLACK_CHANNEL_UNSET,
    PS_SLACK_CHANNEL_NAME,   /* "#papers" or "papers": conversations.list */
    PS_SLACK_CHANNEL_ID,     /* "C0123": conversations.info */
    PS_SLACK_CHANNEL_PERSON, /* "U0123", "D0123", an e-mail address: nothing to look up */
    PS_SLACK_CHANNEL_WRONG   /* neither a name nor an id */
};
/* Adds a finding for PERSON and WRONG, and for a setting that is not set. Begins a look-up by name.
 */
enum ps_slack_channel_form ps_slack_check_channel(struct ps_slack_check *check, size_t channel);
/* Takes the answer of conversations.info: whether the channel exists and the bot may post there. */
void ps_slack_check_info(struct ps_slack_check *check, size_t channel,
                         const struct ps_slack_check_answer *answer);
/* Takes a page of conversations.list. Gives the cursor of the next page, which the caller requests
 * and frees; NULL if this channel is done. last: the caller will request no further page. */
char *ps_slack_check_page(struct ps_slack_check *check, size_t channel,
                          const struct ps_slack_check_answer *answer, bool last) PS_MUST_USE;
/* Takes the answer of apps.connections.open, with SLACK_APP_TOKEN. Gives the WebSocket's URL, which
 * is a secret because it holds a ticket; NULL if there is none. The caller frees it. */
char *ps_slack_check_connections(struct ps_slack_check *check,
                                 const struct ps_slack_check_answer *answer) PS_MUST_USE;
/* Takes the answer of chat.postMessage, for --send. */
void ps_slack_check_sent(struct ps_slack_check *check, const char *channel,
                         const struct ps_slack_check_answer *answer);

/* Gives a sentence that says what to do about an error of Slack's Web API ("not_in_channel") for a
 * message to channel; bot is the name of the bot user. NULL if there is no specific advice. */
char *ps_slack_remedy(const char *error, const char *channel, const char *bot) PS_MUST_USE;

#endif
