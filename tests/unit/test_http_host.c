#include "shared/core/http_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void only_hosts_that_no_stranger_can_name_are_answered(void **state)
{
    static const struct {
        const char *header, *names;
        bool allowed;
    } cases[] = {
        {NULL,                   NULL,                        true },
        { "localhost",           NULL,                        true },
        { "LOCALHOST:8080",      "",                          true },
        { "page.localhost:80",   "",                          true },
        { "localhost.",          "",                          true },
        { "127.0.0.1:8080",      "",                          true },
        { "10.1.2.3",            "",                          true },
        { "[::1]:8080",          "",                          true },
        { "[::1]",               "",                          true },
        { " 127.0.0.1 ",         "",                          true },
        { "",                    "",                          false},
        { "evil.example",        "",                          false},
        { "evil.example:8080",   "",                          false},
        { "x:8080",              "",                          true },
        { "evil.localhost.test", "",                          false},
        { "localhost.evil.test", "",                          false},
        { "127.0.0.1.nip.io",    "",                          false},
        { "2130706433",          "",                          false},
        { "::1",                 "",                          false},
        { "[::1",                "",                          false},
        { "[evil.example]",      "",                          false},
        { "localhost:80:80",     "",                          false},
        { "localhost:x",         "",                          false},
        { "localhost@evil",      "",                          false},
        { "papers.example",      "a.example, papers.example", true },
        { "Papers.Example:443",  "papers.example",            true },
        { "papers.example.evil", "papers.example",            false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (ps_http_host_allowed(cases[i].header, cases[i].names) != cases[i].allowed)
            fail_msg("Host: %s, names %s", cases[i].header ? cases[i].header : "(none)",
                     cases[i].names ? cases[i].names : "(none)");
}

static void loopback_addresses(void **state)
{
    (void)state;
    assert_true(ps_http_host_is_loopback("127.0.0.1"));
    assert_true(ps_http_host_is_loopback("127.1.2.3"));
    assert_true(ps_http_host_is_loopback("::1"));
    assert_true(ps_http_host_is_loopback("localhost"));
    assert_false(ps_http_host_is_loopback("0.0.0.0"));
    assert_false(ps_http_host_is_loopback("::"));
    assert_false(ps_http_host_is_loopback("10.0.0.1"));
    assert_false(ps_http_host_is_loopback("127.evil.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_hosts_that_no_stranger_can_name_are_answered),
        cmocka_unit_test(loopback_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
