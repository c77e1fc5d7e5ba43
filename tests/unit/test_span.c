#include "shared/core/json.h"
#include "shared/core/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ps_trace_context self = { .trace_high = UINT64_C(0x0af7651916cd43dd),
                                              .trace_low = UINT64_C(0x8448eb211c80319c),
                                              .span = 0x31,
                                              .sampled = true };

static struct ps_buf format(const struct ps_span *span)
{
    struct ps_buf json;

    ps_buf_init(&json, 1U << 20);
    assert_true(ps_span_format(span, &json));
    return json;
}

static void a_span_in_the_words_of_the_protocol(void **state)
{
    const struct ps_span_attribute attributes[] = { PS_SPAN_TEXT("url.full", "https://a/\"b\"\n"),
                                                    PS_SPAN_TEXT("absent", NULL),
                                                    PS_SPAN_INT("http.response.status_code", 404) };
    const struct ps_trace_context links[] = {
        {.trace_high = 0, .trace_low = 1, .span = 2, .sampled = true}
    };
    const struct ps_span span = { .name = "probe",
                                  .kind = PS_SPAN_CLIENT,
                                  .self = self,
                                  .parent = UINT64_C(0xb7ad6b7169203331),
                                  .start_ms = 1795424707042,
                                  .end_ms = 1795424707100,
                                  .attributes = attributes,
                                  .attribute_count = PS_COUNT_OF(attributes),
                                  .links = links,
                                  .link_count = 1,
                                  .error = "TIMEOUT" };
    struct ps_buf json = format(&span);

    (void)state;
    assert_string_equal(
        ps_buf_str(&json),
        "{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"0000000000000031\","
        "\"flags\":1,\"parentSpanId\":\"b7ad6b7169203331\",\"name\":\"probe\",\"kind\":3,"
        "\"startTimeUnixNano\":\"1795424707042000000\",\"endTimeUnixNano\":\"1795424707100000000\","
        "\"attributes\":[{\"key\":\"url.full\",\"value\":{\"stringValue\":\"https://a/"
        "\\\"b\\\"\\n\"}},"
        "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"404\"}}],"
        "\"links\":[{\"traceId\":\"00000000000000000000000000000001\",\"spanId\":"
        "\"0000000000000002\",\"flags\":1}],"
        "\"status\":{\"code\":2,\"message\":\"TIMEOUT\"}}");
    ps_buf_clear(&json);
}

static void a_root_has_no_parent_and_a_good_end_no_status(void **state)
{
    const struct ps_span span = {
        .name = "plan", .kind = PS_SPAN_INTERNAL, .self = self, .start_ms = 5, .end_ms = 3
    };
    struct ps_buf json = format(&span);

    (void)state;
    /* Another machine's clock: the start is not after the end. */
    assert_string_equal(
        ps_buf_str(&json),
        "{\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"0000000000000031\","
        "\"flags\":1,\"name\":\"plan\",\"kind\":1,\"startTimeUnixNano\":\"3000000\","
        "\"endTimeUnixNano\":\"3000000\",\"attributes\":[]}");
    ps_buf_clear(&json);
}

static void times_stay_within_the_protocols_numbers(void **state)
{
    const struct ps_span span = {
        .name = "plan", .kind = PS_SPAN_INTERNAL, .self = self, .start_ms = -5, .end_ms = INT64_MAX
    };
    struct ps_buf json = format(&span);

    (void)state;
    assert_non_null(strstr(ps_buf_str(&json), "\"startTimeUnixNano\":\"0\""));
    assert_non_null(strstr(ps_buf_str(&json), "\"endTimeUnixNano\":\"9223372036854000000\""));
    ps_buf_clear(&json);
}

static void texts_and_links_have_caps(void **state)
{
    enum { LINKS = PS_SPAN_LINKS_MAX + 3 };
    char text[4 * PS_SPAN_TEXT_MAX];
    struct ps_trace_context links[LINKS];
    struct ps_span_attribute attribute = PS_SPAN_TEXT("a", text);
    struct ps_span span = { .name = "probe",
                            .kind = PS_SPAN_CLIENT,
                            .self = self,
                            .attributes = &attribute,
                            .attribute_count = 1,
                            .links = links,
                            .link_count = LINKS };
    struct ps_buf json;
    cJSON *tree;
    const cJSON *value;
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < LINKS; i++)
        links[i] = self;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text + PS_SPAN_TEXT_MAX - 1, "\xC3\xA4", 2); /* a character across the cap */
    json = format(&span);
    tree = ps_json_parse(json.data, json.len, &err);
    assert_non_null(tree);
    value = cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "attributes"), 0),
                                "value");
    assert_int_equal(strlen(ps_json_text(value, "stringValue")), PS_SPAN_TEXT_MAX - 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "links")), PS_SPAN_LINKS_MAX);
    assert_int_equal(cJSON_GetObjectItem(tree, "droppedLinksCount")->valueint, 3);
    cJSON_Delete(tree);
    ps_buf_clear(&json);

    ps_buf_init(&json, 64); /* no room: nothing is added */
    assert_false(ps_span_format(&span, &json));
    assert_int_equal(json.len, 0);
    ps_buf_clear(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_in_the_words_of_the_protocol),
        cmocka_unit_test(a_root_has_no_parent_and_a_good_end_no_status),
        cmocka_unit_test(times_stay_within_the_protocols_numbers),
        cmocka_unit_test(texts_and_links_have_caps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
