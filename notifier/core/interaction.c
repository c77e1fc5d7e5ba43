#include "notifier/core/interaction.h"

#include "notifier/core/form.h"
#include "notifier/core/response_url.h"
#include "notifier/core/user_command.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = PS_PAPER_ID_TEXT, MESSAGE_MAX = 40000, TYPED_MAX = 300 };

enum type { ELEMENT, SHORTCUT, MODAL };

static const struct interaction {
    const char *name;
    enum type type;
    enum ps_interaction_effect effect;
    const char *before, *after; /* after is NULL: the action has no value */
} interactions[PS_INTERACTION_ID_COUNT] = {
#define PS_X(id, name, type, effect, before, after)                                                \
    { name, type, PS_INTERACTION_##effect, before, after },
    PS_INTERACTIONS(PS_X)
#undef PS_X
};

const char *ps_interaction_name(enum ps_interaction interaction)
{
    return interactions[interaction].name;
}

static const struct interaction *find(enum type type, struct ps_str name)
{
    for (size_t i = 0; i < PS_COUNT_OF(interactions); i++)
        if (interactions[i].type == type && ps_str_is(name, interactions[i].name))
            return &interactions[i];
    return NULL;
}

/* The id of a member object: {"user": {"id": "U1"}}; NULL where it is absent or no id. */
static const char *id_of(const cJSON *object, const char *name)
{
    const char *id = ps_json_text(ps_json_member(object, name), "id");

    return ps_slack_id_ok(id) ? id : NULL;
}

/* Identifies the interaction: a second click on an element has another trigger_id but the same
 * place (a message, or a state of a view) and the same words. A shortcut has no element that could
 * be clicked twice: Slack's menu closes. Each use of it is a new one and has an answer of its own.
 */
static char *identity_of(const cJSON *payload, const char *user, const char *words)
{
    const cJSON *view = ps_json_member(payload, "view"),
                *container = ps_json_member(payload, "container");
    const char *ts = ps_json_text(container, "message_ts");
    const char *channel = ps_json_text(container, "channel_id");
    const char *hash = ps_json_text(view, "hash");

    if (ps_slack_id_ok(ts))
        return ps_alloc_format("!%s:%s:%s:%s", user, ps_slack_id_ok(channel) ? channel : "", ts,
                               words);
    if (id_of(payload, "view") != NULL)
        return ps_alloc_format("!%s:%s:%s:%s", user, id_of(payload, "view"),
                               ps_slack_id_ok(hash) ? hash : "", words);
    return ps_alloc_format("!%s", ps_json_text(payload, "trigger_id"));
}

/* Takes words. */
static bool run(const cJSON *payload, char *words, struct ps_slack_event *event, struct ps_err *err)
{
    const char *trigger = ps_json_text(payload, "trigger_id"), *user = id_of(payload, "user");
    const char *url = ps_json_text(payload, "response_url");
    const char *view = ps_json_text(ps_json_member(payload, "view"), "type");
    char *clean;

    if (!ps_slack_id_ok(trigger) || strlen(trigger) >= PS_INBOUND_EVENT_ID_MAX || user == NULL) {
        free(words);
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an interaction without trigger_id or user");
    }
    clean = ps_utf8_clean(words, strlen(words));
    clean[ps_utf8_cut(clean, strlen(clean), PS_INBOUND_EVENT_WORDS_MAX)] = '\0';
    free(words);
    event->call = PS_SLACK_INBOUND;
    event->inbound =
        (struct ps_inbound_event){ .id = ps_alloc_format("!%s", trigger),
                                   .said = identity_of(payload, user, clean),
                                   .place = PS_PLACE_DIRECT,
                                   .source = view == NULL                ? PS_SOURCE_MESSAGE
                                             : strcmp(view, "home") == 0 ? PS_SOURCE_HOME
                                                                         : PS_SOURCE_MODAL,
                                   .user = ps_alloc_text(user),
                                   .channel = ps_alloc_text(user),
                                   .response_url = url != NULL && strlen(url) <= PS_RESPONSE_URL_MAX
                                                       ? ps_alloc_text(url)
                                                       : NULL,
                                   .words = clean };
    return true;
}

/* Returns the value that a person chose or typed, for every kind of element. */
static const char *value_of(const cJSON *action)
{
    const char *value = ps_json_text(action, "value");

    if (value == NULL)
        value = ps_json_text(action, "selected_time");
    if (value == NULL)
        value = ps_json_text(ps_json_member(action, "selected_option"), "value");
    return value != NULL ? value : "";
}

static bool begin_view(const cJSON *payload, enum ps_view_act act, const char *typed,
                       struct ps_slack_event *event, struct ps_err *err)
{
    const char *trigger = ps_json_text(payload, "trigger_id"), *user = id_of(payload, "user");
    const char *hash = ps_json_text(ps_json_member(payload, "view"), "hash");
    const char *view = id_of(payload, "view");

    if (user == NULL || (act == PS_VIEW_ADD && !ps_slack_id_ok(trigger)) ||
        (act == PS_VIEW_CHECK && view == NULL))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an action without user, trigger_id or view");
    event->call = PS_SLACK_VIEW;
    event->view = (struct ps_view_request){
        .act = act,
        .user = ps_alloc_text(user),
        .trigger_id = act == PS_VIEW_ADD ? ps_alloc_text(trigger) : NULL,
        .view_id = view != NULL ? ps_alloc_text(view) : NULL,
        .view_hash = ps_slack_id_ok(hash) ? ps_alloc_text(hash) : NULL,
        .typed = ps_utf8_clean(typed, ps_utf8_cut(typed, strlen(typed), TYPED_MAX))
    };
    return true;
}

static bool read_action(const cJSON *payload, struct ps_slack_event *event, struct ps_err *err)
{
    const cJSON *list = ps_json_member(payload, "actions");
    const cJSON *action = cJSON_IsArray(list) ? cJSON_GetArrayItem(list, 0) : NULL;
    const char *name = ps_json_text(action, "action_id"), *value = value_of(action);
    struct ps_str rest = ps_str_of(value), verb = { "", 0 };
    const struct interaction *found;

    if (name == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "block_actions without an action_id");
    if (strcmp(name, PS_INTERACTION_MENU) == 0) {
        (void)ps_str_next(&rest, ' ', &verb);
        value += rest.data != NULL ? verb.len + 1 : verb.len;
    } else {
        verb = ps_str_of(name);
    }
    found = find(ELEMENT, verb);
    if (found == NULL)
        return ps_slack_event_ignore(event, "action");
    switch (found->effect) {
    case PS_INTERACTION_COMMAND:
        if (found->after != NULL && (value[0] == '\0' || strlen(value) > PS_INTERACTION_VALUE_MAX))
            return ps_slack_event_ignore(event, "value");
        return run(payload,
                   ps_alloc_format("%s%s%s", found->before, found->after != NULL ? value : "",
                                   found->after != NULL ? found->after : ""),
                   event, err);
    case PS_INTERACTION_ADD:
        return begin_view(payload, PS_VIEW_ADD, "", event, err);
    case PS_INTERACTION_CHECK:
        return begin_view(payload, PS_VIEW_CHECK, value, event, err);
    case PS_INTERACTION_LINK:
    case PS_INTERACTION_WHY:
    case PS_INTERACTION_SUBMIT:
        break;
    }
    return ps_slack_event_ignore(event, "link");
}

/* The next run of letters and digits in text; its length is 0 at the end. */
static struct ps_str next_token(const char **text)
{
    const char *at = *text;
    struct ps_str token;

    while (*at != '\0' && !isalnum((unsigned char)*at))
        at++;
    token.data = at;
    while (isalnum((unsigned char)*at))
        at++;
    token.len = (size_t)(at - token.data);
    *text = at;
    return token;
}

/* Adds id to ids, "P2300R10, D2300R11", unless it is there. */
static void add_paper(struct ps_str token, char ids[][TOKEN_MAX], size_t *count)
{
    struct ps_paper_id id;
    char text[PS_PAPER_ID_TEXT];

    if (token.len >= TOKEN_MAX || !ps_paper_id_parse(token.data, token.len, &id))
        return;
    ps_paper_id_format(&id, text);
    for (size_t i = 0; i < *count; i++)
        if (strcmp(ids[i], text) == 0)
            return;
    memcpy(ids[(*count)++], text, strlen(text) + 1);
}

static bool read_shortcut(const cJSON *payload, struct ps_slack_event *event, struct ps_err *err)
{
    const char *name = ps_json_text(payload, "callback_id");
    const struct interaction *found = name != NULL ? find(SHORTCUT, ps_str_of(name)) : NULL;
    const char *text = ps_json_text(ps_json_member(payload, "message"), "text");
    char ids[PS_INTERACTION_PAPERS_MAX][TOKEN_MAX];
    size_t count = 0;
    struct ps_buf words;

    if (found == NULL)
        return ps_slack_event_ignore(event, "shortcut");
    if (text == NULL || strlen(text) > 4 * MESSAGE_MAX)
        text = "";
    while (count < PS_INTERACTION_PAPERS_MAX) {
        struct ps_str token = next_token(&text);

        if (token.len == 0)
            break;
        add_paper(token, ids, &count);
    }
    ps_buf_init(&words, PS_INBOUND_EVENT_WORDS_MAX);
    (void)ps_buf_text(&words, found->before);
    for (size_t i = 0; i < count; i++)
        (void)ps_buf_format(&words, "%s%s", i == 0 ? "" : " ", ids[i]);
    if (count == 0)
        (void)ps_buf_text(&words, "message");
    return run(payload, ps_buf_take(&words), event, err);
}

/* {"response_action": "errors", "errors": {"entry": "…"}}: the modal stays open and says what is
   wrong. Errors are plain text, in which a back quote is only a back quote. */
static char *modal_error(const char *problem)
{
    cJSON *json = cJSON_CreateObject(), *errors;
    char *plain = ps_alloc_text(problem), *printed;

    for (char *at = plain; *at != '\0'; at++)
        *at = *at == '`' ? '"' : *at;
    ps_json_add_text(json, "response_action", "errors");
    errors = cJSON_AddObjectToObject(json, "errors");
    ps_json_add_text(errors, PS_INTERACTION_ENTRY_BLOCK, plain);
    printed = ps_json_print(json);
    cJSON_Delete(json);
    free(plain);
    return printed;
}

static bool read_submission(const cJSON *payload, struct ps_slack_event *event, struct ps_err *err)
{
    const cJSON *view = ps_json_member(payload, "view");
    const char *name = ps_json_text(view, "callback_id");
    const struct interaction *found = name != NULL ? find(MODAL, ps_str_of(name)) : NULL;
    const cJSON *values = ps_json_member(ps_json_member(view, "state"), "values");
    const cJSON *input = ps_json_member(ps_json_member(values, PS_INTERACTION_ENTRY_BLOCK),
                                        ps_interaction_name(PS_INTERACTION_ID_ENTRY));
    const char *typed = value_of(input);
    struct ps_user_command ask;
    char *words;

    if (found == NULL)
        return ps_slack_event_ignore(event, "view");
    words = ps_alloc_format("%s%.*s", found->before,
                            (int)ps_utf8_cut(typed, strlen(typed), TYPED_MAX), typed);
    ps_user_command_parse(words, 0, &ask);
    if (ask.kind == PS_USER_COMMAND_ADD)
        return run(payload, words, event, err);
    free(words);
    event->call = PS_SLACK_ANSWERED;
    event->answer = modal_error(ask.kind == PS_USER_COMMAND_WRONG
                                    ? ask.problem
                                    : "Type a paper (P2300), a number (2300), an author, subgroup "
                                      "LEWG, or /pattern/.");
    return true;
}

static const char *person_team(const cJSON *payload)
{
    return ps_json_text(ps_json_member(payload, "user"), "team_id");
}

bool ps_interaction_read(const cJSON *payload, struct ps_slack_event *out_event, struct ps_err *err)
{
    const char *type = ps_json_text(payload, "type");
    const char *team = id_of(payload, "team"), *enterprise = id_of(payload, "enterprise");
    const char *person = person_team(payload);
    bool ok;

    *out_event = (struct ps_slack_event){ .call = PS_SLACK_IGNORED };
    if (!cJSON_IsObject(payload) || type == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "not an interaction: no type");
    if (strcmp(type, "block_actions") == 0)
        ok = read_action(payload, out_event, err);
    else if (strcmp(type, "message_action") == 0)
        ok = read_shortcut(payload, out_event, err);
    else if (strcmp(type, "view_submission") == 0)
        ok = read_submission(payload, out_event, err);
    else
        return ps_slack_event_ignore(out_event,
                                     "type"); /* view_closed, and types of later versions */
    if (!ok) {
        ps_slack_event_clear(out_event);
        return false;
    }
    team = team != NULL ? team : enterprise;
    out_event->installed_team = team != NULL ? ps_alloc_text(team) : NULL;
    out_event->person_team = ps_slack_id_ok(person) ? ps_alloc_text(person) : NULL;
    return true;
}

bool ps_interaction_is_form(const char *body, size_t len)
{
    char *payload = ps_form_value(body, len, "payload");
    bool is = payload != NULL;

    free(payload);
    return is;
}

bool ps_interaction_read_form(const char *body, size_t len, struct ps_slack_event *out_event,
                              struct ps_err *err)
{
    char *payload = ps_form_value(body, len, "payload");
    cJSON *json;
    bool ok;

    *out_event = (struct ps_slack_event){ .call = PS_SLACK_IGNORED };
    if (payload == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a form without payload");
    if (!ps_utf8_valid(payload, strlen(payload))) {
        free(payload);
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "payload is not UTF-8");
    }
    json = ps_json_parse(payload, strlen(payload), err);
    free(payload);
    if (json == NULL)
        return false;
    ok = ps_interaction_read(json, out_event, err);
    cJSON_Delete(json);
    return ok;
}
