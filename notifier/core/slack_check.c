#include "notifier/core/slack_check.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mailbox.h"
#include "shared/core/str.h"
#include "shared/core/text_distance.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1000, NEAR_MAX = 3, SECRET_LEN = 32 };

enum need { NEED_SEND, NEED_LISTEN, NEED_EXTRA, NEED_LISTEN_EXTRA };

static const struct {
    const char *name;
    enum need need;
    const char *purpose;
} scopes[PS_SLACK_SCOPE_COUNT] = {
#define PS_X(id, scope, need, purpose) { scope, NEED_##need, purpose },
#include "notifier/core/slack_scope.def"
#undef PS_X
};

static const char scopes_page[] = "at https://api.slack.com/apps, your app, OAuth & Permissions";

/* --- findings ------------------------------------------------------------------------------- */

void ps_slack_check_init(struct ps_slack_check *check,
                         const struct ps_slack_check_settings *settings)
{
    *check = (struct ps_slack_check){ .settings = settings };
}

void ps_slack_check_clear(struct ps_slack_check *check)
{
    for (size_t i = 0; i < check->len; i++) {
        free(check->findings[i].what);
        free(check->findings[i].remedy);
    }
    free(check->findings);
    check->findings = NULL;
    check->len = 0;
}

void ps_slack_check_add(struct ps_slack_check *check, enum ps_slack_level level,
                        enum ps_slack_fault fault, const char *what, const char *remedy)
{
    check->findings = ps_alloc_array(check->findings, check->len + 1, sizeof(*check->findings));
    check->findings[check->len++] =
        (struct ps_slack_finding){ .level = level,
                                   .what = ps_alloc_text(what),
                                   .remedy = remedy != NULL ? ps_alloc_text(remedy) : NULL };
    if (level == PS_SLACK_LEVEL_PROBLEM && fault > check->fault)
        check->fault = fault;
}

/* Takes both texts. */
static void add(struct ps_slack_check *check, enum ps_slack_level level, enum ps_slack_fault fault,
                char *what, char *remedy)
{
    ps_slack_check_add(check, level, fault, what, remedy);
    free(what);
    free(remedy);
}

static void add_ok(struct ps_slack_check *check, char *what)
{
    add(check, PS_SLACK_LEVEL_OK, PS_SLACK_FAULT_NONE, what, NULL);
}

static void add_note(struct ps_slack_check *check, char *what, char *remedy)
{
    add(check, PS_SLACK_LEVEL_NOTE, PS_SLACK_FAULT_NONE, what, remedy);
}

static void add_wrong_setting(struct ps_slack_check *check, char *what, char *remedy)
{
    add(check, PS_SLACK_LEVEL_PROBLEM, PS_SLACK_FAULT_SETTINGS, what, remedy);
}

static void add_refused(struct ps_slack_check *check, char *what, char *remedy)
{
    add(check, PS_SLACK_LEVEL_PROBLEM, PS_SLACK_FAULT_REFUSED, what, remedy);
}

/* --- settings ------------------------------------------------------------------------------- */

/* Returns what kind of token it is, by its prefix; NULL for one that may be a bot token. */
static const char *other_token(const char *token)
{
    static const struct {
        const char *begin, *name;
    } kinds[] = {
        {"xapp-",  "an app-level token, which belongs into SLACK_APP_TOKEN"            },
        { "xoxp-", "a user token"                                                      },
        { "xoxe",  "a token that expires (token rotation is switched on)"              },
        { "xoxc-", "a token of somebody's browser"                                     },
        { "xoxs-", "a token of somebody's browser"                                     },
        { "xoxa-", "a workspace token, which Slack does not give out any more"         },
        { "xoxr-", "a refresh token"                                                   },
        { "https", "the address of a webhook, which belongs into OPS_ALERT_WEBHOOK_URL"},
    };

    for (size_t i = 0; i < PS_COUNT_OF(kinds); i++)
        if (strncmp(token, kinds[i].begin, strlen(kinds[i].begin)) == 0)
            return kinds[i].name;
    return strncmp(token, "xoxb-", 5) == 0 ? NULL
                                           : "no token of Slack: it does not begin with xoxb-";
}

/* The remedy for a missing or wrong SLACK_BOT_TOKEN. */
static char *get_bot_token(const char *words)
{
    return ps_alloc_format(
        "%s SLACK_BOT_TOKEN (or a file that SLACK_BOT_TOKEN_FILE names) to the \"Bot User "
        "OAuth Token\", which begins with xoxb- and stands %s. No app yet? Create one from "
        "notifier/slack-app-send.yaml.",
        words, scopes_page);
}

/* Returns whether the settings make this notifier receive events. */
static bool listens(const struct ps_slack_check *check)
{
    return check->settings->signing_secret[0] != '\0' || check->settings->app_token[0] != '\0';
}

/* Checks SLACK_APP_TOKEN by its prefix: people often paste the bot token instead. */
static void check_app_token(struct ps_slack_check *check)
{
    const char *token = check->settings->app_token;

    if (token[0] == '\0' || strncmp(token, "xapp-", 5) == 0)
        return;
    add_wrong_setting(
        check,
        ps_alloc_format("SLACK_APP_TOKEN is %s.",
                        strncmp(token, "xoxb-", 5) == 0
                            ? "the bot token"
                            : "no app-level token: it does not begin with xapp-"),
        ps_alloc_text(
            "Create an app-level token with the scope connections:write at "
            "https://api.slack.com/apps, your app, Basic Information, App-Level Tokens, and set "
            "SLACK_APP_TOKEN to it."));
}

/* Checks the form of SLACK_SIGNING_SECRET. Its value shows only when a request arrives. */
static void check_signing_secret(struct ps_slack_check *check)
{
    const char *secret = check->settings->signing_secret;

    if (secret[0] == '\0' ||
        (strlen(secret) == SECRET_LEN && strspn(secret, "0123456789abcdef") == SECRET_LEN))
        return;
    add_note(
        check,
        ps_alloc_text(
            "SLACK_SIGNING_SECRET does not look like one: Slack's have 32 hexadecimal digits."),
        ps_alloc_text(
            "Compare it with Signing Secret at https://api.slack.com/apps, your app, Basic "
            "Information; Client Secret and Verification Token are other things."));
}

bool ps_slack_check_begin(struct ps_slack_check *check)
{
    const struct ps_slack_check_settings *settings = check->settings;
    const char *other = settings->bot_token[0] != '\0' ? other_token(settings->bot_token) : NULL;

    if (settings->shadow)
        add_note(check, ps_alloc_text("SHADOW is set: nothing is sent to Slack."),
                 ps_alloc_text("Remove SHADOW when Paperscout is to send."));
    else if (settings->console)
        add_note(
            check, ps_alloc_text("NOTIFY_SINK is console: nothing is sent to Slack."),
            ps_alloc_text("Remove NOTIFY_SINK, or set it to slack, when Paperscout is to send."));
    if (settings->bot_token[0] == '\0') {
        add_wrong_setting(check, ps_alloc_text("SLACK_BOT_TOKEN is not set."),
                          get_bot_token("Set"));
        return false;
    }
    if (other != NULL) {
        add_wrong_setting(check, ps_alloc_format("SLACK_BOT_TOKEN is %s.", other),
                          get_bot_token("Set"));
        return false;
    }
    check_app_token(check);
    check_signing_secret(check);
    return true;
}

/* --- answers -------------------------------------------------------------------------------- */

/* Returns the error name of an answer of Slack; "" if it names none; NULL for "ok": true. */
static const char *error_of(const struct ps_slack_check_answer *answer)
{
    bool ok = false;
    const char *error = ps_json_text(answer->json, "error");

    if (ps_json_bool(answer->json, "ok", &ok) && ok)
        return NULL;
    return error != NULL ? error : "";
}

/* Returns whether error is in names, a list that NULL ends. */
static bool is(const char *error, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(error, *names) == 0)
            return true;
    return false;
}

/* Adds a finding if the answer does not come from Slack. True if it does. */
static bool reached(struct ps_slack_check *check, const struct ps_slack_check_answer *answer)
{
    const char *url = check->settings->api_url;

    if (answer->fault != NULL && answer->fault->category == PS_FAILURE_CONFIGURATION) {
        add_wrong_setting(
            check, ps_alloc_format("Slack is not reached at %s: %s.", url, answer->fault->what),
            ps_alloc_text("Correct SLACK_API_URL; where a proxy has certificates of its own, name "
                          "its authority in HTTP_CA_FILE."));
    } else if (answer->fault != NULL) {
        add(check, PS_SLACK_LEVEL_PROBLEM, PS_SLACK_FAULT_UNREACHED,
            ps_alloc_format("Slack is not reached at %s: %s.", url, answer->fault->what),
            ps_alloc_format("Repair this machine's way to the Internet (name server, firewall, "
                            "https_proxy), until "
                            "curl -sS %sapi.test answers.",
                            url));
    } else if (answer->status == 429) {
        add(check, PS_SLACK_LEVEL_PROBLEM, PS_SLACK_FAULT_UNREACHED,
            ps_alloc_text("Slack asks to slow down (HTTP status 429)."),
            ps_alloc_text("Wait a minute, and run check-slack again."));
    } else if (answer->json == NULL || (error_of(answer) != NULL && error_of(answer)[0] == '\0')) {
        add(check, PS_SLACK_LEVEL_PROBLEM, PS_SLACK_FAULT_UNREACHED,
            ps_alloc_format("What answers at %s is not Slack (HTTP status %d).", url,
                            answer->status),
            ps_alloc_text("Correct SLACK_API_URL, which is https://slack.com/api/ unless set, or "
                          "the proxy in "
                          "between; with an HTTP status of 500 or more, try again later."));
    } else {
        return true;
    }
    return false;
}

/* Copies a name; keeps the old one if the new one is missing or too long. */
static void keep(char out[PS_SLACK_CHECK_NAME_MAX + 1], const char *text)
{
    if (text != NULL && strlen(text) <= PS_SLACK_CHECK_NAME_MAX)
        memcpy(out, text, strlen(text) + 1);
}

/* Reads the header X-OAuth-Scopes, in which Slack lists the scopes of the token. */
static void read_scopes(struct ps_slack_check *check, const char *list)
{
    struct ps_str rest = ps_str_of(list), scope;

    check->scopes_known = true;
    while (ps_str_next(&rest, ',', &scope)) {
        scope = ps_str_trim(scope);
        for (size_t i = 0; i < PS_SLACK_SCOPE_COUNT; i++)
            check->scopes[i] = check->scopes[i] || ps_str_is(scope, scopes[i].name);
        check->posts_everywhere = check->posts_everywhere || ps_str_is(scope, "chat:write.public");
    }
}

static void report_missing(struct ps_slack_check *check, size_t scope)
{
    char *what = ps_alloc_format("The scope %s is missing; it is needed %s.", scopes[scope].name,
                                 scopes[scope].purpose);
    char *remedy = ps_alloc_format(
        "Add %s under Bot Token Scopes %s, then press \"Reinstall to Workspace\" there.",
        scopes[scope].name, scopes_page);

    if (scopes[scope].need == NEED_EXTRA || scopes[scope].need == NEED_LISTEN_EXTRA)
        add_note(check, what, remedy);
    else
        add_refused(check, what, remedy);
}

static void report_scopes(struct ps_slack_check *check)
{
    struct ps_buf present;

    if (!check->scopes_known) {
        add_note(check, ps_alloc_text("Slack did not list the token's scopes."), NULL);
        return;
    }
    ps_buf_init(&present, TEXT_MAX);
    for (size_t i = 0; i < PS_SLACK_SCOPE_COUNT; i++)
        if (check->scopes[i])
            (void)ps_buf_format(&present, "%s%s", present.len > 0 ? ", " : "", scopes[i].name);
    if (present.len > 0)
        add_ok(check, ps_alloc_format("Scopes present: %s.", ps_buf_str(&present)));
    ps_buf_clear(&present);
    for (size_t i = 0; i < PS_SLACK_SCOPE_COUNT; i++) {
        bool to_listen = scopes[i].need == NEED_LISTEN || scopes[i].need == NEED_LISTEN_EXTRA;

        if (!check->scopes[i] && (!to_listen || listens(check)))
            report_missing(check, i);
    }
    if (!listens(check))
        add_note(check,
                 ps_alloc_text("Paperscout only sends: neither SLACK_APP_TOKEN nor "
                               "SLACK_SIGNING_SECRET is set, so "
                               "nobody can write to it."),
                 ps_alloc_text("To change that, see notifier/README.md, \"How people reach it\"."));
}

/* Why auth.test was refused. */
static void report_auth(struct ps_slack_check *check, const char *error)
{
    static const char *const revoked[] = { "token_revoked",    "token_expired",
                                           "account_inactive", "user_removed_from_team",
                                           "team_disabled",    NULL };

    if (strcmp(error, "invalid_auth") == 0 || strcmp(error, "not_authed") == 0)
        add_wrong_setting(check,
                          ps_alloc_format("Slack does not know this SLACK_BOT_TOKEN (%s).", error),
                          get_bot_token("It is cut, or of another app. Set"));
    else if (is(error, revoked))
        add_wrong_setting(check, ps_alloc_format("SLACK_BOT_TOKEN is no longer valid (%s).", error),
                          get_bot_token("Install the app again, and set"));
    else
        add_refused(
            check, ps_alloc_format("Slack refuses auth.test: %s.", error),
            ps_alloc_text(
                "Look the name up at https://docs.slack.dev/reference/methods/auth.test, Errors."));
}

bool ps_slack_check_auth(struct ps_slack_check *check, const struct ps_slack_check_answer *answer)
{
    const char *team;

    if (!reached(check, answer))
        return false;
    if (error_of(answer) != NULL) {
        report_auth(check, error_of(answer));
        return false;
    }
    team = ps_json_text(answer->json, "team");
    keep(check->team_id, ps_json_text(answer->json, "team_id"));
    keep(check->enterprise_id, ps_json_text(answer->json, "enterprise_id"));
    keep(check->bot, ps_json_text(answer->json, "user"));
    if (ps_json_text(answer->json, "bot_id") == NULL) {
        add_wrong_setting(check, ps_alloc_text("SLACK_BOT_TOKEN is the token of a person."),
                          get_bot_token("Set"));
        return false;
    }
    add_ok(check,
           ps_alloc_format("SLACK_BOT_TOKEN is valid: @%s in the workspace %s (%s).", check->bot,
                           team != NULL ? team : "without a name", check->team_id));
    if (answer->scopes != NULL)
        read_scopes(check, answer->scopes);
    report_scopes(check);
    return true;
}

/* --- channels ------------------------------------------------------------------------------- */

static bool is_id(const char *value)
{
    return strlen(value) >= 2 &&
           strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(value);
}

/* Slack's rules for names: no capitals, white space or most punctuation, at most 80 characters. */
static bool is_name(const char *name)
{
    return name[0] != '\0' && strlen(name) <= PS_SLACK_CHECK_NAME_MAX &&
           strcspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ \t.,:;!?@#/<>\"'") == strlen(name);
}

static const char *name_of(const struct ps_slack_check *check, size_t channel)
{
    const char *value = check->settings->channels[channel].value;

    return value[0] == '#' ? value + 1 : value;
}

enum ps_slack_channel_form ps_slack_check_channel(struct ps_slack_check *check, size_t channel)
{
    const char *setting = check->settings->channels[channel].setting;
    const char *value = check->settings->channels[channel].value;

    check->nearest[0] = '\0';
    check->nearest_distance = SIZE_MAX;
    if (value[0] == '\0') {
        add_note(check,
                 ps_alloc_format("%s is not set: what would go there is sent nowhere.", setting),
                 ps_alloc_format("Set %s to a channel, such as #cpp-papers, or leave it as it is.",
                                 setting));
        return PS_SLACK_CHANNEL_UNSET;
    }
    if (ps_mailbox_is_address(value)) {
        add_ok(check, ps_alloc_format("%s: %s gets mail.", setting, value));
        return PS_SLACK_CHANNEL_PERSON;
    }
    if (is_id(value) && (value[0] == 'U' || value[0] == 'W' || value[0] == 'D')) {
        add_ok(check, ps_alloc_format("%s: %s gets direct messages.", setting, value));
        return PS_SLACK_CHANNEL_PERSON;
    }
    if (is_id(value) && (value[0] == 'C' || value[0] == 'G'))
        return PS_SLACK_CHANNEL_ID;
    if (is_name(name_of(check, channel)))
        return PS_SLACK_CHANNEL_NAME;
    add_wrong_setting(
        check,
        ps_alloc_format("%s=%s is neither the name nor the id of a channel.", setting, value),
        ps_alloc_format(
            "Set %s to a name such as #cpp-papers, or to the id that stands at the bottom "
            "of the channel's details in Slack.",
            setting));
    return PS_SLACK_CHANNEL_WRONG;
}

static bool flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* Adds the finding for a channel that was found: archived, the bot is not a member, or fine. */
static void judge(struct ps_slack_check *check, size_t channel, const cJSON *found)
{
    const char *setting = check->settings->channels[channel].setting;
    const char *name = ps_json_text(found, "name"), *id = ps_json_text(found, "id");
    char *shown = ps_alloc_format("#%s (%s)", name != NULL ? name : "", id != NULL ? id : "no id");
    bool public = !flag(found, "is_private"), has_name = name != NULL && name[0] != '\0';

    if (flag(found, "is_archived"))
        add_refused(
            check, ps_alloc_format("%s: %s is archived.", setting, shown),
            ps_alloc_format("Unarchive the channel in Slack, or set %s to another one.", setting));
    else if (flag(found, "is_frozen") || flag(found, "is_read_only") ||
             flag(found, "is_thread_only"))
        add_refused(
            check, ps_alloc_format("%s: in %s only some people may post.", setting, shown),
            ps_alloc_format(
                "Allow @%s to post there (channel details, Settings, Posting permissions), or set "
                "%s to another channel.",
                check->bot, setting));
    else if (flag(found, "is_member"))
        add_ok(check, ps_alloc_format("%s: Paperscout is in %s.", setting, shown));
    else if (public && check->posts_everywhere)
        add_ok(check, ps_alloc_format(
                          "%s: Paperscout may post in %s without being in it (chat:write.public).",
                          setting, shown));
    else
        add_refused(check, ps_alloc_format("%s: Paperscout is not in %s.", setting, shown),
                    ps_alloc_format("In Slack, type /invite @%s in %s%s.",
                                    check->bot[0] != '\0' ? check->bot : "paperscout",
                                    has_name ? "#" : "", has_name ? name : "that channel"));
    free(shown);
}

/* Adds a finding for the error with which Slack refused a look-up. */
static void report_look_up(struct ps_slack_check *check, size_t channel, const char *error)
{
    const char *setting = check->settings->channels[channel].setting;
    const char *value = check->settings->channels[channel].value;

    if (strcmp(error, "channel_not_found") == 0)
        add_refused(
            check,
            ps_alloc_format("%s: there is no channel %s in this workspace, or it is private.",
                            setting, value),
            ps_alloc_format("Copy the id from the bottom of the channel's details in Slack into "
                            "%s; in a private "
                            "channel, type /invite @%s.",
                            setting, check->bot));
    else if (strcmp(error, "missing_scope") == 0)
        add_note(check,
                 ps_alloc_format(
                     "%s: without the scope channels:read it is not known whether Paperscout may "
                     "post in %s.",
                     setting, value),
                 ps_alloc_text("Add channels:read and groups:read, or run check-slack --send, "
                               "which posts a message."));
    else
        add_note(check, ps_alloc_format("%s: Slack does not show %s (%s).", setting, value, error),
                 ps_alloc_text("Run check-slack --send, which posts a message."));
}

void ps_slack_check_info(struct ps_slack_check *check, size_t channel,
                         const struct ps_slack_check_answer *answer)
{
    if (!reached(check, answer))
        return;
    if (error_of(answer) != NULL)
        report_look_up(check, channel, error_of(answer));
    else
        judge(check, channel, cJSON_GetObjectItemCaseSensitive(answer->json, "channel"));
}

/* Adds the finding for a name that no page listed, with the nearest name as a suggestion. all:
 * every page was read; otherwise the channel may still exist. */
static void report_absent(struct ps_slack_check *check, size_t channel, bool all)
{
    const char *setting = check->settings->channels[channel].setting,
               *name = name_of(check, channel);

    if (!all)
        add_note(
            check,
            ps_alloc_format(
                "%s: the workspace has more channels than are read here, and #%s is not among "
                "the first.",
                setting, name),
            ps_alloc_format(
                "Set %s to the channel's id, which stands at the bottom of its details in Slack.",
                setting));
    else if (check->nearest[0] != '\0' && check->nearest_distance <= NEAR_MAX)
        add_refused(
            check, ps_alloc_format("%s: there is no channel #%s.", setting, name),
            ps_alloc_format(
                "Did you mean #%s? Set %s to it. If #%s is private, type /invite @%s in it.",
                check->nearest, setting, name, check->bot));
    else
        add_refused(
            check, ps_alloc_format("%s: there is no channel #%s, or it is private.", setting, name),
            ps_alloc_format("Create #%s or correct %s; in a private channel, type /invite @%s.",
                            name, setting, check->bot));
}

char *ps_slack_check_page(struct ps_slack_check *check, size_t channel,
                          const struct ps_slack_check_answer *answer, bool last)
{
    const char *want = name_of(check, channel), *cursor;
    const cJSON *one;

    if (!reached(check, answer))
        return NULL;
    if (error_of(answer) != NULL) {
        report_look_up(check, channel, error_of(answer));
        return NULL;
    }
    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(answer->json, "channels")) {
        const char *name = ps_json_text(one, "name");
        size_t distance = name != NULL ? ps_text_distance(name, want) : SIZE_MAX;

        if (distance == 0) {
            judge(check, channel, one);
            return NULL;
        }
        if (distance < check->nearest_distance) {
            check->nearest_distance = distance;
            keep(check->nearest, name);
        }
    }
    cursor = ps_json_text(cJSON_GetObjectItemCaseSensitive(answer->json, "response_metadata"),
                          "next_cursor");
    if (cursor != NULL && cursor[0] != '\0' && !last)
        return ps_alloc_text(cursor);
    report_absent(check, channel, cursor == NULL || cursor[0] == '\0');
    return NULL;
}

/* --- Socket Mode, --send -------------------------------------------------------------------- */

char *ps_slack_check_connections(struct ps_slack_check *check,
                                 const struct ps_slack_check_answer *answer)
{
    static const char *const wrong[] = { "invalid_auth",           "not_authed",
                                         "not_allowed_token_type", "token_revoked",
                                         "account_inactive",       NULL };
    const char *error, *url;

    if (!reached(check, answer))
        return NULL;
    error = error_of(answer);
    url = ps_json_text(answer->json, "url");
    if (error == NULL && url != NULL && strncmp(url, "ws", 2) == 0)
        return ps_alloc_text(url);
    if (error == NULL)
        add_refused(
            check, ps_alloc_text("Socket Mode: Slack gave no address to connect to."),
            ps_alloc_text(
                "Switch on Socket Mode at https://api.slack.com/apps, your app, Socket Mode."));
    else if (is(error, wrong))
        add_wrong_setting(
            check, ps_alloc_format("Slack does not take this SLACK_APP_TOKEN (%s).", error),
            ps_alloc_text(
                "Create an app-level token with the scope connections:write at "
                "https://api.slack.com/apps, your app, Basic Information, App-Level Tokens, and "
                "set SLACK_APP_TOKEN to it."));
    else if (strcmp(error, "missing_scope") == 0)
        add_refused(check, ps_alloc_text("SLACK_APP_TOKEN lacks the scope connections:write."),
                    ps_alloc_text("Create another app-level token with connections:write at "
                                  "https://api.slack.com/apps, "
                                  "your app, Basic Information, App-Level Tokens."));
    else
        add_refused(
            check, ps_alloc_format("Socket Mode is not available: %s.", error),
            ps_alloc_text(
                "Switch on Socket Mode at https://api.slack.com/apps, your app, Socket Mode."));
    return NULL;
}

char *ps_slack_remedy(const char *error, const char *channel, const char *bot)
{
    const char *name = bot != NULL && bot[0] != '\0' ? bot : "paperscout";

    if (strcmp(error, "not_in_channel") == 0)
        return ps_alloc_format("In Slack, type /invite @%s in %s.", name, channel);
    if (strcmp(error, "channel_not_found") == 0)
        return ps_alloc_format(
            "Correct the channel's name or id; if %s is private, type /invite @%s in it.", channel,
            name);
    if (strcmp(error, "is_archived") == 0)
        return ps_alloc_format("Unarchive %s in Slack, or name another channel.", channel);
    if (strcmp(error, "restricted_action") == 0 ||
        strcmp(error, "restricted_action_read_only_channel") == 0)
        return ps_alloc_format(
            "Allow @%s to post in %s (channel details, Settings, Posting permissions).", name,
            channel);
    if (strcmp(error, "missing_scope") == 0)
        return ps_alloc_format("Add chat:write under Bot Token Scopes %s, then press \"Reinstall "
                               "to Workspace\" there.",
                               scopes_page);
    if (strcmp(error, "invalid_auth") == 0 || strcmp(error, "not_authed") == 0 ||
        strcmp(error, "token_revoked") == 0 || strcmp(error, "account_inactive") == 0 ||
        strcmp(error, "token_expired") == 0 || strcmp(error, "not_allowed_token_type") == 0)
        return get_bot_token("Set");
    return NULL;
}

void ps_slack_check_sent(struct ps_slack_check *check, const char *channel,
                         const struct ps_slack_check_answer *answer)
{
    const char *error;
    char *remedy;

    if (!reached(check, answer))
        return;
    error = error_of(answer);
    if (error == NULL) {
        add_ok(check, ps_alloc_format("A test message was sent to %s.", channel));
        return;
    }
    remedy = ps_slack_remedy(error, channel, check->bot);
    add_refused(
        check, ps_alloc_format("Slack refuses a message to %s: %s.", channel, error),
        remedy != NULL
            ? remedy
            : ps_alloc_text(
                  "Look the name up at https://docs.slack.dev/reference/methods/chat.postMessage, "
                  "Errors."));
}
