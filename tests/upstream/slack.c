#include "tests/upstream/slack.h"

#include "tests/upstream/slack_check.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ps_slack {
    cJSON *messages, *refused, *hooks, *views; /* arrays */
    cJSON *triggers;                           /* of views.open: used once */
    int64_t last_ts_us;
};

struct ps_slack *ps_slack_create(void)
{
    struct ps_slack *slack = ps_alloc_zero(1, sizeof *slack);

    slack->messages = cJSON_CreateArray();
    slack->refused = cJSON_CreateArray();
    slack->hooks = cJSON_CreateArray();
    slack->views = cJSON_CreateArray();
    slack->triggers = cJSON_CreateObject();
    return slack;
}

void ps_slack_destroy(struct ps_slack *slack)
{
    if (slack == NULL)
        return;
    cJSON_Delete(slack->messages);
    cJSON_Delete(slack->refused);
    cJSON_Delete(slack->hooks);
    cJSON_Delete(slack->views);
    cJSON_Delete(slack->triggers);
    free(slack);
}

void ps_slack_reset(struct ps_slack *slack)
{
    cJSON_Delete(slack->messages);
    cJSON_Delete(slack->refused);
    cJSON_Delete(slack->hooks);
    cJSON_Delete(slack->views);
    cJSON_Delete(slack->triggers);
    slack->views = cJSON_CreateArray();
    slack->triggers = cJSON_CreateObject();
    slack->messages = cJSON_CreateArray();
    slack->refused = cJSON_CreateArray();
    slack->hooks = cJSON_CreateArray();
}

cJSON *ps_slack_json(const struct ps_slack *slack)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddItemToObject(object, "messages", cJSON_Duplicate(slack->messages, true));
    cJSON_AddItemToObject(object, "refused", cJSON_Duplicate(slack->refused, true));
    cJSON_AddItemToObject(object, "hooks", cJSON_Duplicate(slack->hooks, true));
    cJSON_AddItemToObject(object, "views", cJSON_Duplicate(slack->views, true));
    return object;
}

static cJSON *form_fields(const char *text)
{
    struct evkeyvalq fields;
    const struct evkeyval *field;
    cJSON *object = cJSON_CreateObject();

    if (evhttp_parse_query_str(text, &fields) != 0)
        return object;
    for (field = fields.tqh_first; field != NULL; field = field->next.tqe_next)
        ps_json_add_text(object, field->key, field->value);
    evhttp_clear_headers(&fields);
    return object;
}

/* Slack takes JSON and forms. NULL: neither. */
static cJSON *read_arguments(const struct ps_user_command *ask)
{
    static const char json_type[] = "application/json";
    struct ps_err err;
    char *text;
    cJSON *arguments;

    if (ps_str_is(ask->method, "GET")) {
        text = ps_alloc_copy(ask->query.data, ask->query.len);
        arguments = form_fields(text);
        free(text);
        return arguments;
    }
    if (ask->content_type.len >= sizeof json_type - 1 &&
        memcmp(ask->content_type.data, json_type, sizeof json_type - 1) == 0) {
        arguments = ps_json_parse(ask->body.data, ask->body.len, &err);
        if (cJSON_IsObject(arguments))
            return arguments;
        cJSON_Delete(arguments);
        return NULL;
    }
    text = ps_alloc_copy(ask->body.data, ask->body.len);
    arguments = form_fields(text);
    free(text);
    return arguments;
}

/* wanted: NULL for any. */
static const char *check_token(const char *wanted, const struct ps_user_command *ask)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;
    struct ps_str token = { ask->authorization.data + len, ask->authorization.len - len };

    if (ask->authorization.len < len || memcmp(ask->authorization.data, scheme, len) != 0)
        return "not_authed";
    if (wanted != NULL && !ps_str_is(token, wanted))
        return "invalid_auth";
    return NULL;
}

static void answer_error(struct ps_answer *answer, const char *error)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_bool(json, "ok", false);
    ps_json_add_text(json, "error", error);
    ps_answer_json(answer, 200, json);
}

static cJSON *entry_of(const struct ps_user_command *ask, const cJSON *arguments)
{
    cJSON *entry = cJSON_CreateObject();

    ps_json_add_real(entry, "t_ms", (double)ask->wall_us / 1000.0);
    ps_json_add_text(entry, "channel", ps_json_text(arguments, "channel"));
    ps_json_add_text(entry, "text", ps_json_text(arguments, "text"));
    ps_json_add_text(entry, "thread_ts", ps_json_text(arguments, "thread_ts"));
    cJSON_AddItemToObject(entry, "body", cJSON_Duplicate(arguments, true));
    return entry;
}

static void refuse(struct ps_slack *slack, const struct ps_user_command *ask,
                   const cJSON *arguments, const struct ps_answer *answer, const char *error)
{
    cJSON *entry = entry_of(ask, arguments);

    ps_json_add_int(entry, "status", answer->status);
    ps_json_add_text(entry, "error", error);
    cJSON_AddItemToArray(slack->refused, entry);
}

/* Slack's own id of where a message goes: a person's is that of the conversation with them. */
static char *id_of(const char *channel)
{
    char *id;

    if (channel[0] == 'U' || channel[0] == 'W')
        return ps_alloc_format("D%s", channel + 1);
    if (channel[0] != '#')
        return ps_alloc_text(channel);
    id = ps_alloc_format("C%s", channel + 1);
    for (char *at = id; *at != '\0'; at++)
        *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    return id;
}

static void take_message(struct ps_slack *slack, const struct ps_user_command *ask,
                         const cJSON *arguments, struct ps_answer *answer)
{
    cJSON *entry = entry_of(ask, arguments);
    cJSON *json = cJSON_CreateObject();
    cJSON *message = cJSON_CreateObject();
    char *ts, *id;

    slack->last_ts_us = ask->wall_us > slack->last_ts_us ? ask->wall_us : slack->last_ts_us + 1;
    ts = ps_alloc_format("%lld.%06lld", (long long)(slack->last_ts_us / 1000000),
                         (long long)(slack->last_ts_us % 1000000));
    ps_json_add_text(entry, "ts", ts);
    cJSON_AddItemToArray(slack->messages, entry);
    ps_json_add_bool(json, "ok", true);
    id = id_of(ps_json_text(arguments, "channel"));
    ps_json_add_text(json, "channel", id);
    ps_json_add_text(json, "ts", ts);
    ps_json_add_text(message, "text", ps_json_text(arguments, "text"));
    cJSON_AddItemToObject(json, "message", message);
    ps_answer_json(answer, 200, json);
    free(ts);
    free(id);
}

/* A behaviour that spoils the answer means that the message was not taken, unless "accept" says
 * otherwise: Slack took it, and the answer got lost. */
static bool spoils(const struct ps_behaviour *behaviour)
{
    bool refused = behaviour->status >= 300 || behaviour->retry_after_s >= 0 ||
                   behaviour->error != NULL || behaviour->redirect != NULL ||
                   behaviour->transport.fault != PS_FAULT_NONE;

    return refused && !behaviour->accept;
}

static bool has_scope(const struct ps_scenario *scenario, const char *name)
{
    const cJSON *scope;

    cJSON_ArrayForEach (scope, scenario->slack_scopes)
        if (cJSON_IsString(scope) && strcmp(scope->valuestring, name) == 0)
            return true;
    return scenario->slack_scopes == NULL;
}

/* Slack lists a token's scopes with every answer. */
static void list_scopes(const struct ps_scenario *scenario, struct ps_answer *answer)
{
    const cJSON *scope;
    const char *before = "X-OAuth-Scopes: ";

    if (scenario->slack_scopes == NULL)
        return;
    cJSON_ArrayForEach (scope, scenario->slack_scopes) {
        ps_buf_format(&answer->headers, "%s%s", before,
                      cJSON_IsString(scope) ? scope->valuestring : "");
        before = ",";
    }
    ps_buf_text(&answer->headers, "\r\n");
}

static const cJSON *conversation(const struct ps_scenario *scenario, const char *id)
{
    const cJSON *one;

    cJSON_ArrayForEach (one, scenario->conversations)
        if (ps_json_text(one, "id") != NULL && strcmp(ps_json_text(one, "id"), id) == 0)
            return one;
    return NULL;
}

static bool is_private(const cJSON *one)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "is_private"));
}

/* A private channel is shown to its members alone. */
static bool is_shown(const cJSON *one)
{
    return !is_private(one) || cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "is_member"));
}

/* NULL, or why Slack refuses a message to channel (a name or an id). Where the scenario lists no
 * conversations, every channel is there. */
static const char *may_post(const struct ps_scenario *scenario, const char *channel)
{
    const char *name = channel[0] == '#' ? channel + 1 : channel;
    const cJSON *one;

    if (!has_scope(scenario, "chat:write"))
        return "missing_scope";
    if (scenario->conversations == NULL || channel[0] == 'U' || channel[0] == 'D')
        return NULL;
    cJSON_ArrayForEach (one, scenario->conversations) {
        if (strcmp(ps_json_text(one, "id"), channel) != 0 &&
            strcmp(ps_json_text(one, "name"), name) != 0)
            continue;
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "is_archived")))
            return "is_archived";
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "is_read_only")))
            return "restricted_action";
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "is_member")) ||
            (!is_private(one) && scenario->slack_scopes != NULL &&
             has_scope(scenario, "chat:write.public")))
            return NULL;
        return is_private(one) ? "channel_not_found" : "not_in_channel";
    }
    return "channel_not_found";
}

static void post_message(struct ps_slack *slack, struct ps_scenario *scenario,
                         const struct ps_user_command *ask, struct ps_answer *answer)
{
    cJSON *arguments = read_arguments(ask);
    const char *channel = ps_json_text(arguments, "channel");
    const char *text = ps_json_text(arguments, "text");
    const char *error = check_token(scenario->slack_token, ask);
    struct ps_behaviour *behaviour = NULL;

    if (error == NULL && arguments == NULL)
        error = "invalid_json";
    if (error == NULL && (channel == NULL || channel[0] == '\0'))
        error = "channel_not_found";
    if (error == NULL && (text == NULL || text[0] == '\0'))
        error = "no_text";
    if (error == NULL)
        error = ps_slack_check(arguments);
    if (error == NULL)
        error = may_post(scenario, channel);
    if (error == NULL) {
        behaviour = ps_scenario_channel(scenario, channel);
        if (!ps_behaviour_fires(behaviour, ask->method, ask->wall_us / 1000))
            behaviour = NULL;
    }
    if (error != NULL) {
        answer_error(answer, error);
        refuse(slack, ask, arguments, answer, error);
    } else if (behaviour != NULL && spoils(behaviour)) {
        answer_error(answer, behaviour->error != NULL ? behaviour->error : "ratelimited");
        ps_answer_apply(answer, behaviour, ps_answer_clock(scenario, ask));
        refuse(slack, ask, arguments, answer, behaviour->error);
    } else {
        take_message(slack, ask, arguments, answer);
        if (behaviour != NULL)
            ps_answer_apply(answer, behaviour, ps_answer_clock(scenario, ask));
    }
    cJSON_Delete(arguments);
}

static void conversations_info(struct ps_scenario *scenario, const cJSON *arguments,
                               struct ps_answer *answer)
{
    const char *id = ps_json_text(arguments, "channel");
    const cJSON *one = id != NULL ? conversation(scenario, id) : NULL;
    cJSON *json;

    if (!has_scope(scenario, one != NULL && is_private(one) ? "groups:read" : "channels:read")) {
        answer_error(answer, "missing_scope");
    } else if (one == NULL || !is_shown(one)) {
        answer_error(answer, "channel_not_found");
    } else {
        json = cJSON_CreateObject();
        ps_json_add_bool(json, "ok", true);
        cJSON_AddItemToObject(json, "channel", cJSON_Duplicate(one, true));
        ps_answer_json(answer, 200, json);
    }
}

/* Two a page, so that pages are read. The cursor is the number of those skipped. */
static void conversations_list(struct ps_scenario *scenario, const cJSON *arguments,
                               struct ps_answer *answer)
{
    enum { PAGE = 2 };
    const char *types = ps_json_text(arguments, "types"),
               *cursor = ps_json_text(arguments, "cursor");
    bool private = types != NULL && strstr(types, "private_channel") != NULL;
    long from = cursor != NULL ? strtol(cursor, NULL, 10) : 0, passed = 0;
    cJSON *json, *channels;
    const cJSON *one;
    char next[32] = "";

    if (!has_scope(scenario, "channels:read") || (private && !has_scope(scenario, "groups:read"))) {
        answer_error(answer, "missing_scope");
        return;
    }
    json = cJSON_CreateObject();
    channels = cJSON_AddArrayToObject(json, "channels");
    cJSON_ArrayForEach (one, scenario->conversations) {
        if (!is_shown(one) || (is_private(one) && !private) || passed++ < from)
            continue;
        if (cJSON_GetArraySize(channels) == PAGE) {
            (void)snprintf(next, sizeof next, "%ld", from + PAGE);
            break;
        }
        cJSON_AddItemToArray(channels, cJSON_Duplicate(one, true));
    }
    ps_json_add_bool(json, "ok", true);
    ps_json_add_text(cJSON_AddObjectToObject(json, "response_metadata"), "next_cursor", next);
    ps_answer_json(answer, 200, json);
}

static void auth_test(struct ps_answer *answer)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_bool(json, "ok", true);
    ps_json_add_text(json, "url", "https://example.slack.com/");
    ps_json_add_text(json, "team", "Upstream");
    ps_json_add_text(json, "user", "paperscout");
    ps_json_add_text(json, "team_id", "T00000001");
    ps_json_add_text(json, "user_id", "U00000001");
    ps_json_add_text(json, "bot_id", "B00000001");
    ps_answer_json(answer, 200, json);
}

/* An argument that a form has as text and JSON as a number or a boolean. */
static const char *argument(const cJSON *arguments, const char *name, const char *otherwise)
{
    const char *text = ps_json_text(arguments, name);

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(arguments, name)))
        return "true";
    return text != NULL ? text : otherwise;
}

static cJSON *as_history(const cJSON *entry, bool metadata)
{
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(entry, "body");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(body, "metadata");
    cJSON *message = cJSON_CreateObject();

    ps_json_add_text(message, "type", "message");
    ps_json_add_text(message, "bot_id", "B00000001");
    ps_json_add_text(message, "ts", ps_json_text(entry, "ts"));
    ps_json_add_text(message, "text", ps_json_text(entry, "text"));
    if (ps_json_text(entry, "thread_ts") != NULL)
        ps_json_add_text(message, "thread_ts", ps_json_text(entry, "thread_ts"));
    if (metadata && value != NULL)
        cJSON_AddItemToObject(message, "metadata", cJSON_Duplicate(value, true));
    return message;
}

static bool belongs(const cJSON *entry, const cJSON *arguments, const char *thread_ts)
{
    char *id = id_of(ps_json_text(entry, "channel"));
    const char *thread = ps_json_text(entry, "thread_ts"), *ts = ps_json_text(entry, "ts");
    bool here = strcmp(id, argument(arguments, "channel", "")) == 0;

    free(id);
    if (!here || strtod(ts, NULL) < strtod(argument(arguments, "oldest", "0"), NULL))
        return false;
    if (thread_ts == NULL)
        return thread == NULL;
    return strcmp(ts, thread_ts) == 0 || (thread != NULL && strcmp(thread, thread_ts) == 0);
}

/* Newest first, as conversations.history has it; a thread's replies oldest first. The cursor is the
   number of messages skipped. */
static void history(struct ps_slack *slack, const cJSON *arguments, const char *thread_ts,
                    struct ps_answer *answer)
{
    const char *channel = argument(arguments, "channel", "");
    bool metadata = strcmp(argument(arguments, "include_all_metadata", ""), "true") == 0;
    long limit = strtol(argument(arguments, "limit", "100"), NULL, 10), passed = 0;
    long from = strtol(argument(arguments, "cursor", "0"), NULL, 10);
    int count = cJSON_GetArraySize(slack->messages);
    cJSON *json, *messages;
    char cursor[32] = "";

    if (channel[0] != 'C' && channel[0] != 'D' && channel[0] != 'G') {
        answer_error(answer, "channel_not_found");
        return;
    }
    json = cJSON_CreateObject();
    messages = cJSON_AddArrayToObject(json, "messages");
    for (int i = 0; i < count; i++) {
        const cJSON *entry =
            cJSON_GetArrayItem(slack->messages, thread_ts != NULL ? i : count - 1 - i);

        if (!belongs(entry, arguments, thread_ts) || passed++ < from)
            continue;
        if (cJSON_GetArraySize(messages) == limit) {
            (void)snprintf(cursor, sizeof cursor, "%ld", from + limit);
            break;
        }
        cJSON_AddItemToArray(messages, as_history(entry, metadata));
    }
    ps_json_add_bool(json, "ok", true);
    ps_json_add_bool(json, "has_more", cursor[0] != '\0');
    ps_json_add_text(cJSON_AddObjectToObject(json, "response_metadata"), "next_cursor", cursor);
    ps_answer_json(answer, 200, json);
}

static void open_conversation(const cJSON *arguments, struct ps_answer *answer)
{
    char *id = id_of(argument(arguments, "users", ""));
    cJSON *json;

    if (id[0] != 'D') {
        answer_error(answer, "user_not_found");
    } else {
        json = cJSON_CreateObject();
        ps_json_add_bool(json, "ok", true);
        ps_json_add_text(cJSON_AddObjectToObject(json, "channel"), "id", id);
        ps_answer_json(answer, 200, json);
    }
    free(id);
}

/* The message as it stands now; what it said before is in its "before". */
static void update_message(struct ps_slack *slack, const cJSON *arguments, struct ps_answer *answer)
{
    const char *error = ps_slack_check(arguments);
    cJSON *entry, *json, *before;

    cJSON_ArrayForEach (entry, slack->messages) {
        char *id = id_of(ps_json_text(entry, "channel"));
        bool is = strcmp(id, argument(arguments, "channel", "")) == 0 &&
                  strcmp(ps_json_text(entry, "ts"), argument(arguments, "ts", "")) == 0;

        free(id);
        if (is)
            break;
    }
    if (error != NULL || entry == NULL) {
        answer_error(answer, error != NULL ? error : "message_not_found");
        return;
    }
    before = cJSON_GetObjectItemCaseSensitive(entry, "before");
    if (before == NULL)
        before = cJSON_AddArrayToObject(entry, "before");
    cJSON_AddItemToArray(before, cJSON_CreateString(ps_json_text(entry, "text")));
    cJSON_ReplaceItemInObjectCaseSensitive(entry, "text",
                                           cJSON_CreateString(argument(arguments, "text", "")));
    cJSON_ReplaceItemInObjectCaseSensitive(entry, "body", cJSON_Duplicate(arguments, true));
    json = cJSON_CreateObject();
    ps_json_add_bool(json, "ok", true);
    ps_json_add_text(json, "channel", argument(arguments, "channel", ""));
    ps_json_add_text(json, "ts", argument(arguments, "ts", ""));
    ps_answer_json(answer, 200, json);
}

/* A trigger_id of the tests begins with the milliseconds of the click ("1700000000000.1.abc") where
 * its age is to count: three seconds, and one use. NULL when it may open a view. */
static const char *use_trigger(struct ps_slack *slack, const struct ps_user_command *ask,
                               const char *trigger)
{
    enum { LIFE_MS = 3000 };
    double clicked_ms = strtod(trigger, NULL);

    if (trigger[0] == '\0')
        return "invalid_trigger_id";
    if (cJSON_HasObjectItem(slack->triggers, trigger))
        return "exchanged_trigger_id";
    ps_json_add_bool(slack->triggers, trigger, true);
    if (clicked_ms > 1e12 && (double)ask->wall_us / 1000.0 - clicked_ms > LIFE_MS)
        return "expired_trigger_id";
    return NULL;
}

/* views.publish, views.open, views.update: recorded as they came, with the error of what was
 * refused. */
static void take_view(struct ps_slack *slack, const struct ps_user_command *ask,
                      struct ps_str method, const cJSON *arguments, struct ps_answer *answer)
{
    const cJSON *view = cJSON_GetObjectItemCaseSensitive(arguments, "view");
    const char *error = ps_slack_check_view(view);
    cJSON *entry = cJSON_CreateObject(), *json, *shown;
    char *name = ps_alloc_copy(method.data, method.len), *id;

    if (error == NULL && ps_str_is(method, "views.open"))
        error = use_trigger(slack, ask, argument(arguments, "trigger_id", ""));
    if (error == NULL && ps_str_is(method, "views.update") &&
        argument(arguments, "view_id", "")[0] == '\0')
        error = "not_found";
    if (error == NULL && ps_str_is(method, "views.publish") &&
        argument(arguments, "user_id", "")[0] == '\0')
        error = "invalid_arguments";
    ps_json_add_real(entry, "t_ms", (double)ask->wall_us / 1000.0);
    ps_json_add_text(entry, "method", name);
    ps_json_add_text(entry, "error", error);
    ps_json_add_text(entry, "why", ps_slack_check_why());
    cJSON_AddItemToObject(entry, "body", cJSON_Duplicate(arguments, true));
    cJSON_AddItemToArray(slack->views, entry);
    free(name);
    if (error != NULL) {
        answer_error(answer, error);
        return;
    }
    json = cJSON_CreateObject();
    ps_json_add_bool(json, "ok", true);
    shown = cJSON_AddObjectToObject(json, "view");
    id = ps_alloc_format("V%d", cJSON_GetArraySize(slack->views));
    ps_json_add_text(shown, "id", id);
    ps_json_add_text(shown, "hash", "1.hash");
    ps_answer_json(answer, 200, json);
    free(id);
}

/* A person whose zone is UTC, unless "methods" says otherwise. */
static void users_info(struct ps_scenario *scenario, const cJSON *arguments,
                       struct ps_answer *answer)
{
    cJSON *json, *user;

    if (!has_scope(scenario, "users:read")) {
        answer_error(answer, "missing_scope");
        return;
    }
    json = cJSON_CreateObject();
    ps_json_add_bool(json, "ok", true);
    user = cJSON_AddObjectToObject(json, "user");
    ps_json_add_text(user, "id", argument(arguments, "user", ""));
    ps_json_add_text(user, "tz", "UTC");
    ps_json_add_int(user, "tz_offset", 0);
    ps_answer_json(answer, 200, json);
}

/* Methods other than chat.postMessage; what "methods" says of one comes first. */
static void other_method(struct ps_slack *slack, struct ps_scenario *scenario,
                         const struct ps_user_command *ask, struct ps_str method,
                         struct ps_answer *answer)
{
    struct ps_behaviour *behaviour = ps_scenario_method(scenario, method);
    bool connects = ps_str_is(method, "apps.connections.open");
    const char *error =
        check_token(connects ? scenario->slack_app_token : scenario->slack_token, ask);
    cJSON *arguments = read_arguments(ask);

    if (behaviour != NULL && !ps_behaviour_fires(behaviour, ask->method, ask->wall_us / 1000))
        behaviour = NULL;
    if (error == NULL && behaviour != NULL)
        error = behaviour->error;
    if (error != NULL)
        answer_error(answer, error);
    else if (ps_str_is(method, "auth.test"))
        auth_test(answer);
    else if (scenario->conversations != NULL && ps_str_is(method, "conversations.info"))
        conversations_info(scenario, arguments, answer);
    else if (scenario->conversations != NULL && ps_str_is(method, "conversations.list"))
        conversations_list(scenario, arguments, answer);
    else if (ps_str_is(method, "conversations.history"))
        history(slack, arguments, NULL, answer);
    else if (ps_str_is(method, "conversations.replies"))
        history(slack, arguments, argument(arguments, "ts", ""), answer);
    else if (ps_str_is(method, "conversations.open"))
        open_conversation(arguments, answer);
    else if (ps_str_is(method, "chat.update"))
        update_message(slack, arguments, answer);
    else if (ps_str_is(method, "views.publish") || ps_str_is(method, "views.open") ||
             ps_str_is(method, "views.update"))
        take_view(slack, ask, method, arguments, answer);
    else if (ps_str_is(method, "users.info"))
        users_info(scenario, arguments, answer);
    else
        answer_error(answer, "unknown_method");
    if (behaviour != NULL)
        ps_answer_apply(answer, behaviour, ps_answer_clock(scenario, ask));
    cJSON_Delete(arguments);
}

static void apply_rule(struct ps_scenario *scenario, const struct ps_user_command *ask,
                       struct ps_answer *answer)
{
    struct ps_behaviour *rule =
        ps_scenario_rule(scenario, ask->path, ask->method, ask->wall_us / 1000);

    if (rule != NULL)
        ps_answer_apply(answer, rule, ps_answer_clock(scenario, ask));
}

void ps_slack_outcome(struct ps_slack *slack, struct ps_scenario *scenario,
                      const struct ps_user_command *ask, struct ps_answer *out_answer)
{
    size_t folder = strlen(scenario->slack_path);
    struct ps_str method = { ask->path.data + folder, ask->path.len - folder };

    ps_answer_init(out_answer);
    if (ps_str_is(method, "chat.postMessage"))
        post_message(slack, scenario, ask, out_answer);
    else
        other_method(slack, scenario, ask, method, out_answer);
    list_scopes(scenario, out_answer);
    apply_rule(scenario, ask, out_answer);
}

static const char hooks[] = "/hooks/";

bool ps_slack_is_hook(struct ps_str path)
{
    return path.len > sizeof hooks - 1 && memcmp(path.data, hooks, sizeof hooks - 1) == 0;
}

void ps_slack_hook(struct ps_slack *slack, struct ps_scenario *scenario,
                   const struct ps_user_command *ask, struct ps_answer *out_answer)
{
    cJSON *entry = cJSON_CreateObject(), *arguments = read_arguments(ask);
    char *path = ps_alloc_copy(ask->path.data, ask->path.len);

    ps_answer_init(out_answer);
    ps_json_add_real(entry, "t_ms", (double)ask->wall_us / 1000.0);
    ps_json_add_text(entry, "path", path);
    cJSON_AddItemToObject(entry, "body", arguments != NULL ? arguments : cJSON_CreateNull());
    cJSON_AddItemToArray(slack->hooks, entry);
    if (arguments != NULL && ps_slack_check(arguments) != NULL)
        ps_json_add_text(entry, "error", ps_slack_check_why());
    ps_answer_text(out_answer, arguments != NULL ? 200 : 400,
                   arguments != NULL ? "ok" : "invalid_payload");
    apply_rule(scenario, ask, out_answer);
    free(path);
}
