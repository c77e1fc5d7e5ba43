#include "shared/core/alloc.h"
#include "shared/core/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool parse(const char *json, struct ps_message *out_message, struct ps_err *err)
{
    return ps_message_parse(json, strlen(json), out_message, err);
}

static void a_notice_comes_back_as_it_was(void **state)
{
    struct ps_message message = {
        .id = ps_alloc_text("o17"),
        .kind = PS_MESSAGE_DP_TRANSITION,
        .channel = ps_alloc_text("C0123456789"),
        .text = ps_alloc_text("D1234R0 \xE2\x86\x92 \"P1234R0\"\n<https://wg21.link/P1234R0>"),
        .created_ms = INT64_C(1795424707042),
    };
    char *json = ps_message_format(&message);
    struct ps_message back;
    struct ps_err err;

    (void)state;
    assert_string_equal(json,
                        "{\"id\":\"o17\",\"kind\":\"dp_transition\",\"channel\":\"C0123456789\","
                        "\"text\":\"D1234R0 \xE2\x86\x92 \\\"P1234R0\\\"\\n"
                        "<https://wg21.link/P1234R0>\",\"thread_ts\":null,"
                        "\"created_at\":\"2026-11-23T09:05:07.042Z\",\"trace\":null}");
    assert_true(parse(json, &back, &err));
    assert_string_equal(back.id, message.id);
    assert_int_equal(back.kind, message.kind);
    assert_string_equal(back.channel, message.channel);
    assert_string_equal(back.text, message.text);
    assert_true(back.created_ms == message.created_ms);
    assert_null(back.thread_ts);
    assert_null(back.trace);
    ps_message_clear(&back);
    assert_null(back.text);
    free(json);
    ps_message_clear(&message);
}

static void optional_fields_are_read_where_they_are(void **state)
{
    struct ps_message message;
    struct ps_err err;
    char *json;

    (void)state;
    assert_true(parse("{\"id\":\"m1\",\"kind\":\"reply\",\"channel\":\"#x\",\"text\":\"t\","
                      "\"thread_ts\":\"1.2\",\"trace\":\"00-a\",\"extra\":[1]}",
                      &message, &err));
    assert_string_equal(message.thread_ts, "1.2");
    assert_string_equal(message.trace, "00-a");
    assert_int_equal(message.created_ms, 0);
    json = ps_message_format(&message);
    assert_non_null(strstr(json, "\"created_at\":null"));
    free(json);
    ps_message_clear(&message);
}

static void what_is_missing_or_absurd_is_named(void **state)
{
    static const char *const cases[][2] = {
        {"",                                                                       "JSON"      },
        { "[]",                                                                    "object"    },
        { "{}",                                                                    "id"        },
        { "{\"id\":\"\",\"kind\":\"draft\",\"channel\":\"c\",\"text\":\"t\"}",     "id"        },
        { "{\"id\":5,\"kind\":\"draft\",\"channel\":\"c\",\"text\":\"t\"}",        "id"        },
        { "{\"id\":\"a\",\"channel\":\"c\",\"text\":\"t\"}",                       "kind"      },
        { "{\"id\":\"a\",\"kind\":7,\"channel\":\"c\",\"text\":\"t\"}",            "kind"      },
        { "{\"id\":\"a\",\"kind\":\"draft\",\"text\":\"t\"}",                      "channel"   },
        { "{\"id\":\"a\",\"kind\":\"draft\",\"channel\":null,\"text\":\"t\"}",     "channel"   },
        { "{\"id\":\"a\",\"kind\":\"draft\",\"channel\":\"c\"}",                   "text"      },
        { "{\"id\":\"a\",\"kind\":\"draft\",\"channel\":\"c\",\"text\":\"\"}",     "text"      },
        { "{\"id\":\"a\",\"kind\":\"draft\",\"channel\":\"c\",\"text\":\"\xFF\"}", "UTF-8"     },
        { "{\"id\":\"a\",\"kind\":\"draft\",\"channel\":\"c\",\"text\":\"t\","
          "\"created_at\":\"now\"}",                                      "created_at"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_message message;
        struct ps_err err;

        if (parse(cases[i][0], &message, &err))
            fail_msg("%s was taken", cases[i][0]);
        assert_non_null(strstr(err.what, cases[i][1]));
        assert_null(message.id);
        assert_null(message.text);
    }
}

/* A message with a field of len bytes; the others are short. */
static bool parse_long(const char *name, size_t len, struct ps_err *err)
{
    static const char *const names[] = { "id", "channel", "text", "thread_ts", "trace" };
    char *value = ps_alloc_zero(len + 1, 1);
    char *json = ps_alloc_text("{\"kind\":\"manual\"");
    struct ps_message message;
    size_t i;
    bool ok;

    memset(value, 'x', len);
    for (i = 0; i < PS_COUNT_OF(names); i++) {
        char *longer = ps_alloc_format("%s,\"%s\":\"%s\"", json, names[i],
                                       strcmp(name, names[i]) == 0 ? value : "x");

        free(json);
        json = longer;
    }
    memset(value, 0, len);
    free(value);
    value = ps_alloc_format("%s}", json);
    ok = ps_message_parse(value, strlen(value), &message, err);
    ps_message_clear(&message);
    free(json);
    free(value);
    return ok;
}

static void every_text_is_capped(void **state)
{
    static const struct {
        const char *name;
        size_t max;
    } cases[] = {
        {"id",         PS_MESSAGE_ID_MAX     },
        { "channel",   PS_MESSAGE_CHANNEL_MAX},
        { "text",      PS_MESSAGE_TEXT_MAX   },
        { "thread_ts", 64                    },
        { "trace",     128                   },
    };
    struct ps_err err;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        assert_true(parse_long(cases[i].name, cases[i].max, &err));
        assert_false(parse_long(cases[i].name, cases[i].max + 1, &err));
        assert_non_null(strstr(err.what, cases[i].name));
    }
    assert_false(parse_long("none", 0, &err) && parse_long("text", PS_MESSAGE_JSON_MAX, &err));
    assert_non_null(strstr(err.what, "65536"));
}

static void what_a_newer_program_says_is_a_message_like_any_other(void **state)
{
    static const char json[] =
        "{\"id\":\"o1\",\"kind\":\"meeting\",\"channel\":\"c\",\"text\":\"t\","
        "\"blocks\":[{\"type\":\"x\"}]}";
    struct ps_message message;
    char *written;

    (void)state;
    assert_true(ps_message_parse(json, strlen(json), &message, NULL));
    assert_int_equal(message.kind, PS_MESSAGE_MANUAL);
    assert_string_equal(message.text, "t");
    written = ps_message_format(&message);
    assert_non_null(strstr(written, "\"kind\":\"meeting\""));
    free(written);
    ps_message_clear(&message);
}

static void kinds_go_both_ways_and_alarms_overtake(void **state)
{
    enum ps_message_kind kind = PS_MESSAGE_DRAFT;
    int i;

    (void)state;
    for (i = 0; i < PS_MESSAGE_KIND_COUNT; i++) {
        assert_true(ps_message_kind_parse(ps_message_kind_name((enum ps_message_kind)i), &kind));
        assert_int_equal(kind, i);
        assert_int_equal(ps_message_kind_urgent(kind),
                         kind == PS_MESSAGE_OPS_ALERT || kind == PS_MESSAGE_OPS_RECOVERY);
    }
    assert_false(ps_message_kind_parse("", &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_comes_back_as_it_was),
        cmocka_unit_test(optional_fields_are_read_where_they_are),
        cmocka_unit_test(what_is_missing_or_absurd_is_named),
        cmocka_unit_test(every_text_is_capped),
        cmocka_unit_test(what_a_newer_program_says_is_a_message_like_any_other),
        cmocka_unit_test(kinds_go_both_ways_and_alarms_overtake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
