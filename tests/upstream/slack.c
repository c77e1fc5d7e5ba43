#include "tests/upstream/slack.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>

struct ps_slack {
    cJSON *messages, *refused; /* arrays */
    int64_t last_ts_us;
};

struct ps_slack *ps_slack_create(void)
{
    struct ps_slack *slack = ps_alloc_zero(1, sizeof *slack);

    slack->messages = cJSON_CreateArray();
    slack->refused = cJSON_CreateArray();
    return slack;
}

void ps_slack_destroy(struct ps_slack *slack)
{
    if (slack == NULL)
        return;
    cJSON_Delete(slack->messages);
    cJSON_Delete(slack->refused);
    free(slack);
}

void ps_slack_reset(struct ps_slack *slack)
{
    cJSON_Delete(slack->messages);
    cJSON_Delete(slack->refused);
    slack->messages = cJSON_CreateArray();
    slack->refused = cJSON_CreateArray();
}

cJSON *ps_slack_json(const struct ps_slack *slack)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddItemToObject(object, "messages", cJSON_Duplicate(slack->messages, true));
    cJSON_AddItemToObject(object, "refused", cJSON_Duplicate(slack->refused, true));
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
static cJSON *read_arguments(const struct ps_ask *ask)
{
    static const char json_type[] = "application/json";
    struct ps_err err;
    char *text;
    cJSON *arguments;

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

static const char *check_token(const struct ps_scenario *scenario, const struct ps_ask *ask)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;
    struct ps_str token = { ask->authorization.data + len, ask->authorization.len - len };

    if (ask->authorization.len < len || memcmp(ask->authorization.data, scheme, len) != 0)
        return "not_authed";
    if (scenario->slack_token != NULL && !ps_str_is(token, scenario->slack_token))
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

static cJSON *entry_of(const struct ps_ask *ask, const cJSON *arguments)
{
    cJSON *entry = cJSON_CreateObject();

    ps_json_add_real(entry, "t_ms", (double)ask->wall_us / 1000.0);
    ps_json_add_text(entry, "channel", ps_json_text(arguments, "channel"));
    ps_json_add_text(entry, "text", ps_json_text(arguments, "text"));
    ps_json_add_text(entry, "thread_ts", ps_json_text(arguments, "thread_ts"));
    cJSON_AddItemToObject(entry, "body", cJSON_Duplicate(arguments, true));
    return entry;
}

static void refuse(struct ps_slack *slack, const struct ps_ask *ask, const cJSON *arguments,
                   const struct ps_answer *answer, const char *error)
{
    cJSON *entry = entry_of(ask, arguments);

    ps_json_add_int(entry, "status", answer->status);
    ps_json_add_text(entry, "error", error);
    cJSON_AddItemToArray(slack->refused, entry);
}

static void take_message(struct ps_slack *slack, const struct ps_ask *ask, const cJSON *arguments,
                         struct ps_answer *answer)
{
    cJSON *entry = entry_of(ask, arguments);
    cJSON *json = cJSON_CreateObject();
    cJSON *message = cJSON_CreateObject();
    char *ts;

    slack->last_ts_us = ask->wall_us > slack->last_ts_us ? ask->wall_us : slack->last_ts_us + 1;
    ts = ps_alloc_format("%lld.%06lld", (long long)(slack->last_ts_us / 1000000),
                         (long long)(slack->last_ts_us % 1000000));
    ps_json_add_text(entry, "ts", ts);
    cJSON_AddItemToArray(slack->messages, entry);
    ps_json_add_bool(json, "ok", true);
    ps_json_add_text(json, "channel", ps_json_text(arguments, "channel"));
    ps_json_add_text(json, "ts", ts);
    ps_json_add_text(message, "text", ps_json_text(arguments, "text"));
    cJSON_AddItemToObject(json, "message", message);
    ps_answer_json(answer, 200, json);
    free(ts);
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

static void post_message(struct ps_slack *slack, struct ps_scenario *scenario,
                         const struct ps_ask *ask, struct ps_answer *answer)
{
    cJSON *arguments = read_arguments(ask);
    const char *channel = ps_json_text(arguments, "channel");
    const char *text = ps_json_text(arguments, "text");
    const char *error = check_token(scenario, ask);
    struct ps_behaviour *behaviour = NULL;

    if (error == NULL && arguments == NULL)
        error = "invalid_json";
    if (error == NULL && (channel == NULL || channel[0] == '\0'))
        error = "channel_not_found";
    if (error == NULL && (text == NULL || text[0] == '\0'))
        error = "no_text";
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

static void auth_test(struct ps_scenario *scenario, const struct ps_ask *ask,
                      struct ps_answer *answer)
{
    const char *error = check_token(scenario, ask);
    cJSON *json;

    if (error != NULL) {
        answer_error(answer, error);
        return;
    }
    json = cJSON_CreateObject();
    ps_json_add_bool(json, "ok", true);
    ps_json_add_text(json, "url", "https://example.slack.com/");
    ps_json_add_text(json, "team", "Upstream");
    ps_json_add_text(json, "user", "paperscout");
    ps_json_add_text(json, "team_id", "T00000001");
    ps_json_add_text(json, "user_id", "U00000001");
    ps_json_add_text(json, "bot_id", "B00000001");
    ps_answer_json(answer, 200, json);
}

void ps_slack_answer(struct ps_slack *slack, struct ps_scenario *scenario, const struct ps_ask *ask,
                     struct ps_answer *out_answer)
{
    size_t folder = strlen(scenario->slack_path);
    struct ps_str method = { ask->path.data + folder, ask->path.len - folder };
    struct ps_behaviour *rule;

    ps_answer_init(out_answer);
    if (ps_str_is(method, "chat.postMessage"))
        post_message(slack, scenario, ask, out_answer);
    else if (ps_str_is(method, "auth.test"))
        auth_test(scenario, ask, out_answer);
    else
        answer_error(out_answer, "unknown_method");
    rule = ps_scenario_rule(scenario, ask->path, ask->method, ask->wall_us / 1000);
    if (rule != NULL)
        ps_answer_apply(out_answer, rule, ps_answer_clock(scenario, ask));
}
