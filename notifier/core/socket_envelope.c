#include "notifier/core/socket_envelope.h"

#include "notifier/core/interaction.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 200, LASTS_MAX_S = 7 * 24 * 3600 };

void ps_socket_envelope_clear(struct ps_socket_envelope *envelope)
{
    free(envelope->id);
    ps_slack_event_clear(&envelope->event);
    *envelope = (struct ps_socket_envelope){ .kind = PS_SOCKET_OTHER };
}

static void read_payload(const cJSON *root, const char *type, struct ps_socket_envelope *envelope)
{
    const cJSON *payload = cJSON_GetObjectItemCaseSensitive(root, "payload");
    struct ps_err err;
    bool ok = false;

    if (strcmp(type, "events_api") == 0)
        ok = ps_slack_event_of(payload, &envelope->event, &err);
    else if (strcmp(type, "slash_commands") == 0)
        ok = ps_slack_slash_of(payload, &envelope->event, &err);
    else if (strcmp(type, "interactive") == 0)
        ok = ps_interaction_read(payload, &envelope->event, &err);
    if (ok && envelope->event.call != PS_SLACK_CHALLENGE)
        envelope->kind = PS_SOCKET_EVENT;
}

static bool read_envelope(const cJSON *root, struct ps_socket_envelope *envelope,
                          struct ps_err *err)
{
    const char *type = ps_json_text(root, "type"), *id = ps_json_text(root, "envelope_id");
    const char *reason = ps_json_text(root, "reason");
    int64_t seconds = 0;

    if (!cJSON_IsObject(root) || type == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a message without a type");
    if (strcmp(type, "hello") == 0) {
        envelope->kind = PS_SOCKET_HELLO;
        if (ps_json_int(cJSON_GetObjectItemCaseSensitive(root, "debug_info"),
                        "approximate_connection_time", 1, LASTS_MAX_S, &seconds))
            envelope->lasts_ms = seconds * 1000;
    } else if (strcmp(type, "disconnect") == 0) {
        envelope->kind = PS_SOCKET_DISCONNECT;
        envelope->disabled = reason != NULL && strcmp(reason, "link_disabled") == 0;
    } else if (id != NULL && id[0] != '\0' && strlen(id) <= ID_MAX) {
        envelope->id = ps_alloc_text(id);
        read_payload(root, type, envelope);
    } else {
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an envelope without envelope_id");
    }
    return true;
}

bool ps_socket_envelope_read(const char *text, size_t len, struct ps_socket_envelope *out_envelope,
                             struct ps_err *err)
{
    cJSON *root = ps_json_parse(text, len, err);
    bool ok;

    *out_envelope = (struct ps_socket_envelope){ .kind = PS_SOCKET_OTHER };
    if (root == NULL)
        return false;
    ok = read_envelope(root, out_envelope, err);
    cJSON_Delete(root);
    return ok;
}

char *ps_socket_envelope_acknowledge(const char *id, const char *body)
{
    cJSON *json = cJSON_CreateObject(), *payload;
    char *printed;

    ps_json_add_text(json, "envelope_id", id);
    payload = body != NULL ? ps_json_parse(body, strlen(body), NULL) : NULL;
    if (payload != NULL)
        cJSON_AddItemToObject(json, "payload", payload);
    printed = ps_json_print(json);
    cJSON_Delete(json);
    return printed;
}
