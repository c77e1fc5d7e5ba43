#include "notifier/core/slack_event.h"

#include "notifier/core/form.h"
#include "notifier/core/response_url.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 40000, MENTION_MAX = PS_INBOUND_EVENT_ID_MAX + 4 };

static const char *const places[PS_PLACE_COUNT] = { "direct", "group", "channel" };

const char *ps_place_name(enum ps_place place)
{
    return places[place];
}

bool ps_place_parse(const char *name, enum ps_place *out_place)
{
    for (size_t i = 0; i < PS_PLACE_COUNT; i++) {
        if (strcmp(name, places[i]) == 0) {
            *out_place = (enum ps_place)i;
            return true;
        }
    }
    return false;
}

static const char *const sources[] = { "message", "home", "modal" };

const char *ps_source_name(enum ps_source source)
{
    return sources[source];
}

enum ps_source ps_source_parse(const char *name)
{
    for (size_t i = 0; name != NULL && i < PS_COUNT_OF(sources); i++)
        if (strcmp(name, sources[i]) == 0)
            return (enum ps_source)i;
    return PS_SOURCE_MESSAGE;
}

void ps_view_request_clear(struct ps_view_request *request)
{
    free(request->user);
    free(request->trigger_id);
    free(request->view_id);
    free(request->view_hash);
    free(request->typed);
    *request = (struct ps_view_request){ .act = PS_VIEW_HOME };
}

void ps_inbound_event_clear(struct ps_inbound_event *inbound)
{
    free(inbound->id);
    free(inbound->said);
    free(inbound->user);
    free(inbound->channel);
    free(inbound->response_url);
    free(inbound->thread_ts);
    free(inbound->words);
    *inbound = (struct ps_inbound_event){ 0 };
}

void ps_slack_event_clear(struct ps_slack_event *event)
{
    free(event->challenge);
    free(event->answer);
    ps_view_request_clear(&event->view);
    free(event->installed_team);
    free(event->person_team);
    ps_inbound_event_clear(&event->inbound);
    *event = (struct ps_slack_event){ .call = PS_SLACK_IGNORED };
}

bool ps_slack_id_ok(const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);

    return len > 0 && len <= PS_INBOUND_EVENT_ID_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* <@U1|name> and <!here> have no plain form and stay out; <#C1|papers> is #papers; <url|label> is
 * its label, <url> the url. */
static void add_markup(struct ps_buf *out, struct ps_str inside)
{
    struct ps_str target = { inside.data, 0 }, rest = inside;

    (void)ps_str_next(&rest, '|', &target);
    if (target.len > 0 && (target.data[0] == '@' || target.data[0] == '!'))
        return;
    if (target.len > 0 && target.data[0] == '#')
        (void)ps_buf_char(out, '#');
    if (target.len < inside.len)
        target = (struct ps_str){ inside.data + target.len + 1, inside.len - target.len - 1 };
    (void)ps_buf_add(out, target.data, target.len);
}

static size_t entity(const char *text, size_t len, char *out_char)
{
    static const struct {
        const char *name;
        char plain;
    } entities[] = {
        {"&amp;", '&'},
        { "&lt;", '<'},
        { "&gt;", '>'}
    };

    for (size_t i = 0; i < PS_COUNT_OF(entities); i++) {
        size_t size = strlen(entities[i].name);

        if (len >= size && memcmp(text, entities[i].name, size) == 0) {
            *out_char = entities[i].plain;
            return size;
        }
    }
    return 0;
}

char *ps_slack_plain(const char *text, size_t len)
{
    struct ps_buf plain;
    struct ps_str kept;
    char *clean, *spaced, *result;

    ps_buf_init(&plain, len + 1);
    for (size_t i = 0; i < len;) {
        const char *end = text[i] == '<' ? memchr(text + i, '>', len - i) : NULL;
        size_t used = 1;
        char c = text[i];

        if (end != NULL) {
            add_markup(&plain, (struct ps_str){ text + i + 1, (size_t)(end - text) - i - 1 });
            i = (size_t)(end - text) + 1;
            continue;
        }
        if (c == '&')
            used = entity(text + i, len - i, &c);
        (void)ps_buf_char(&plain, c);
        i += used == 0 ? 1 : used;
    }
    clean = ps_utf8_clean(ps_buf_str(&plain), plain.len);
    ps_buf_clear(&plain);
    spaced = ps_utf8_spaces(clean, strlen(clean));
    free(clean);
    kept = ps_str_trim(ps_str_of(spaced));
    while (kept.len >= 2 && kept.data[0] == '`' && kept.data[kept.len - 1] == '`')
        kept = ps_str_trim((struct ps_str){ kept.data + 1, kept.len - 2 });
    kept.len = ps_utf8_cut(kept.data, kept.len, PS_INBOUND_EVENT_WORDS_MAX);
    result = ps_alloc_copy(kept.data, kept.len);
    free(spaced);
    return result;
}

/* Returns the text after the first mention of the bot; NULL if the bot is not mentioned. If the
 * event does not say which user the bot is, any mention at the beginning counts. */
static const char *after_name(const char *text, const char *own)
{
    char mention[MENTION_MAX] = "<@";
    const char *at = text;
    size_t len;

    if (own == NULL) {
        at += strspn(at, " \t\r\n");
        return strncmp(at, "<@", 2) == 0 && strchr(at, '>') != NULL ? strchr(at, '>') + 1 : NULL;
    }
    len = strlen(own);
    memcpy(mention + 2, own, len + 1);
    while ((at = strstr(at, mention)) != NULL) {
        const char *end = at + 2 + len;

        if (*end == '>')
            return end + 1;
        if (*end == '|' && strchr(end, '>') != NULL)
            return strchr(end, '>') + 1;
        at = end;
    }
    return NULL;
}

bool ps_slack_event_ignore(struct ps_slack_event *event, const char *why)
{
    event->call = PS_SLACK_IGNORED;
    event->why = why;
    return true;
}

/* The place, and the words that are for us; NULL with *why when none are. */
static const char *addressed(const cJSON *root, const cJSON *said, enum ps_place *out_place,
                             const char **why)
{
    const char *type = ps_json_text(said, "type"), *text = ps_json_text(said, "text");
    const char *where = ps_json_text(said, "channel_type"), *named;
    bool mention = type != NULL && strcmp(type, "app_mention") == 0;
    /* Each event of Slack has our own user id: authorizations[0].user_id. */
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "authorizations");
    const char *own_id =
        ps_json_text(cJSON_IsArray(list) ? cJSON_GetArrayItem(list, 0) : NULL, "user_id");

    *out_place = PS_PLACE_CHANNEL;
    if (where != NULL && strcmp(where, "im") == 0)
        *out_place = PS_PLACE_DIRECT;
    else if (where != NULL && strcmp(where, "mpim") == 0)
        *out_place = PS_PLACE_GROUP;
    *why = "type";
    if (type == NULL || (!mention && strcmp(type, "message") != 0))
        return NULL;
    *why = "place";
    if (!mention && *out_place == PS_PLACE_CHANNEL)
        return NULL; /* a mention there comes as app_mention */
    *why = "text";
    if (text == NULL || strlen(text) > TEXT_MAX)
        return NULL;
    named = after_name(text, ps_slack_id_ok(own_id) ? own_id : NULL);
    if (named != NULL)
        return named + strspn(named, " \t:,"); /* "@paperscout: status", as one calls people */
    *why = "unnamed";
    return mention || *out_place == PS_PLACE_DIRECT ? text : NULL;
}

static char *id_copy(const char *id)
{
    return ps_slack_id_ok(id) ? ps_alloc_text(id) : NULL;
}

/* The fields that name the workspace of somebody in a shared channel; within one workspace some are
 * absent. */
static const char *person_team(const cJSON *said)
{
    static const char *const names[] = { "user_team", "source_team", "team" };

    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        if (ps_json_text(said, names[i]) != NULL)
            return ps_json_text(said, names[i]);
    return NULL;
}

static void read_teams(const cJSON *root, const cJSON *said, struct ps_slack_event *event)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "authorizations");
    const cJSON *first = cJSON_IsArray(list) ? cJSON_GetArrayItem(list, 0) : NULL;
    const char *installed = ps_json_text(first, "team_id");

    event->installed_team = id_copy(installed != NULL ? installed : ps_json_text(root, "team_id"));
    event->person_team = id_copy(person_team(said));
}

/* app_home_opened: a person opened one of our tabs. Only the Home has content. */
static bool read_home(const cJSON *root, const cJSON *said, struct ps_slack_event *event)
{
    const char *user = ps_json_text(said, "user"), *tab = ps_json_text(said, "tab");

    if (!ps_slack_id_ok(user))
        return ps_slack_event_ignore(event, "fields");
    if (tab != NULL && strcmp(tab, "home") != 0)
        return ps_slack_event_ignore(event, "tab");
    read_teams(root, said, event);
    event->call = PS_SLACK_VIEW;
    event->view = (struct ps_view_request){ .act = PS_VIEW_HOME, .user = ps_alloc_text(user) };
    return true;
}

static bool read_said(const cJSON *root, const cJSON *said, struct ps_slack_event *event)
{
    const char *user = ps_json_text(said, "user"), *channel = ps_json_text(said, "channel");
    const char *ts = ps_json_text(said, "ts"), *thread = ps_json_text(said, "thread_ts");
    const char *why, *words;
    enum ps_place place;

    if (ps_json_text(said, "subtype") != NULL)
        return ps_slack_event_ignore(event, "subtype");
    if (cJSON_HasObjectItem(said, "bot_id") || cJSON_HasObjectItem(said, "bot_profile"))
        return ps_slack_event_ignore(event, "bot");
    words = addressed(root, said, &place, &why);
    if (words == NULL)
        return ps_slack_event_ignore(event, why);
    if (!ps_slack_id_ok(user) || !ps_slack_id_ok(channel) || !ps_slack_id_ok(ts))
        return ps_slack_event_ignore(event, "fields");
    read_teams(root, said, event);
    event->call = PS_SLACK_INBOUND;
    event->inbound =
        (struct ps_inbound_event){ .id = ps_alloc_text(ps_json_text(root, "event_id")),
                                   .said = ps_alloc_format("%s:%s", channel, ts),
                                   .place = place,
                                   .user = ps_alloc_text(user),
                                   .channel = ps_alloc_text(channel),
                                   .thread_ts =
                                       ps_slack_id_ok(thread) ? ps_alloc_text(thread) : NULL,
                                   .words = ps_slack_plain(words, strlen(words)) };
    return true;
}

static bool read_challenge(const cJSON *root, struct ps_slack_event *event, struct ps_err *err)
{
    const char *challenge = ps_json_text(root, "challenge");

    if (challenge == NULL || strlen(challenge) > PS_CHALLENGE_MAX)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "no challenge, or one that is too long");
    event->call = PS_SLACK_CHALLENGE;
    event->challenge = ps_alloc_text(challenge);
    return true;
}

bool ps_slack_event_of(const cJSON *root, struct ps_slack_event *out_event, struct ps_err *err)
{
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(root, "event");
    const char *type = ps_json_text(root, "type");

    *out_event = (struct ps_slack_event){ .call = PS_SLACK_IGNORED };
    if (!cJSON_IsObject(root) || type == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "not an event: no type");
    if (strcmp(type, "url_verification") == 0)
        return read_challenge(root, out_event, err);
    if (strcmp(type, "event_callback") != 0)
        return ps_slack_event_ignore(out_event, "type"); /* app_rate_limited, and what may come */
    if (!cJSON_IsObject(said) || !ps_slack_id_ok(ps_json_text(root, "event_id")))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an event without event or event_id");
    type = ps_json_text(said, "type");
    if (type != NULL && strcmp(type, "app_home_opened") == 0)
        return read_home(root, said, out_event);
    return read_said(root, said, out_event);
}

bool ps_slack_event_read(const char *body, size_t len, struct ps_slack_event *out_event,
                         struct ps_err *err)
{
    cJSON *root;
    bool ok;

    *out_event = (struct ps_slack_event){ .call = PS_SLACK_IGNORED };
    if (!ps_utf8_valid(body, len))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "not UTF-8");
    root = ps_json_parse(body, len, err);
    if (root == NULL)
        return false;
    ok = ps_slack_event_of(root, out_event, err);
    cJSON_Delete(root);
    return ok;
}

/* The fields of a slash command that matter; NULL where one is absent. */
struct slash {
    const char *trigger, *user, *channel_name, *text, *team, *response_url;
};

static bool read_slash(const struct slash *slash, struct ps_slack_event *out_event,
                       struct ps_err *err)
{
    const char *text = slash->text != NULL ? slash->text : "";
    const char *channel = slash->channel_name != NULL ? slash->channel_name : "";

    *out_event = (struct ps_slack_event){ .call = PS_SLACK_IGNORED };
    if (!ps_slack_id_ok(slash->trigger) || strlen(slash->trigger) >= PS_INBOUND_EVENT_ID_MAX ||
        !ps_slack_id_ok(slash->user))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a slash command without trigger_id or user_id");
    out_event->call = PS_SLACK_INBOUND;
    out_event->installed_team = id_copy(slash->team);
    out_event->inbound = (struct ps_inbound_event){
        .id = ps_alloc_format("/%s", slash->trigger),
        .said = ps_alloc_format("/%s", slash->trigger),
        /* A slash command and its answer are seen by its author alone, wherever that is. */
        .place = strcmp(channel, "directmessage") == 0 ? PS_PLACE_DIRECT
                 : strncmp(channel, "mpdm-", 5) == 0   ? PS_PLACE_GROUP
                                                       : PS_PLACE_CHANNEL,
        .slash = true,
        .user = ps_alloc_text(slash->user),
        .channel = ps_alloc_text(slash->user),
        .response_url =
            slash->response_url != NULL && strlen(slash->response_url) <= PS_RESPONSE_URL_MAX
                ? ps_alloc_text(slash->response_url)
                : NULL,
        .words = ps_slack_plain(text, strlen(text))
    };
    return true;
}

bool ps_slack_slash_of(const cJSON *fields, struct ps_slack_event *out_event, struct ps_err *err)
{
    const struct slash slash = { .trigger = ps_json_text(fields, "trigger_id"),
                                 .user = ps_json_text(fields, "user_id"),
                                 .channel_name = ps_json_text(fields, "channel_name"),
                                 .text = ps_json_text(fields, "text"),
                                 .team = ps_json_text(fields, "team_id"),
                                 .response_url = ps_json_text(fields, "response_url") };

    return read_slash(&slash, out_event, err);
}

bool ps_slack_slash_read(const char *body, size_t len, struct ps_slack_event *out_event,
                         struct ps_err *err)
{
    char *trigger = ps_form_value(body, len, "trigger_id");
    char *user = ps_form_value(body, len, "user_id");
    char *channel = ps_form_value(body, len, "channel_name");
    char *text = ps_form_value(body, len, "text");
    char *team = ps_form_value(body, len, "team_id");
    char *url = ps_form_value(body, len, "response_url");
    const struct slash slash = { trigger, user, channel, text, team, url };
    bool ok = read_slash(&slash, out_event, err);

    free(trigger);
    free(user);
    free(channel);
    free(text);
    free(team);
    free(url);
    return ok;
}

bool ps_slack_is_ssl_check(const char *body, size_t len)
{
    char *value = ps_form_value(body, len, "ssl_check");
    bool is = value != NULL && value[0] != '\0';

    free(value);
    return is;
}
