#include "shared/core/text_normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void folding_makes_equal_what_people_call_equal(void **state)
{
    static const char *const cases[][2] = {
        {"STRASSE",                           "stra\xC3\x9F"
                     "e"                                     },
        { "Niebler",                          "nIEBLER"                         },
        { "\xC3\x89ric",                      "e\xCC\x81RIC"                    }, /* composed, decomposed */
        { "\xCE\xA3",                         "\xCF\x82"                        }, /* final sigma */
        { "\xEF\xAC\x81",                     "FI"                              }, /* ligature */
        { "\xD0\x98\xD0\x92\xD0\x90\xD0\x9D", "\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD"}
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        char *left = ps_text_normalize(cases[i][0], strlen(cases[i][0]));
        char *right = ps_text_normalize(cases[i][1], strlen(cases[i][1]));

        assert_string_equal(left, right);
        free(left);
        free(right);
    }
}

static void folding_survives_any_bytes(void **state)
{
    char *folded = ps_text_normalize("A\xFF\0B\xED\xA0\x80", 7);

    (void)state;
    assert_string_equal(folded, "a\xEF\xBF\xBD\xEF\xBF\xBD"
                                "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    free(folded);
    folded = ps_text_normalize(NULL, 0);
    assert_string_equal(folded, "");
    free(folded);
}

static void cleaning_gives_printable_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } cases[] = {
        {"a\nb\tc",        5, "a\nb\tc"                 },
        { "a\rb\0c\x1b[",  7, "a b c ["                 },
        { "\x7f\xC2\x85.", 4, "  ."                     },
        { "\xFF\xFE",      2, "\xEF\xBF\xBD\xEF\xBF\xBD"},
        { "\xE2\x82\xAC",  3, "\xE2\x82\xAC"            },
        { "\xE2\x82",      2, "\xEF\xBF\xBD\xEF\xBF\xBD"},
        { "",              0, ""                        }
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        char *clean = ps_utf8_clean(cases[i].text, cases[i].len);

        assert_string_equal(clean, cases[i].want);
        free(clean);
    }
}

static void cutting_never_splits_a_character(void **state)
{
    static const struct {
        const char *text;
        size_t max, want;
    } cases[] = {
        {"abc",                   5, 3},
        { "abc",                  2, 2},
        { "abc",                  0, 0},
        { "a\xE2\x82\xAC"
          "b",           1, 1},
        { "a\xE2\x82\xAC"
          "b",           2, 1},
        { "a\xE2\x82\xAC"
          "b",           3, 1},
        { "a\xE2\x82\xAC"
          "b",           4, 4},
        { "\xF0\x9F\x98\x80",     3, 0},
        { "\xF0\x9F\x98\x80",     4, 4},
        { "\xF0\x9F\x98",         9, 0}, /* already cut short by somebody else */
        { "\x80\x80\x80\x80\x80", 4, 4}  /* no character at all */
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        assert_int_equal(ps_utf8_cut(cases[i].text, strlen(cases[i].text), cases[i].max),
                         cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_makes_equal_what_people_call_equal),
        cmocka_unit_test(folding_survives_any_bytes),
        cmocka_unit_test(cleaning_gives_printable_utf8),
        cmocka_unit_test(cutting_never_splits_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
