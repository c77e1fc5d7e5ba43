#include "notifier/core/slack_response.h"

#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum ps_slack_next next;
} known_errors[] = {
#define PS_X(name, next) { #name, PS_SLACK_##next },
#include "notifier/core/slack_error.def"
#undef PS_X
};

static enum ps_slack_next next_of(const char *error)
{
    for (size_t i = 0; i < PS_COUNT_OF(known_errors); i++)
        if (strcmp(error, known_errors[i].name) == 0)
            return known_errors[i].next;
    return PS_SLACK_NEVER;
}

int64_t ps_slack_retry_after_ms(const struct ps_slack_outcome *answer)
{
    struct ps_str text = ps_str_trim(ps_str_of(answer->retry_after));
    int64_t value;

    if (answer->retry_after == NULL)
        return -1;
    if (ps_str_digits(text))
        return ps_str_int(text, 0, PS_SLACK_HOLD_MAX_MS / 1000, &value) ? value * 1000
                                                                        : PS_SLACK_HOLD_MAX_MS;
    if (!ps_utc_time_parse_http(answer->retry_after, &value))
        return -1;
    value -= answer->wall_ms;
    if (value < 0)
        return 0;
    return value > PS_SLACK_HOLD_MAX_MS ? PS_SLACK_HOLD_MAX_MS : value;
}

/* A retry has its own backoff, and waits longer where that was asked for. */
static int64_t wait_of(int64_t pause)
{
    return pause > 0 ? pause : 0;
}

/* A channel whose pace is too fast waits, for how long nobody may have said. */
static int64_t hold_of(int64_t pause)
{
    return pause >= 0 ? pause : PS_SLACK_HOLD_MS;
}

static void fail(struct ps_slack_response *reply, enum ps_slack_next next, enum ps_failure category,
                 int status, const char *what)
{
    reply->next = next;
    (void)ps_fail(&reply->err, category, status, "%s", what);
}

/* Names that are about the token itself. Others that stop sending (missing_scope, no_permission …)
   can be about reading, or about one channel alone. */
static bool token_refused(const char *error)
{
    static const char *const names[] = { "invalid_auth", "not_authed", "account_inactive",
                                         "token_expired", "token_revoked" };

    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        if (strcmp(error, names[i]) == 0)
            return true;
    return false;
}

/* Names that are about the blocks: Slack may accept the same text without them. */
static bool blocks_refused(const char *error)
{
    static const char *const names[] = { "invalid_blocks", "invalid_blocks_format",
                                         "msg_blocks_too_long" };

    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        if (strcmp(error, names[i]) == 0)
            return true;
    return false;
}

static void read_error(const struct ps_slack_outcome *answer, const char *error,
                       struct ps_slack_response *reply)
{
    enum ps_slack_next next = next_of(error);
    int64_t pause = ps_slack_retry_after_ms(answer);
    enum ps_failure category = PS_FAILURE_UNKNOWN;

    reply->after_ms = next == PS_SLACK_LATER ? hold_of(pause) : wait_of(pause);
    switch (next) {
    case PS_SLACK_STOP:
        category = PS_FAILURE_CONFIGURATION;
        reply->of_channel = !token_refused(error);
        break;
    case PS_SLACK_RETRY:
        category = PS_FAILURE_NETWORK;
        break;
    case PS_SLACK_LATER:
        category = PS_FAILURE_RATE_LIMIT;
        break;
    case PS_SLACK_NEVER:
        reply->of_blocks = blocks_refused(error);
        break;
    case PS_SLACK_SENT:
        break;
    }
    /* "It's possible some aspect of the operation succeeded before the error was raised." */
    reply->doubtful = strcmp(error, "fatal_error") == 0 || strcmp(error, "internal_error") == 0;
    fail(reply, next, category, answer->status, error);
}

/* An HTTP status without an error name that Slack's own API would have given: a proxy between, or
   another address than Slack's. */
static void read_status(const struct ps_slack_outcome *answer, struct ps_slack_response *reply)
{
    int status = answer->status;
    enum ps_slack_next next = PS_SLACK_RETRY;
    enum ps_failure category = ps_failure_of_status(status);
    char what[64];

    (void)snprintf(what, sizeof(what), "HTTP status %d", status);
    if (status >= 200 && status < 300) {
        category = PS_FAILURE_NETWORK;
        (void)snprintf(what, sizeof(what), "the answer is not Slack's JSON");
    } else if (status == 400 || status == 413) {
        next = PS_SLACK_NEVER;
    } else if (status >= 300 && status < 500 && status != 408 && status != 425) {
        next = PS_SLACK_STOP;
        category = PS_FAILURE_CONFIGURATION;
    }
    /* Gateways that gave up waiting, and a success that is not Slack's: it may have gone through.
     */
    reply->doubtful = next == PS_SLACK_RETRY && (status < 300 || status == 502 || status == 504);
    fail(reply, next, category, status, what);
}

/* Slack's names are words like is_archived; anything else was not said by Slack. */
static bool is_name(const char *error)
{
    size_t len = error != NULL ? strlen(error) : 0;

    for (size_t i = 0; i < len; i++)
        if (error[i] < '!' || error[i] > '~')
            return false;
    return len > 0 && len <= 100;
}

static void read_json(const struct ps_slack_outcome *answer, const cJSON *json,
                      struct ps_slack_response *reply)
{
    const char *error = ps_json_text(json, "error");
    const char *ts = ps_json_text(json, "ts"), *channel = ps_json_text(json, "channel");
    bool ok = false;

    if (ps_json_bool(json, "ok", &ok) && ok && answer->status >= 200 && answer->status < 300) {
        reply->next = PS_SLACK_SENT;
        if (ts != NULL && strlen(ts) < sizeof(reply->ts))
            memcpy(reply->ts, ts, strlen(ts) + 1);
        if (channel != NULL && strlen(channel) < sizeof(reply->channel))
            memcpy(reply->channel, channel, strlen(channel) + 1);
    } else if (is_name(error) && !ok) {
        read_error(answer, error, reply);
    } else {
        read_status(answer, reply);
    }
}

void ps_slack_response_read(const struct ps_slack_outcome *answer,
                            struct ps_slack_response *out_reply)
{
    cJSON *json = NULL;
    int64_t pause = ps_slack_retry_after_ms(answer);

    *out_reply = (struct ps_slack_response){ .next = PS_SLACK_RETRY };
    if (answer->fault != NULL) {
        out_reply->err = *answer->fault;
        if (answer->fault->category == PS_FAILURE_CONFIGURATION)
            out_reply->next = PS_SLACK_STOP;
        else
            out_reply->doubtful = answer->left;
        return;
    }
    if (answer->status == 429) {
        fail(out_reply, PS_SLACK_LATER, PS_FAILURE_RATE_LIMIT, 429, "HTTP status 429");
        out_reply->after_ms = hold_of(pause);
        return;
    }
    if (answer->status >= 500) {
        read_status(answer, out_reply);
        out_reply->after_ms = wait_of(pause);
        return;
    }
    json = ps_json_parse(answer->body, answer->body_len, NULL);
    if (cJSON_IsObject(json))
        read_json(answer, json, out_reply);
    else
        read_status(answer, out_reply);
    cJSON_Delete(json);
}

static void look_fail(struct ps_slack_look *look, enum ps_slack_seen seen, enum ps_failure category,
                      int status, const char *what)
{
    look->seen = seen;
    (void)ps_fail(&look->err, category, status, "%s", what);
}

static void look_through(const cJSON *json, const char *id, struct ps_slack_look *look)
{
    const cJSON *next = cJSON_GetObjectItemCaseSensitive(json, "response_metadata");
    const char *cursor = ps_json_text(next, "next_cursor");
    const cJSON *message;

    look->seen = PS_SLACK_ABSENT;
    cJSON_ArrayForEach (message, cJSON_GetObjectItemCaseSensitive(json, "messages")) {
        const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(message, "metadata");
        const cJSON *payload = cJSON_GetObjectItemCaseSensitive(metadata, "event_payload");
        const char *its_id = ps_json_text(payload, "id"), *ts = ps_json_text(message, "ts");

        if (its_id == NULL || strcmp(its_id, id) != 0)
            continue;
        look->seen = PS_SLACK_FOUND;
        if (ts != NULL && strlen(ts) < sizeof(look->ts))
            memcpy(look->ts, ts, strlen(ts) + 1);
        return;
    }
    if (cursor == NULL || cursor[0] == '\0')
        return;
    if (strlen(cursor) >= sizeof(look->cursor)) {
        look_fail(look, PS_SLACK_UNKNOWN, PS_FAILURE_UNKNOWN, 200, "the cursor is too long");
        return;
    }
    look->seen = PS_SLACK_MORE;
    memcpy(look->cursor, cursor, strlen(cursor) + 1);
}

/* Where it cannot be read Slack says so by name, and what is not Slack by a status. */
static void look_refused(const struct ps_slack_outcome *answer, const char *error,
                         struct ps_slack_look *look)
{
    int status = answer->status;
    int64_t pause = ps_slack_retry_after_ms(answer);
    char what[64];

    (void)snprintf(what, sizeof(what), "HTTP status %d", status);
    look->after_ms = wait_of(pause);
    if (status == 429 || (error != NULL && next_of(error) == PS_SLACK_LATER)) {
        look->after_ms = hold_of(pause);
        look_fail(look, PS_SLACK_FAILED, PS_FAILURE_RATE_LIMIT, status, "ratelimited");
    } else if (is_name(error) && token_refused(error)) {
        look_fail(look, PS_SLACK_FAILED, PS_FAILURE_CONFIGURATION, status, error);
    } else if (is_name(error)) {
        look_fail(look, next_of(error) == PS_SLACK_RETRY ? PS_SLACK_FAILED : PS_SLACK_UNKNOWN,
                  PS_FAILURE_NETWORK, status, error);
    } else {
        look_fail(look, status >= 500 && status != 501 ? PS_SLACK_FAILED : PS_SLACK_UNKNOWN,
                  PS_FAILURE_NETWORK, status, what);
    }
}

void ps_slack_look_read(const struct ps_slack_outcome *answer, const char *id,
                        struct ps_slack_look *out_look)
{
    cJSON *json;
    bool ok = false;

    *out_look = (struct ps_slack_look){ .seen = PS_SLACK_FAILED };
    if (answer->fault != NULL) {
        out_look->err = *answer->fault;
        return;
    }
    json = ps_json_parse(answer->body, answer->body_len, NULL);
    if (cJSON_IsObject(json) && answer->status == 200 && ps_json_bool(json, "ok", &ok) && ok &&
        cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "messages")))
        look_through(json, id, out_look);
    else if (!cJSON_IsObject(json) && answer->status >= 200 && answer->status < 400)
        /* A success without Slack's JSON is another machine's, such as a log-in page. */
        look_fail(out_look, PS_SLACK_FAILED, PS_FAILURE_NETWORK, answer->status,
                  "the answer is not Slack's");
    else
        look_refused(answer, ps_json_text(json, "error"), out_look);
    cJSON_Delete(json);
}
