#include "shared/core/http_validator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void only_short_printable_values_are_sent_back(void **state)
{
    static const struct {
        const char *value;
        bool usable;
    } cases[] = {
        {"\"abc\"",                        true },
        { "W/\"x y\"",                     true },
        { "Mon, 02 Jan 2026 10:00:00 GMT", true },
        { "~",                             true },
        { "",                              false},
        { "\"\xff\"",                      false},
        { "\"caf\xc3\xa9\"",               false},
        { "a\tb",                          false},
        { "a\r\nX-Injected: 1",            false},
        { "\x7f",                          false},
        { NULL,                            false},
    };
    char longest[PS_HTTP_VALIDATOR_MAX + 2];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++)
        assert_int_equal(ps_http_validator_usable(cases[i].value), cases[i].usable);
    memset(longest, 'x', sizeof(longest));
    longest[PS_HTTP_VALIDATOR_MAX + 1] = '\0';
    assert_false(ps_http_validator_usable(longest));
    longest[PS_HTTP_VALIDATOR_MAX] = '\0';
    assert_true(ps_http_validator_usable(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        only_short_printable_values_are_sent_back) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
