#include "shared/core/log_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t when = INT64_C(1795424707042);

static void renders(bool json, const struct ps_log_field *fields, size_t count, const char *want)
{
    struct ps_buf line;

    ps_buf_init(&line, 64 * 1024);
    ps_log_render(json, when, "scheduler", "s-1", PS_EVENT_POLL_DONE, fields, count, &line);
    assert_string_equal(ps_buf_str(&line), want);
    ps_buf_clear(&line);
}

static void one_text(const char *value, const char *want)
{
    static const char head[] = "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE v=";
    struct ps_log_field field = F_TEXT("v", value);
    struct ps_buf line;

    ps_buf_init(&line, 64 * 1024);
    ps_log_render(false, when, "scheduler", "s-1", PS_EVENT_POLL_DONE, &field, 1, &line);
    assert_memory_equal(ps_buf_str(&line), head, sizeof(head) - 1);
    assert_string_equal(ps_buf_str(&line) + sizeof(head) - 1, want);
    ps_buf_clear(&line);
}

static void a_line_is_an_event_and_its_fields(void **state)
{
    struct ps_err err;
    struct ps_log_field fields[] = {
        F_INT("papers", 13118), F_TEXT("took", "1 s"), F_REAL("rate", 0.25),
        F_BOOL("full", true),   F_ERR(&err),           F_TEXT("none", NULL)
    };

    (void)state;
    assert_false(ps_fail(&err, PS_FAILURE_TIMEOUT, 28, "no answer"));
    renders(false, fields, PS_COUNT_OF(fields),
            "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE papers=13118 took=\"1 s\" rate=0.25 "
            "full=true failure_category=TIMEOUT error=\"no answer\" none=\"\"");
    renders(true, fields, PS_COUNT_OF(fields),
            "{\"ts\":\"2026-11-23T09:05:07.042Z\",\"level\":\"INFO\",\"component\":\"scheduler\","
            "\"instance\":\"s-1\",\"event\":\"POLL-DONE\",\"papers\":13118,\"took\":\"1 s\","
            "\"rate\":0.25,\"full\":true,\"failure_category\":\"TIMEOUT\",\"error\":\"no answer\","
            "\"none\":null}");
}

static void numbers_json_does_not_know_are_null(void **state)
{
    struct ps_log_field fields[] = { F_REAL("a", NAN), F_REAL("b", INFINITY) };

    (void)state;
    renders(false, fields, 2, "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE a=nan b=nan");
    renders(true, fields, 2,
            "{\"ts\":\"2026-11-23T09:05:07.042Z\",\"level\":\"INFO\",\"component\":\"scheduler\","
            "\"instance\":\"s-1\",\"event\":\"POLL-DONE\",\"a\":null,\"b\":null}");
}

static void an_object_is_shown_whole_or_merged(void **state)
{
    struct ps_log_field field =
        F_OBJECT("{ \"cycle\": 7,\n \"event\":\"x\", \"list\":[1,{\"who\":\"U0123456789\"}] }");
    struct ps_log_field empty = F_OBJECT("{}");
    struct ps_log_field wrong = F_OBJECT("[1");

    (void)state;
    renders(false, &field, 1,
            "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE "
            "{\"cycle\":7,\"event\":\"x\",\"list\":[1,{\"who\":\"U01***\"}]}");
    renders(true, &field, 1,
            "{\"ts\":\"2026-11-23T09:05:07.042Z\",\"level\":\"INFO\",\"component\":\"scheduler\","
            "\"instance\":\"s-1\",\"event\":\"POLL-DONE\",\"cycle\":7,"
            "\"list\":[1,{\"who\":\"U01***\"}]}");
    renders(true, &empty, 1,
            "{\"ts\":\"2026-11-23T09:05:07.042Z\",\"level\":\"INFO\",\"component\":\"scheduler\","
            "\"instance\":\"s-1\",\"event\":\"POLL-DONE\"}");
    renders(false, &wrong, 1, "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE object=\"[1\"");
}

static void values_are_quoted_when_they_must_be(void **state)
{
    static const char *const cases[][2] = {
        {"Az09_.:/+@%,-",     "Az09_.:/+@%,-"              },
        { "",                 "\"\""                       },
        { "a b",              "\"a b\""                    },
        { "a=b",              "\"a=b\""                    },
        { "a\"b\\",           "\"a\\\"b\\\\\""             },
        { "a\nb\x1b[31m\x7f", "\"a\\nb\\u001b[31m\\u007f\""},
        { "\xC2\x9B"
          "31m",     "\"\\u009b31m\""             },
        { "a\xFFz",           "\"a\xEF\xBF\xBDz\""         },
        { "stra\xC3\x9F"
          "e",       "\"stra\xC3\x9F"
          "e\""                     },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        one_text(cases[i][0], cases[i][1]);
}

static void slack_ids_are_cut(void **state)
{
    static const char *const cases[][2] = {
        {"C0123456789",                   "\"C01***\""                },
        { "<@U012AB3CD> in <#G012AB3CD>", "\"<@U01***> in <#G01***>\""},
        { "D024BE91L,W024BE91L",          "\"D02***,W02***\""         },
        { "C01234567",                    "\"C01***\""                },
        { "C0123456",                     "C0123456"                  },
        { "D1234R10",                     "D1234R10"                  },
        { "T012345678",                   "T012345678"                },
        { "xC0123456789",                 "xC0123456789"              },
        { "c0123456789",                  "c0123456789"               },
        { "CONFIGURATION_ERROR",          "CONFIGURATION_ERROR"       },
    };
    struct ps_err err;
    struct ps_log_field field = F_ERR(&err);
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        one_text(cases[i][0], cases[i][1]);
    assert_false(ps_fail(&err, PS_FAILURE_CONFIGURATION, 0, "no channel C0123456789"));
    renders(false, &field, 1,
            "2026-11-23T09:05:07.042Z INFO scheduler POLL-DONE failure_category=CONFIGURATION "
            "error=\"no channel C01***\"");
}

static void what_a_url_says_of_its_user_is_left_out(void **state)
{
    static const char *const cases[][2] = {
        {"http://me:hunter2@h/a.pdf",        "\"http://***@h/a.pdf\""         },
        { "https://me@h",                    "\"https://***@h\""              },
        { "at http://a:b@c:d@h?x=@y, later", "\"at http://***@h?x=@y, later\""},
        { "redis://:p%40w@h:1/0 is away",    "\"redis://***@h:1/0 is away\""  },
        { "redis://***@h:1/0",               "\"redis://***@h:1/0\""          },
        { "http://h/@a/b",                   "http://h/@a/b"                  },
        { "me@h",                            "me@h"                           },
        { "://",                             "://"                            },
        { "a://@",                           "\"a://***@\""                   },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++)
        one_text(cases[i][0], cases[i][1]);
}

static void long_texts_are_cut_after_redacting(void **state)
{
    char text[4000] = "", want[2100];
    struct ps_log_field field = F_TEXT("v", text);
    struct ps_buf line;
    size_t pad;

    (void)state;
    for (pad = 1980; pad < 2005; pad++) {
        const char *value;

        memset(text, '.', pad);
        memcpy(text + pad, "U0123456789 and more", 21);
        ps_buf_init(&line, 64 * 1024);
        ps_log_render(false, when, "scheduler", "s-1", PS_EVENT_POLL_DONE, &field, 1, &line);
        assert_null(strstr(ps_buf_str(&line), "U012"));
        value = strstr(ps_buf_str(&line), " v=") + 3;
        assert_true(strlen(value) <= 2000 + 2);
        assert_true(strlen(value) >= (pad + 15 < 2000 ? pad + 15 : 2000));
        ps_buf_clear(&line);
    }
    memset(text, 0, sizeof(text));
    memset(text, 'x', 1998);
    memcpy(text + 1998, "\xE2\x82\xAC!", 5);
    memset(want, 'x', 1998);
    want[1998] = '\0';
    one_text(text, want);
}

static void what_does_not_fit_is_left_out_and_the_line_stays_whole(void **state)
{
    struct ps_log_field fields[] = { F_TEXT("long", "................................"),
                                     F_INT("n", 1) };
    size_t cap;

    (void)state;
    for (cap = 0; cap < 220; cap++) {
        struct ps_buf line;

        ps_buf_init(&line, cap);
        ps_log_render(true, when, "scheduler", "s-1", PS_EVENT_POLL_DONE, fields, 2, &line);
        assert_int_equal(line.cap, cap);
        if (line.len > 0) {
            assert_int_equal(line.data[0], '{');
            assert_int_equal(line.data[line.len - 1], '}');
        } else {
            assert_true(cap < 115);
        }
        ps_buf_clear(&line);
    }
}

static void events_and_levels_have_names(void **state)
{
    enum ps_log_level level = PS_LOG_DEBUG;

    (void)state;
    assert_string_equal(ps_event_name(PS_EVENT_POLL_ERROR), "POLL-ERROR");
    assert_int_equal(ps_event_level(PS_EVENT_POLL_ERROR), PS_LOG_ERROR);
    assert_true(ps_log_level_parse("CRITICAL", &level) && level > PS_LOG_ERROR);
    assert_true(ps_log_level_parse("WARNING", &level));
    assert_int_equal(level, PS_LOG_WARNING);
    assert_string_equal(ps_log_level_name(level), "WARNING");
    assert_false(ps_log_level_parse("warning", &level));
    assert_int_equal(level, PS_LOG_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_an_event_and_its_fields),
        cmocka_unit_test(numbers_json_does_not_know_are_null),
        cmocka_unit_test(an_object_is_shown_whole_or_merged),
        cmocka_unit_test(values_are_quoted_when_they_must_be),
        cmocka_unit_test(slack_ids_are_cut),
        cmocka_unit_test(what_a_url_says_of_its_user_is_left_out),
        cmocka_unit_test(long_texts_are_cut_after_redacting),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_the_line_stays_whole),
        cmocka_unit_test(events_and_levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
