/* A span of a trace as JSON of OTLP (OpenTelemetry protocol 1.x, JSON encoding of Protobuf).
 *
 * Programs fill a struct ps_span when an operation has ended and give it to io/tracer.h, which
 * sends it. Pure. */
#ifndef PS_CORE_SPAN_H
#define PS_CORE_SPAN_H
#include "shared/core/buf.h"
#include "shared/core/trace_context.h"

enum {
    PS_SPAN_JSON_MAX = 32 * 1024, /* bytes of one span */
    PS_SPAN_TEXT_MAX = 1024,      /* bytes of one text; longer ones are cut */
    PS_SPAN_LINKS_MAX = 64        /* further ones are left out */
};

/* The values are those of OTLP. */
enum ps_span_kind {
    PS_SPAN_INTERNAL = 1,
    PS_SPAN_CLIENT = 3,
    PS_SPAN_PRODUCER = 4,
    PS_SPAN_CONSUMER = 5
};

/* Use PS_SPAN_TEXT and PS_SPAN_INT. */
struct ps_span_attribute {
    const char *key;
    bool is_text;
    const char *text; /* NULL: the attribute is left out */
    int64_t number;
};
#define PS_SPAN_TEXT(k, v) ((struct ps_span_attribute){ .key = (k), .is_text = true, .text = (v) })
#define PS_SPAN_INT(k, v)  ((struct ps_span_attribute){ .key = (k), .number = (int64_t)(v) })

/* Everything is borrowed. */
struct ps_span {
    const char *name; /* one of few: no id belongs into it */
    enum ps_span_kind kind;
    struct ps_trace_context self;
    uint64_t parent;          /* span of the same trace; 0: a root */
    int64_t start_ms, end_ms; /* wall clock. Two machines' clocks may disagree: a start after the
                                 end is moved to it */
    const struct ps_span_attribute *attributes;
    size_t attribute_count;
    const struct ps_trace_context *links; /* other causes of the same operation */
    size_t link_count;
    const char *error; /* why the operation failed; NULL: it did not */
};

/* Appends the span's JSON object. Returns false, with out_json unchanged, if it does not fit. */
bool ps_span_format(const struct ps_span *span, struct ps_buf *out_json);

#endif
