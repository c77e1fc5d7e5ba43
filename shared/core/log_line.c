#include "shared/core/log_line.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/json.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2000, OBJECT_MAX = 16 * 1024, SLACK_ID_MIN = 9, SLACK_ID_SHOWN = 3 };

#define INFO    PS_LOG_INFO
#define DEBUG   PS_LOG_DEBUG
#define WARNING PS_LOG_WARNING
#define ERROR   PS_LOG_ERROR

static const struct {
    const char *name;
    enum ps_log_level level;
} events[PS_EVENT_COUNT] = {
#define PS_X(id, name, level) { name, level },
#include "shared/core/log.def"
#undef PS_X
};

static const char *const level_names[] = {
    [PS_LOG_DEBUG] = "DEBUG", [PS_LOG_INFO] = "INFO",         [PS_LOG_WARNING] = "WARNING",
    [PS_LOG_ERROR] = "ERROR", [PS_LOG_CRITICAL] = "CRITICAL",
};

const char *ps_event_name(enum ps_event event)
{
    assert((unsigned)event < PS_EVENT_COUNT);
    return events[event].name;
}

enum ps_log_level ps_event_level(enum ps_event event)
{
    assert((unsigned)event < PS_EVENT_COUNT);
    return events[event].level;
}

const char *ps_log_level_name(enum ps_log_level level)
{
    assert((unsigned)level < PS_COUNT_OF(level_names));
    return level_names[level];
}

bool ps_log_level_parse(const char *name, enum ps_log_level *out_level)
{
    size_t i;

    for (i = 0; i < PS_COUNT_OF(level_names); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out_level = (enum ps_log_level)i;
            return true;
        }
    }
    return false;
}

/* Returns the length of the Slack id at text; 0 if there is none. */
static size_t slack_id(const char *text, size_t len)
{
    size_t run = 0;
    bool digit = false;

    if (len == 0 || strchr("CDGUW", text[0]) == NULL)
        return 0;
    for (; run < len && (ps_ascii_is_digit(text[run]) || (text[run] >= 'A' && text[run] <= 'Z'));
         run++)
        digit = digit || ps_ascii_is_digit(text[run]);
    return digit && run >= SLACK_ID_MIN ? run : 0;
}

/* Returns the length of user, password and "@" in a URL; at is the position after its "://". 0 if
 * there are none. */
static size_t credentials(const char *text, size_t at)
{
    size_t authority;

    if (at < 3 || memcmp(text + at - 3, "://", 3) != 0)
        return 0;
    authority = strcspn(text + at, "/?# \t\r\n\"'<>");
    while (authority > 0 && text[at + authority - 1] != '@')
        authority--;
    return authority;
}

/* Copies at most TEXT_MAX bytes of text into the empty buffer. Redacts before it cuts, so that no
 * part of an id remains at the end. */
static void redact(const char *text, struct ps_buf *out)
{
    size_t len = strlen(text), at = 0;

    ps_buf_reset(out);
    while (at < len && out->len <= TEXT_MAX) {
        size_t id = at == 0 || !ps_ascii_is_alnum(text[at - 1]) ? slack_id(text + at, len - at) : 0;
        size_t secret = credentials(text, at);

        if (secret > 0) {
            (void)ps_buf_text(out, "***@");
            at += secret;
        } else if (id > 0) {
            (void)ps_buf_add(out, text + at, SLACK_ID_SHOWN);
            (void)ps_buf_text(out, "***");
            at += id;
        } else {
            (void)ps_buf_char(out, text[at]);
            at++;
        }
    }
    if (out->len > TEXT_MAX) {
        out->len = ps_utf8_cut(out->data, out->len, TEXT_MAX);
        out->data[out->len] = '\0';
    }
}

/* The line that is being rendered. */
struct line {
    struct ps_buf *out;
    struct ps_buf *scratch; /* redacted text */
    bool json;
};

static bool add_text(struct line *line, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/+@%,-";
    const char *shown;

    if (text == NULL)
        return ps_buf_text(line->out, line->json ? "null" : "\"\"");
    redact(text, line->scratch);
    shown = ps_buf_str(line->scratch);
    if (!line->json && shown[0] != '\0' && shown[strspn(shown, plain)] == '\0')
        return ps_buf_text(line->out, shown);
    return ps_buf_json_string(line->out, ps_buf_str(line->scratch), line->scratch->len);
}

static bool add_name(struct line *line, const char *name)
{
    if (!line->json)
        return ps_buf_format(line->out, " %s=", name);
    return ps_buf_char(line->out, ',') && ps_buf_json_string(line->out, name, strlen(name)) &&
           ps_buf_char(line->out, ':');
}

static bool add_string(struct line *line, const char *text)
{
    redact(text, line->scratch);
    return ps_buf_json_string(line->out, ps_buf_str(line->scratch), line->scratch->len);
}

static bool add_value(struct line *line, const cJSON *value);

static bool add_members(struct line *line, const cJSON *value)
{
    const cJSON *member;
    bool first = true;

    cJSON_ArrayForEach (member, value) {
        if (!first && !ps_buf_char(line->out, ','))
            return false;
        if (cJSON_IsObject(value) &&
            (!add_string(line, member->string) || !ps_buf_char(line->out, ':')))
            return false;
        if (!add_value(line, member))
            return false;
        first = false;
    }
    return true;
}

/* Adds value as cJSON prints it, except that strings are redacted and cleaned. */
static bool add_value(struct line *line, const cJSON *value)
{
    char *text;
    bool ok;

    if (cJSON_IsString(value))
        return add_string(line, value->valuestring);
    if (cJSON_IsObject(value))
        return ps_buf_char(line->out, '{') && add_members(line, value) &&
               ps_buf_char(line->out, '}');
    if (cJSON_IsArray(value))
        return ps_buf_char(line->out, '[') && add_members(line, value) &&
               ps_buf_char(line->out, ']');
    text = ps_json_print(value);
    ok = ps_buf_text(line->out, text);
    free(text);
    return ok;
}

static bool is_base_field(const char *name)
{
    static const char *const names[] = { "ts", "level", "component", "instance", "event" };
    size_t i;

    for (i = 0; i < PS_COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static bool add_object(struct line *line, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    cJSON *object = len <= OBJECT_MAX ? ps_json_parse(text, len, NULL) : NULL;
    cJSON *member, *next;
    bool ok;

    if (object == NULL || !cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return add_name(line, "object") && add_text(line, text);
    }
    for (member = object->child; line->json && member != NULL; member = next) {
        next = member->next;
        if (is_base_field(member->string))
            cJSON_Delete(cJSON_DetachItemViaPointer(object, member));
    }
    if (!line->json)
        ok = ps_buf_char(line->out, ' ') && add_value(line, object);
    else
        ok = object->child == NULL || (ps_buf_char(line->out, ',') && add_members(line, object));
    cJSON_Delete(object);
    return ok;
}

static bool add_field(struct line *line, const struct ps_log_field *field)
{
    switch (field->kind) {
    case PS_LOG_F_TEXT:
        return add_name(line, field->name) && add_text(line, field->text);
    case PS_LOG_F_INT:
        return add_name(line, field->name) && ps_buf_format(line->out, "%" PRId64, field->number);
    case PS_LOG_F_REAL:
        if (!isfinite(field->real))
            return add_name(line, field->name) &&
                   ps_buf_text(line->out, line->json ? "null" : "nan");
        return add_name(line, field->name) && ps_buf_format(line->out, "%.15g", field->real);
    case PS_LOG_F_BOOL:
        return add_name(line, field->name) &&
               ps_buf_text(line->out, field->number != 0 ? "true" : "false");
    case PS_LOG_F_ERR:
        return field->err == NULL ||
               (add_name(line, "failure_category") &&
                add_text(line, ps_failure_name(field->err->category)) &&
                add_name(line, field->name) && add_text(line, field->err->what));
    case PS_LOG_F_OBJECT:
        return add_object(line, field->text);
    }
    return false;
}

static bool add_base(struct line *line, const char *ts, const char *component, const char *instance,
                     enum ps_event event)
{
    const char *level = ps_log_level_name(ps_event_level(event));

    if (!line->json)
        return ps_buf_format(line->out, "%s %s %s %s", ts, level, component, ps_event_name(event));
    return ps_buf_format(line->out, "{\"ts\":\"%s\",\"level\":\"%s\"", ts, level) &&
           add_name(line, "component") && add_text(line, component) && add_name(line, "instance") &&
           add_text(line, instance) && add_name(line, "event") &&
           add_text(line, ps_event_name(event));
}

static void cut_back(struct ps_buf *out, size_t len)
{
    out->len = len;
    if (out->data != NULL)
        out->data[len] = '\0';
}

void ps_log_render(bool json, int64_t wall_ms, const char *component, const char *instance,
                   enum ps_event event, const struct ps_log_field *fields, size_t count,
                   struct ps_buf *out_line)
{
    struct ps_buf scratch;
    struct line line = { out_line, &scratch, json };
    char ts[PS_UTC_TIME_TEXT];
    size_t before = out_line->len, i;
    bool ok;

    if (json && out_line->cap == 0)
        return;
    ps_utc_time_format_time_ms(wall_ms, ts);
    ps_buf_init(&scratch, TEXT_MAX + 16);
    /* Reserve the last byte for the closing brace, so that the line is complete even if fields were
     * omitted. */
    out_line->cap -= json;
    ok = add_base(&line, ts, component, instance, event);
    if (!ok)
        cut_back(out_line, before);
    for (i = 0; ok && i < count; i++) {
        before = out_line->len;
        if (!add_field(&line, &fields[i]))
            cut_back(out_line, before);
    }
    out_line->cap += json;
    if (ok && json)
        (void)ps_buf_char(out_line, '}');
    ps_buf_clear(&scratch);
}
