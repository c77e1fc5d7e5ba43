/* Written by hand into one buffer instead of through a tree of cJSON: a fleet that samples every
 * probe makes hundreds of spans a second on the loop that also sends the probes. */
#include "shared/core/span.h"

#include "shared/core/text_normalize.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define TIME_MAX  (INT64_MAX / NS_PER_MS)

enum { STATUS_ERROR = 2, FLAG_SAMPLED = 1 };

/* Control characters are escaped and invalid UTF-8 is replaced by ps_buf_json_string. */
static void add_text(struct ps_buf *json, const char *text)
{
    (void)ps_buf_json_string(json, text, ps_utf8_cut(text, strlen(text), PS_SPAN_TEXT_MAX));
}

/* Ids are hexadecimal in OTLP's JSON, unlike other bytes, which would be base64. */
static void add_ids(struct ps_buf *json, const struct ps_trace_context *context)
{
    (void)ps_buf_format(
        json, "\"traceId\":\"%016" PRIx64 "%016" PRIx64 "\",\"spanId\":\"%016" PRIx64 "\"",
        context->trace_high, context->trace_low, context->span);
    if (context->sampled)
        (void)ps_buf_format(json, ",\"flags\":%d", FLAG_SAMPLED);
}

/* 64-bit numbers are text in the JSON encoding of Protobuf. */
static void add_time(struct ps_buf *json, const char *name, int64_t wall_ms)
{
    if (wall_ms < 0)
        wall_ms = 0;
    if (wall_ms > TIME_MAX)
        wall_ms = TIME_MAX;
    (void)ps_buf_format(json, ",\"%s\":\"%" PRId64 "\"", name, wall_ms * NS_PER_MS);
}

static void add_attributes(struct ps_buf *json, const struct ps_span *span)
{
    bool first = true;

    (void)ps_buf_text(json, ",\"attributes\":[");
    for (size_t i = 0; i < span->attribute_count; i++) {
        const struct ps_span_attribute *attribute = &span->attributes[i];

        if (attribute->is_text && attribute->text == NULL)
            continue;
        (void)ps_buf_text(json, first ? "{\"key\":" : ",{\"key\":");
        first = false;
        add_text(json, attribute->key);
        if (attribute->is_text) {
            (void)ps_buf_text(json, ",\"value\":{\"stringValue\":");
            add_text(json, attribute->text);
        } else {
            (void)ps_buf_format(json, ",\"value\":{\"intValue\":\"%" PRId64 "\"",
                                attribute->number);
        }
        (void)ps_buf_text(json, "}}");
    }
    (void)ps_buf_char(json, ']');
}

static void add_links(struct ps_buf *json, const struct ps_span *span)
{
    size_t count = span->link_count < PS_SPAN_LINKS_MAX ? span->link_count : PS_SPAN_LINKS_MAX;

    if (count == 0)
        return;
    (void)ps_buf_text(json, ",\"links\":[");
    for (size_t i = 0; i < count; i++) {
        (void)ps_buf_text(json, i == 0 ? "{" : ",{");
        add_ids(json, &span->links[i]);
        (void)ps_buf_char(json, '}');
    }
    (void)ps_buf_char(json, ']');
    if (count < span->link_count)
        (void)ps_buf_format(json, ",\"droppedLinksCount\":%zu", span->link_count - count);
}

bool ps_span_format(const struct ps_span *span, struct ps_buf *out_json)
{
    int64_t start_ms = span->start_ms < span->end_ms ? span->start_ms : span->end_ms;
    struct ps_buf json;
    bool ok;

    ps_buf_init(&json, PS_SPAN_JSON_MAX);
    (void)ps_buf_char(&json, '{');
    add_ids(&json, &span->self);
    if (span->parent != 0)
        (void)ps_buf_format(&json, ",\"parentSpanId\":\"%016" PRIx64 "\"", span->parent);
    (void)ps_buf_text(&json, ",\"name\":");
    add_text(&json, span->name);
    (void)ps_buf_format(&json, ",\"kind\":%d", (int)span->kind);
    add_time(&json, "startTimeUnixNano", start_ms);
    add_time(&json, "endTimeUnixNano", span->end_ms);
    add_attributes(&json, span);
    add_links(&json, span);
    if (span->error != NULL) {
        (void)ps_buf_format(&json, ",\"status\":{\"code\":%d,\"message\":", STATUS_ERROR);
        add_text(&json, span->error);
        (void)ps_buf_char(&json, '}');
    }
    (void)ps_buf_char(&json, '}');
    ok = !json.full && ps_buf_add(out_json, json.data, json.len);
    ps_buf_clear(&json);
    return ok;
}
