#include "shared/core/message.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { THREAD_MAX = 64, TRACE_MAX = 128, RESPONSE_URL_MAX = 500 }; /* bytes of these members */

static const struct {
    const char *name;
    bool urgent;
} kinds[PS_MESSAGE_KIND_COUNT] = {
#define PS_X(id, name, urgent) { name, urgent },
    PS_MESSAGE_KINDS(PS_X)
#undef PS_X
};

const char *ps_message_kind_name(enum ps_message_kind kind)
{
    assert((unsigned)kind < PS_MESSAGE_KIND_COUNT);
    return kinds[kind].name;
}

const char *ps_message_kind_of(const struct ps_message *message)
{
    return message->kind_name != NULL ? message->kind_name : ps_message_kind_name(message->kind);
}

bool ps_message_kind_is_find(enum ps_message_kind kind)
{
    switch (kind) {
    case PS_MESSAGE_DP_TRANSITION:
    case PS_MESSAGE_FRONTIER:
    case PS_MESSAGE_DRAFT:
    case PS_MESSAGE_DRAFT_UPDATE:
    case PS_MESSAGE_NEW_PAPER:
        return true;
    case PS_MESSAGE_WATCHLIST:
    case PS_MESSAGE_OPS_ALERT:
    case PS_MESSAGE_OPS_RECOVERY:
    case PS_MESSAGE_STARTUP:
    case PS_MESSAGE_REPLY:
    case PS_MESSAGE_MANUAL:
    case PS_MESSAGE_KIND_COUNT:
        break;
    }
    return false;
}

bool ps_message_kind_urgent(enum ps_message_kind kind)
{
    assert((unsigned)kind < PS_MESSAGE_KIND_COUNT);
    return kinds[kind].urgent;
}

int ps_message_rank(enum ps_message_kind kind, const char *channel)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    bool is_person = channel[0] != '\0' && strchr("DUW", channel[0]) != NULL &&
                     channel[1] != '\0' && channel[strspn(channel, letters)] == '\0';

    if (ps_message_kind_urgent(kind))
        return 0;
    return is_person ? 1 : 2;
}

bool ps_message_kind_parse(const char *name, enum ps_message_kind *out_kind)
{
    size_t i;

    for (i = 0; i < PS_MESSAGE_KIND_COUNT; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            *out_kind = (enum ps_message_kind)i;
            return true;
        }
    }
    return false;
}

/* Copies a text of at most max bytes; *out_text stays NULL if the member is absent or empty. */
static bool read_text(const cJSON *object, const char *name, size_t max, char **out_text,
                      struct ps_err *err)
{
    const char *text = ps_json_text(object, name);

    if (text == NULL || text[0] == '\0')
        return true;
    if (strlen(text) > max)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: %s is longer than %zu bytes", name,
                       max);
    *out_text = ps_alloc_text(text);
    return true;
}

/* As read_text, but the member must exist and must not be empty. */
static bool need_text(const cJSON *object, const char *name, size_t max, char **out_text,
                      struct ps_err *err)
{
    if (!read_text(object, name, max, out_text, err))
        return false;
    if (*out_text == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: %s is missing", name);
    return true;
}

/* The three members of an update occur together or not at all. */
static bool check_update(const struct ps_message *message, struct ps_err *err)
{
    bool any = message->update_ts || message->update_channel || message->update_text;
    bool all = message->update_ts && message->update_channel && message->update_text;

    if (any && !all)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                       "message: update_ts, update_channel and update_text go together");
    return true;
}

static bool read_message(const cJSON *object, struct ps_message *message, struct ps_err *err)
{
    const char *kind = ps_json_text(object, "kind");
    const char *created = ps_json_text(object, "created_at");

    if (!cJSON_IsObject(object))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: not a JSON object");
    if (!need_text(object, "id", PS_MESSAGE_ID_MAX, &message->id, err))
        return false;
    if (kind == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: kind is missing");
    /* Only a newer version knows this kind: send it like an ordinary message. */
    if (!ps_message_kind_parse(kind, &message->kind)) {
        message->kind = PS_MESSAGE_MANUAL;
        if (!read_text(object, "kind", PS_MESSAGE_KIND_MAX, &message->kind_name, err))
            return false;
    }
    if (!ps_json_bool(object, "broadcast", &message->broadcast))
        message->broadcast = false;
    /* An invalid one is ignored: a message is worth more than its trace. */
    if (!ps_traceparent_parse(ps_str_of(ps_json_text(object, "traceparent")),
                              &message->trace_context))
        message->trace_context = (struct ps_trace_context){ 0 };
    if (created != NULL && !ps_utc_time_parse_time(created, &message->created_ms))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: created_at is not an ISO 8601 time");
    return need_text(object, "channel", PS_MESSAGE_CHANNEL_MAX, &message->channel, err) &&
           need_text(object, "text", PS_MESSAGE_TEXT_MAX, &message->text, err) &&
           read_text(object, "thread_ts", THREAD_MAX, &message->thread_ts, err) &&
           read_text(object, "trace", TRACE_MAX, &message->trace, err) &&
           read_text(object, "update_ts", THREAD_MAX, &message->update_ts, err) &&
           read_text(object, "update_channel", PS_MESSAGE_CHANNEL_MAX, &message->update_channel,
                     err) &&
           read_text(object, "update_text", PS_MESSAGE_TEXT_MAX, &message->update_text, err) &&
           read_text(object, "response_url", RESPONSE_URL_MAX, &message->response_url, err) &&
           check_update(message, err);
}

bool ps_message_parse(const char *json, size_t len, struct ps_message *out_message,
                      struct ps_err *err)
{
    struct ps_message message = { 0 };
    cJSON *object;
    bool ok;

    *out_message = message;
    if (len > PS_MESSAGE_JSON_MAX)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: longer than %d bytes",
                       (int)PS_MESSAGE_JSON_MAX);
    if (!ps_utf8_valid(json, len))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: not valid UTF-8");
    object = ps_json_parse(json, len, err);
    if (object == NULL)
        return false;
    ok = read_message(object, &message, err);
    cJSON_Delete(object);
    if (ok)
        *out_message = message;
    else
        ps_message_clear(&message);
    return ok;
}

char *ps_message_format(const struct ps_message *message)
{
    cJSON *object = cJSON_CreateObject();
    char created[PS_UTC_TIME_TEXT];
    char traceparent[PS_TRACEPARENT_TEXT];
    char *text;

    if (object == NULL)
        abort();
    ps_utc_time_format_time_ms(message->created_ms, created);
    ps_json_add_text(object, "id", message->id);
    ps_json_add_text(object, "kind", ps_message_kind_of(message));
    ps_json_add_text(object, "channel", message->channel);
    ps_json_add_text(object, "text", message->text);
    ps_json_add_text(object, "thread_ts", message->thread_ts);
    ps_json_add_text(object, "created_at", message->created_ms != 0 ? created : NULL);
    ps_json_add_text(object, "trace", message->trace);
    if (message->broadcast)
        ps_json_add_bool(object, "broadcast", true);
    if (message->update_ts != NULL) {
        ps_json_add_text(object, "update_ts", message->update_ts);
        ps_json_add_text(object, "update_channel", message->update_channel);
        ps_json_add_text(object, "update_text", message->update_text);
    }
    if (message->response_url != NULL)
        ps_json_add_text(object, "response_url", message->response_url);
    if (ps_trace_is_set(&message->trace_context)) {
        ps_traceparent_format(&message->trace_context, traceparent);
        ps_json_add_text(object, "traceparent", traceparent);
    }
    text = ps_json_print(object);
    cJSON_Delete(object);
    return text;
}

void ps_message_clear(struct ps_message *message)
{
    free(message->id);
    free(message->kind_name);
    free(message->channel);
    free(message->text);
    free(message->thread_ts);
    free(message->trace);
    free(message->update_ts);
    free(message->update_channel);
    free(message->update_text);
    free(message->response_url);
    *message = (struct ps_message){ 0 };
}
