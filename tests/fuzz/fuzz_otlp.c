/* What settings, stream entries and a collector give to the traces: pairs, traceparents, answers.
 */
#include "shared/core/otlp.h"
#include "shared/core/trace_context.h"
#include "tests/fuzz/input.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_traceparent(struct ps_str text)
{
    struct ps_trace_context context, again;
    char printed[PS_TRACEPARENT_TEXT];

    if (!ps_traceparent_parse(text, &context))
        return;
    assert(ps_trace_is_set(&context));
    ps_traceparent_format(&context, printed);
    assert(strlen(printed) == sizeof(printed) - 1);
    assert(ps_traceparent_parse(ps_str_of(printed), &again));
    assert(again.trace_high == context.trace_high && again.trace_low == context.trace_low);
    assert(again.span == context.span && again.sampled == context.sampled);
}

static void check_pairs(const char *text)
{
    const struct ps_otlp_source source = { "p", "1", "i", "", text };
    struct ps_otlp_pairs pairs;
    struct ps_err err = { .what = "" };
    struct ps_buf json;

    if (!ps_otlp_headers_parse("S", text, &pairs, &err))
        assert(err.what[0] != '\0' && pairs.len == 0);
    for (size_t i = 0; i < pairs.len; i++)
        assert(pairs.keys[i][0] != '\0' && strpbrk(pairs.values[i], "\r\n") == NULL);
    ps_otlp_pairs_clear(&pairs);
    ps_buf_init(&json, 1U << 20);
    ps_otlp_open(&source, &json);
    ps_otlp_close(&json);
    ps_buf_clear(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_alloc_copy(size > 0 ? (const char *)data : "", size);
    int64_t wait_ms = ps_otlp_wait_ms(text, 784111777000);

    check_traceparent((struct ps_str){ text, size });
    check_pairs(text);
    assert(wait_ms >= 0 && wait_ms <= PS_OTLP_WAIT_MAX_MS);
    assert(ps_otlp_rejected(text, size) >= 0);
    free(text);
    return 0;
}
