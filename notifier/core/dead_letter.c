#include "notifier/core/dead_letter.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

/* The fields of a message, in its own order (message.h). */
static const char *const content_fields[] = { "id",        "kind",       "channel", "text",
                                              "thread_ts", "created_at", "trace" };

/* The fields that only a dead letter has. */
static const char *const letter_fields[] = { "reason", "attempts", "dead_at" };

static char *finish(cJSON *json, const char *reason, int attempts, int64_t wall_ms)
{
    char *text;

    ps_json_add_text(json, "reason", reason);
    ps_json_add_int(json, "attempts", attempts);
    ps_json_add_time(json, "dead_at", wall_ms);
    text = ps_json_print(json);
    cJSON_Delete(json);
    return text;
}

char *ps_dead_letter_format(const struct ps_outgoing_message *message, int64_t wall_ms)
{
    char *content = ps_message_format(&message->content);
    cJSON *json = ps_json_parse(content, strlen(content), NULL);

    free(content);
    if (json == NULL) /* cannot be: the codec reads what it writes */
        json = cJSON_CreateObject();
    return finish(json, message->reason, message->attempts, wall_ms);
}

char *ps_dead_letter_format_raw(const char *raw, size_t len, const char *reason, int64_t wall_ms)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *given = ps_json_parse(raw, len, NULL);
    size_t kept = ps_utf8_cut(raw, len, PS_MESSAGE_JSON_MAX);
    char *clean = ps_utf8_clean(raw, kept);

    for (size_t i = 0; i < PS_COUNT_OF(content_fields); i++) {
        const char *text = ps_json_text(given, content_fields[i]);

        if (text != NULL && strcmp(content_fields[i], "text") != 0 &&
            strlen(text) <= PS_MESSAGE_ID_MAX)
            ps_json_add_text(json, content_fields[i], text);
    }
    ps_json_add_text(json, "raw", clean);
    free(clean);
    cJSON_Delete(given);
    return finish(json, reason, 0, wall_ms);
}

static const char *field(const cJSON *json, const char *name)
{
    const char *text = ps_json_text(json, name);

    return text != NULL ? text : "";
}

void ps_dead_letter_parse(const char *entry, size_t len, struct ps_dead_letter *out_letter)
{
    cJSON *json = ps_json_parse(entry, len, NULL);
    struct ps_dead_letter letter = { .json = json };

    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        letter.json = json = NULL;
    }
    letter.id = field(json, "id");
    letter.kind = field(json, "kind");
    letter.channel = field(json, "channel");
    letter.reason = field(json, "reason");
    letter.text = field(json, ps_json_text(json, "raw") != NULL ? "raw" : "text");
    if (!ps_json_int(json, "attempts", 0, INT32_MAX, &letter.attempts))
        letter.attempts = 0;
    if (!ps_utc_time_parse_time(field(json, "dead_at"), &letter.dead_ms))
        letter.dead_ms = 0;
    if (!ps_utc_time_parse_time(field(json, "created_at"), &letter.created_ms))
        letter.created_ms = 0;
    *out_letter = letter;
}

void ps_dead_letter_clear(struct ps_dead_letter *letter)
{
    cJSON_Delete(letter->json);
    *letter = (struct ps_dead_letter){ .json = NULL };
}

char *ps_dead_letter_replay(const struct ps_dead_letter *letter)
{
    const char *raw = ps_json_text(letter->json, "raw");
    cJSON *json;
    char *text;

    if (letter->json == NULL)
        return NULL;
    if (raw != NULL)
        return ps_alloc_text(raw);
    json = cJSON_Duplicate(letter->json, true);
    for (size_t i = 0; i < PS_COUNT_OF(letter_fields); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(json, letter_fields[i]);
    text = ps_json_print(json);
    cJSON_Delete(json);
    return text;
}
