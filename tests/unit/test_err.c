#include "shared/core/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void failing_fills_and_returns_false(void **state)
{
    struct ps_err err = { 0 };

    (void)state;
    assert_false(ps_fail(&err, PS_FAILURE_TIMEOUT, 28, "no answer in %d ms", 100));
    assert_int_equal(err.category, PS_FAILURE_TIMEOUT);
    assert_int_equal(err.code, 28);
    assert_string_equal(err.what, "no answer in 100 ms");
    assert_false(ps_fail(NULL, PS_FAILURE_UNKNOWN, 0, "nobody asks"));
}

static void a_long_text_is_cut_at_a_whole_character(void **state)
{
    struct ps_err err = { 0 };
    char text[400];
    size_t offset;

    (void)state;
    for (offset = 0; offset < 4; offset++) {
        size_t i;

        memset(text, 'x', sizeof(text));
        for (i = offset; i + 4 < sizeof(text); i += 4)
            memcpy(text + i, "\xF0\x9F\x98\x80", 4);
        text[i] = '\0';
        assert_false(ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "%s", text));
        /* 191 bytes fit; what is left out is less than one character. */
        assert_in_range(strlen(err.what), 188, 191);
        assert_int_equal((strlen(err.what) - offset) % 4, 0);
    }
}

static void a_text_may_quote_the_error_it_replaces(void **state)
{
    struct ps_err err = { 0 };

    (void)state;
    assert_false(ps_fail(&err, PS_FAILURE_NETWORK, 7, "refused"));
    assert_false(ps_fail(&err, err.category, err.code, "127.0.0.1: %s", err.what));
    assert_string_equal(err.what, "127.0.0.1: refused");
}

static void names_go_both_ways(void **state)
{
    static const char *const names[] = { "RATE_LIMIT", "TIMEOUT", "NETWORK", "CONFIGURATION",
                                         "UNKNOWN" };
    enum ps_failure category = PS_FAILURE_UNKNOWN;
    size_t i;

    (void)state;
    assert_int_equal(PS_COUNT_OF(names), PS_FAILURE_COUNT);
    for (i = 0; i < PS_COUNT_OF(names); i++) {
        assert_true(ps_failure_parse(names[i], &category));
        assert_string_equal(ps_failure_name(category), names[i]);
    }
    category = PS_FAILURE_TIMEOUT;
    assert_false(ps_failure_parse("", &category));
    assert_false(ps_failure_parse("timeout", &category));
    assert_int_equal(category, PS_FAILURE_TIMEOUT);
}

static void statuses_have_a_category(void **state)
{
    static const struct {
        int status;
        enum ps_failure category;
    } cases[] = {
        {429,  PS_FAILURE_RATE_LIMIT},
        { 408, PS_FAILURE_NETWORK   },
        { 504, PS_FAILURE_NETWORK   },
        { 500, PS_FAILURE_NETWORK   },
        { 503, PS_FAILURE_NETWORK   },
        { 418, PS_FAILURE_NETWORK   },
        { 0,   PS_FAILURE_NETWORK   }
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        assert_int_equal(ps_failure_of_status(cases[i].status), cases[i].category);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_fills_and_returns_false),
        cmocka_unit_test(a_long_text_is_cut_at_a_whole_character),
        cmocka_unit_test(a_text_may_quote_the_error_it_replaces),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(statuses_have_a_category),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
