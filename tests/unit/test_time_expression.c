#include "notifier/core/time_expression.h"
#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const int64_t now = INT64_C(1795424707000); /* 2026-11-23T09:05:07Z */

static void a_time_at_the_end_is_cut_off(void **state)
{
    static const struct {
        const char *text, *rest;
        int64_t after; /* from now; 0: at */
        const char *at;
    } rows[] = {
        {"3d",                              "",              3 * DAY,     NULL                  },
        { "köppe 2h",                      "köppe",        2 * HOUR,    NULL                  },
        { "köppe for 2 weeks",             "köppe",        14 * DAY,    NULL                  },
        { "1234 FOR 30 Minutes",            "1234",          30 * MINUTE, NULL                  },
        { "for 1w",                         "",              7 * DAY,     NULL                  },
        { "subgroup LEWG until 2026-12-01", "subgroup LEWG", 0,           "2026-12-01T00:00:00Z"},
        { "until 2026-12-01 9:30",          "",              0,           "2026-12-01T09:30:00Z"},
    };
    char text[PS_UTC_TIME_TEXT];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_str rest = ps_str_of(rows[i].text);
        int64_t ms = 0;

        assert_true(ps_time_expression_take(&rest, now, &ms));
        assert_true(ps_str_is(rest, rows[i].rest));
        if (rows[i].at == NULL) {
            assert_int_equal(ms, now + rows[i].after);
        } else {
            ps_utc_time_format_time(ms, text);
            assert_string_equal(text, rows[i].at);
        }
    }
}

static void what_is_no_time_stays(void **state)
{
    static const char *const rows[] = { "",     "köppe",       "1234",       "3x",
                                        "days", "for days",    "2026-12-01", "until 2026-13-01",
                                        "0d",   "until 09:00", "d3",         "999999999999d" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_str rest = ps_str_of(rows[i]);
        int64_t ms = 42;

        assert_false(ps_time_expression_take(&rest, now, &ms));
        assert_true(ps_str_is(rest, rows[i]));
        assert_int_equal(ms, 42);
    }
}

static void clocks(void **state)
{
    static const struct {
        const char *text;
        int minute; /* -1: none */
    } rows[] = {
        {"8",       480 },
        { "08:30",  510 },
        { "0",      0   },
        { "23:59",  1439},
        { "24",     -1  },
        { "8:60",   -1  },
        { "8:5",    -1  },
        { "",       -1  },
        { "8am",    -1  },
        { ":30",    -1  },
        { "008:00", -1  },
        { "8:00x",  -1  }
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        int minute = -1;

        assert_int_equal(ps_time_expression_clock(ps_str_of(rows[i].text), &minute),
                         rows[i].minute >= 0);
        assert_int_equal(minute, rows[i].minute);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_at_the_end_is_cut_off),
        cmocka_unit_test(what_is_no_time_stays),
        cmocka_unit_test(clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
