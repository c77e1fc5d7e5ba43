#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void days_count_from_1970(void **state)
{
    static const struct {
        const char *text;
        int32_t days;
    } cases[] = {
        {"1970-01-01",  0      },
        { "1969-12-31", -1     },
        { "2000-02-29", 11016  },
        { "2000-03-01", 11017  },
        { "1900-03-01", -25508 },
        { "2024-02-29", 19782  },
        { "2026-11-23", 20780  },
        { "0001-01-01", -719162},
        { "9999-12-31", 2932896},
    };
    char text[PS_UTC_TIME_TEXT];
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        int32_t days = 0;

        assert_true(ps_utc_time_parse_date(cases[i].text, &days));
        assert_int_equal(days, cases[i].days);
        ps_utc_time_format_date(days, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void every_day_of_800_years_comes_back(void **state)
{
    char text[PS_UTC_TIME_TEXT];
    int32_t days, back;

    (void)state;
    for (days = -146097; days <= 146097; days += 7) {
        ps_utc_time_format_date(days, text);
        assert_true(ps_utc_time_parse_date(text, &back));
        assert_int_equal(back, days);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const cases[] = {
        "",           "2026",        "2026-13-01",  "2026-00-01", "2026-02-29",
        "1900-02-29", "2026-04-31",  "0000-01-01",  "2026-11-2",  "26-11-23",
        "2026/11/23", "2026-11-23 ", " 2026-11-23", "+026-11-23", "2026-11-23x",
        "-001-01-01",
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        int32_t days = 5;

        assert_false(ps_utc_time_parse_date(cases[i], &days));
        assert_int_equal(days, 5);
    }
}

static void times_are_written_in_utc(void **state)
{
    static const struct {
        int64_t ms;
        const char *plain, *with_ms;
    } cases[] = {
        {0,                       "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        { -1,                     "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"},
        { INT64_C(1795424707042), "2026-11-23T09:05:07Z", "2026-11-23T09:05:07.042Z"},
        { INT64_MAX,              "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"},
        { INT64_MIN,              "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
    };
    char text[PS_UTC_TIME_TEXT];
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        ps_utc_time_format_time(cases[i].ms, text);
        assert_string_equal(text, cases[i].plain);
        ps_utc_time_format_time_ms(cases[i].ms, text);
        assert_string_equal(text, cases[i].with_ms);
    }
}

static void times_are_read_in_our_form_and_in_postgresqls(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } cases[] = {
        {"2026-11-23T09:05:07Z",             true,  INT64_C(1795424707000)},
        { "2026-11-23T09:05:07.042Z",        true,  INT64_C(1795424707042)},
        { "2026-11-23 09:05:07.042+00",      true,  INT64_C(1795424707042)},
        { "2026-11-23 09:05:07.04+00",       true,  INT64_C(1795424707040)},
        { "2026-11-23 09:05:07.042999+00",   true,  INT64_C(1795424707042)},
        { "2026-11-23 09:05:07+00:00",       true,  INT64_C(1795424707000)},
        { "1969-12-31T23:59:59.999Z",        true,  -1                    },
        { "2026-11-23T09:05:07",             false, 0                     },
        { "2026-11-23T09:05:07+01",          false, 0                     },
        { "2026-11-23T09:05:07.Z",           false, 0                     },
        { "2026-11-23T09:05:07.1234567890Z", false, 0                     },
        { "2026-11-23T24:00:00Z",            false, 0                     },
        { "2026-11-23T09:60:00Z",            false, 0                     },
        { "2026-11-23T09:05:60Z",            false, 0                     },
        { "2026-02-30T09:05:07Z",            false, 0                     },
        { "2026-11-23",                      false, 0                     },
        { "2026-11-23T09:05",                false, 0                     },
        { "infinity",                        false, 0                     },
        { "",                                false, 0                     },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        int64_t ms = 7;

        assert_int_equal(ps_utc_time_parse_time(cases[i].text, &ms), cases[i].ok);
        assert_true(ms == (cases[i].ok ? cases[i].ms : 7));
    }
}

static void http_dates_are_read_in_all_three_forms(void **state)
{
    static const char *const good[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994" };
    static const char *const bad[] = { "", "yesterday", "Sun, 99 Nov 1994 08:49:37 GMT" };
    int64_t ms = 0;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(good); i++) {
        assert_true(ps_utc_time_parse_http(good[i], &ms));
        assert_true(ms == INT64_C(784111777000));
    }
    for (i = 0; i < PS_COUNT_OF(bad); i++)
        assert_false(ps_utc_time_parse_http(bad[i], &ms));
    assert_false(ps_utc_time_parse_http(NULL, &ms));
}

static void spans_leave_leading_zeros_out(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {-5,         "0s"                         },
        { 0,         "0s"                         },
        { 59,        "59s"                        },
        { 60,        "1m 0s"                      },
        { 3600,      "1h 0m 0s"                   },
        { 86400,     "1d 0h 0m 0s"                },
        { 273906,    "3d 4h 5m 6s"                },
        { INT64_MAX, "106751991167300d 15h 30m 7s"},
    };
    char text[PS_UTC_TIME_TEXT];
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        ps_utc_time_format_span(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_count_from_1970),
        cmocka_unit_test(every_day_of_800_years_comes_back),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(times_are_read_in_our_form_and_in_postgresqls),
        cmocka_unit_test(http_dates_are_read_in_all_three_forms),
        cmocka_unit_test(spans_leave_leading_zeros_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
