#include "shared/core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void trimming_takes_white_space_off_both_ends(void **state)
{
    static const char *const cases[][2] = {
        {"",             ""        },
        { " \t\r\n\v\f", ""        },
        { " a b ",       "a b"     },
        { "a",           "a"       },
        { "\xC2\xA0",    "\xC2\xA0"}
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        assert_true(ps_str_is(ps_str_trim(ps_str_of(cases[i][0])), cases[i][1]));
    assert_int_equal(ps_str_of(NULL).len, 0);
}

static void comparing_heeds_the_length(void **state)
{
    (void)state;
    assert_true(ps_str_is((struct ps_str){ "pool", 2 }, "po"));
    assert_false(ps_str_is(ps_str_of("po"), "pool"));
    assert_false(ps_str_is((struct ps_str){ "po\0l", 4 }, "po"));
    assert_true(ps_str_is((struct ps_str){ NULL, 0 }, ""));
    assert_true(ps_str_is_fold(ps_str_of("CwG"), "cWg"));
    assert_false(ps_str_is_fold(ps_str_of("CwGs"), "cWg"));
    assert_false(ps_str_is_fold(ps_str_of("@"), "`"));
}

static void splitting_keeps_empty_parts(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *parts[4];
    } cases[] = {
        {"",       1, { "" }              },
        { "a",     1, { "a" }             },
        { ",",     2, { "", "" }          },
        { "a,b",   2, { "a", "b" }        },
        { "a,,b,", 4, { "a", "", "b", "" }}
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_str rest = ps_str_of(cases[i].text), part;
        size_t seen = 0;

        while (ps_str_next(&rest, ',', &part)) {
            assert_true(seen < cases[i].count);
            assert_true(ps_str_is(part, cases[i].parts[seen]));
            seen++;
        }
        assert_int_equal(seen, cases[i].count);
    }
}

static void whole_numbers_stand_alone_and_in_range(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0",                     true,  0        },
        { "-0",                   true,  0        },
        { "007",                  true,  7        },
        { "-42",                  true,  -42      },
        { "9223372036854775807",  true,  INT64_MAX},
        { "-9223372036854775808", true,  INT64_MIN},
        { "9223372036854775808",  false, 0        },
        { "-9223372036854775809", false, 0        },
        { "99999999999999999999", false, 0        },
        { "",                     false, 0        },
        { "-",                    false, 0        },
        { "+1",                   false, 0        },
        { " 1",                   false, 0        },
        { "1 ",                   false, 0        },
        { "1.0",                  false, 0        },
        { "0x1",                  false, 0        },
        { "--1",                  false, 0        }
    };
    int64_t value = 99;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        value = 99;
        assert_int_equal(ps_str_int(ps_str_of(cases[i].text), INT64_MIN, INT64_MAX, &value),
                         cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 99));
    }
    assert_false(ps_str_int(ps_str_of("0"), 1, 3, &value));
    assert_true(ps_str_int(ps_str_of("1"), 1, 3, &value));
    assert_true(ps_str_int(ps_str_of("3"), 1, 3, &value));
    assert_false(ps_str_int(ps_str_of("4"), 1, 3, &value));
}

static void real_numbers_are_finite_decimals(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        double value;
    } cases[] = {
        {"0.5",    true,  0.5 },
        { "-3",    true,  -3.0},
        { "1e3",   true,  1000},
        { ".5",    true,  0.5 },
        { "1e9",   false, 0   },
        { "1e999", false, 0   },
        { "inf",   false, 0   },
        { "nan",   false, 0   },
        { "0x10",  false, 0   },
        { "+1",    false, 0   },
        { " 1",    false, 0   },
        { "1 ",    false, 0   },
        { "1,5",   false, 0   },
        { "-",     false, 0   },
        { "1.2.3", false, 0   },
        { "",      false, 0   }
    };
    char many[200];
    double value = 99;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        value = 99;
        assert_int_equal(ps_str_real(ps_str_of(cases[i].text), -1000, 1000, &value), cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 99));
    }
    memset(many, '0', sizeof(many));
    assert_false(ps_str_real((struct ps_str){ many, sizeof(many) }, 0, 1, &value));
}

static void digits_are_ascii_and_at_least_one(void **state)
{
    (void)state;
    assert_true(ps_str_digits(ps_str_of("0123456789")));
    assert_false(ps_str_digits(ps_str_of("")));
    assert_false(ps_str_digits(ps_str_of("12a")));
    assert_false(ps_str_digits(ps_str_of("-1")));
    assert_false(ps_str_digits(ps_str_of("\xD9\xA1"))); /* ARABIC-INDIC DIGIT ONE */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trimming_takes_white_space_off_both_ends),
        cmocka_unit_test(comparing_heeds_the_length),
        cmocka_unit_test(splitting_keeps_empty_parts),
        cmocka_unit_test(whole_numbers_stand_alone_and_in_range),
        cmocka_unit_test(real_numbers_are_finite_decimals),
        cmocka_unit_test(digits_are_ascii_and_at_least_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
