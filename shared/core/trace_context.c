#include "shared/core/trace_context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    VERSION_AT = 0,
    TRACE_AT = 3,
    SPAN_AT = 36,
    FLAGS_AT = 53,
    LEN = 55,
    FLAG_SAMPLED = 1,
    VERSION_INVALID = 0xff /* reserved by the standard */
};

bool ps_trace_is_set(const struct ps_trace_context *context)
{
    return (context->trace_high != 0 || context->trace_low != 0) && context->span != 0;
}

/* Reads digits of hexadecimal, lower case only: the standard has an upper-case traceparent ignored.
 */
static bool read_hex(const char *text, size_t digits, uint64_t *out_value)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out_value = value;
    return true;
}

bool ps_traceparent_parse(struct ps_str text, struct ps_trace_context *out_context)
{
    struct ps_trace_context context = { 0 };
    uint64_t version, flags;

    if (text.len < LEN || text.data[TRACE_AT - 1] != '-' || text.data[SPAN_AT - 1] != '-' ||
        text.data[FLAGS_AT - 1] != '-')
        return false;
    if (!read_hex(text.data + VERSION_AT, 2, &version) || version == VERSION_INVALID ||
        !read_hex(text.data + TRACE_AT, 16, &context.trace_high) ||
        !read_hex(text.data + TRACE_AT + 16, 16, &context.trace_low) ||
        !read_hex(text.data + SPAN_AT, 16, &context.span) ||
        !read_hex(text.data + FLAGS_AT, 2, &flags))
        return false;
    if (text.len > LEN && (version == 0 || text.data[LEN] != '-'))
        return false;
    if (!ps_trace_is_set(&context))
        return false;
    context.sampled = (flags & FLAG_SAMPLED) != 0;
    *out_context = context;
    return true;
}

void ps_traceparent_format(const struct ps_trace_context *context,
                           char out_text[PS_TRACEPARENT_TEXT])
{
    out_text[0] = '\0';
    if (ps_trace_is_set(context))
        (void)snprintf(out_text, PS_TRACEPARENT_TEXT,
                       "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-%02x", context->trace_high,
                       context->trace_low, context->span, context->sampled ? FLAG_SAMPLED : 0U);
}

/* FNV-1a over the parts, each with an end mark, so that "ab" + "c" and "a" + "bc" differ. */
static uint64_t add_bytes(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return (hash ^ 0xffU) * UINT64_C(0x100000001b3);
}

static uint64_t add_number(uint64_t hash, uint64_t number)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    return add_bytes(hash, bytes, sizeof(bytes));
}

/* The finalizer of MurmurHash3: FNV alone leaves the high bits of short texts alike, and the
 * sampler reads the high bits. Never 0, which would be an invalid id. */
static uint64_t finish(uint64_t hash)
{
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    hash ^= hash >> 33;
    return hash != 0 ? hash : 1;
}

#define SEED_HIGH UINT64_C(0xcbf29ce484222325)
#define SEED_LOW  UINT64_C(0x9ae16a3b2f90404f)

struct ps_trace_context ps_trace_of_cycle(const char *installation, int64_t cycle,
                                          int64_t started_ms)
{
    const uint64_t seeds[] = { SEED_HIGH, SEED_LOW };
    uint64_t halves[2];
    struct ps_trace_context root;

    for (size_t i = 0; i < 2; i++) {
        uint64_t hash = add_bytes(seeds[i], installation, strlen(installation));

        hash = add_number(hash, (uint64_t)cycle);
        /* PostgreSQL keeps the start in other units; a rounded millisecond must not split a trace.
         */
        halves[i] = finish(add_number(hash, (uint64_t)(started_ms / 1000)));
    }
    root = (struct ps_trace_context){ .trace_high = halves[0],
                                      .trace_low = halves[1],
                                      .sampled = true };
    return ps_trace_child(&root, "plan", "");
}

static uint64_t hash_in_trace(const struct ps_trace_context *context, const char *what,
                              const char *name)
{
    uint64_t hash = add_number(SEED_HIGH, context->trace_high);

    hash = add_number(hash, context->trace_low);
    hash = add_bytes(hash, what, strlen(what));
    return finish(add_bytes(hash, name, strlen(name)));
}

struct ps_trace_context ps_trace_child(const struct ps_trace_context *parent, const char *what,
                                       const char *name)
{
    struct ps_trace_context child = *parent;

    child.span = hash_in_trace(parent, what, name);
    return child;
}

bool ps_trace_picks(const struct ps_trace_context *context, const char *name, double share)
{
    /* The high 53 bits as a number from 0 to 1, exactly. */
    double place = (double)(hash_in_trace(context, "sample", name) >> 11) * 0x1p-53;

    return place < share;
}
