#include "shared/core/number_set.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void is(const struct ps_number_set *set, const char *want)
{
    char text[400] = "", number[16];
    size_t i;

    for (i = 0; i < set->len; i++) {
        (void)snprintf(number, sizeof(number), "%s%d", i > 0 ? " " : "", set->items[i]);
        assert_true(strlen(text) + strlen(number) < sizeof(text));
        memcpy(text + strlen(text), number, strlen(number) + 1);
    }
    assert_string_equal(text, want);
}

static void numbers_are_kept_ascending_and_once(void **state)
{
    struct ps_number_set set;

    (void)state;
    ps_number_set_init(&set);
    assert_false(ps_number_set_has(&set, 5));
    ps_number_set_add(&set, 5);
    ps_number_set_add(&set, 1);
    ps_number_set_add(&set, 9);
    ps_number_set_add(&set, 5);
    is(&set, "1 5 9");
    assert_true(ps_number_set_has(&set, 9));
    assert_false(ps_number_set_has(&set, 2));
    assert_false(ps_number_set_has(&set, 10));
    ps_number_set_clear(&set);
    is(&set, "");
}

static void ranges_merge_with_what_is_there(void **state)
{
    static const struct {
        int first, last;
        const char *want;
    } cases[] = {
        {4,            6,       "1 4 5 6 9"                   },
        { 9,           10,      "1 5 9 10"                    },
        { 0,           12,      "0 1 2 3 4 5 6 7 8 9 10 11 12"},
        { -2,          0,       "-2 -1 0 1 5 9"               },
        { 10,          11,      "1 5 9 10 11"                 },
        { 6,           4,       "1 5 9"                       },
        { 2,           4,       "1 2 3 4 5 9"                 },
        { INT_MAX - 1, INT_MAX, "1 5 9 2147483646 2147483647" },
        { 1,           1,       "1 5 9"                       },
        { 5,           9,       "1 5 6 7 8 9"                 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_number_set set;

        ps_number_set_init(&set);
        ps_number_set_add(&set, 1);
        ps_number_set_add(&set, 5);
        ps_number_set_add(&set, 9);
        ps_number_set_add_range(&set, cases[i].first, cases[i].last);
        is(&set, cases[i].want);
        ps_number_set_clear(&set);
    }
}

static void a_large_random_set_agrees_with_a_table(void **state)
{
    struct ps_number_set set;
    bool table[1000] = { false };
    unsigned seed = 12345;
    int i, n;

    (void)state;
    ps_number_set_init(&set);
    for (i = 0; i < 300; i++) {
        int first, last;

        seed = seed * 1103515245u + 12345u;
        first = (int)(seed >> 16) % 1000;
        last = first + (int)(seed >> 8) % 5;
        for (n = first; n <= last && n < 1000; n++)
            table[n] = true;
        ps_number_set_add_range(&set, first, last < 1000 ? last : 999);
    }
    for (n = 0; n < 1000; n++)
        assert_int_equal(ps_number_set_has(&set, n), table[n]);
    ps_number_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_kept_ascending_and_once),
        cmocka_unit_test(ranges_merge_with_what_is_there),
        cmocka_unit_test(a_large_random_set_agrees_with_a_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
