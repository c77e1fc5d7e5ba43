#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct row {
    const char *text, *want;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = ps_email_redact(rows[i].text);

        if (strcmp(text, rows[i].want) != 0)
            fail_msg("\"%s\": \"%s\", wanted \"%s\"", rows[i].text, text, rows[i].want);
        free(text);
    }
}

static void addresses_are_removed_however_they_are_written(void **state)
{
    static const struct row rows[] = {
        {"jane@example.org",                                 ""                   },
        { "Jane Doe <jane@example.org>",                     "Jane Doe"           },
        { "Jane Doe (jane.m+wg21@mail.example.co.uk), John", "Jane Doe, John"     },
        { "Reply-to: Jane <mailto:jane@example.org>",        "Reply-to: Jane"     },
        { "MAILTO:jane@example.org here",                    " here"              },
        { "write to jane@example.org. Thanks",               "write to. Thanks"   },
        { "jane@localhost!",                                 "!"                  },
        { "jane@[192.0.2.1]",                                ""                   },
        { "{jane,john}@example.org",                         ""                   },
        { "\"jane doe\"@example.org",                        ""                   },
        { "jane, john @example.org",                         "jane,"              },
        { "jane @ example.org",                              ""                   },
        { "jane @ example . org",                            ""                   },
        { "jane (at) example.org",                           ""                   },
        { "jane(at)example(dot)org",                         ""                   },
        { "Jane jane [at] example [dot] org end",            "Jane end"           },
        { "jane {AT} example {DOT} co {DOT} uk",             ""                   },
        { "jane <at> example.org",                           ""                   },
        { "jane ( at ) example.org",                         ""                   },
        { "jane(@)example.org",                              ""                   },
        { "jane&#64;example.org jane&commat;example.org",    ""                   },
        { "jane at example dot org",                         ""                   },
        { "Contact jane AT example DOT org now",             "Contact now"        },
        { "john dot doe at example dot com",                 ""                   },
        { "jane at example.org",                             ""                   },
        { "jane-at-example-dot-org",                         ""                   },
        { "jane_at_example.org",                             ""                   },
        { "jane\xef\xbc\xa0"
          "example.org",                            ""                   },
        { "j\xc3\xbcrgen@m\xc3\xbcller.de",                  ""                   },
        { "o'dwyer@example.org",                             ""                   },
        { "jane\xe2\x80\x8d@exam\xe2\x80\x8d"
          "ple.org",                                ""                   },
        { "a@b.cc@d.ee",                                     ""                   },
        { "foo@<a@b>bar",                                    "foo@\xe2\x80\xa6"
                          "bar"                          },
        { "foo(at)<a@b.org>bar.com",                         "foo(at)\xe2\x80\xa6"
                                     "bar.com"},
        { "jane@example.org,john@example.net;x@example.com", ",;"                 },
        { "https://jane@example.org/path",                   "https:///path"      },
    };

    (void)state;
    check(rows, PS_COUNT_OF(rows));
}

static void other_text_stays_as_it_is(void **state)
{
    static const struct row rows[] = {
        {"",                                                     ""                              },
        { "std::vector<T>::at",                                  "std::vector<T>::at"            },
        { "A look at std.format",                                "A look at std.format"          },
        { "Networking at a glance. Part 2",                      "Networking at a glance. Part 2"},
        { "cross at dot product",                                "cross at dot product"          },
        { "Meeting @ Kona 2024",                                 "Meeting @ Kona 2024"           },
        { "Annotations with @ and @foo",                         "Annotations with @ and @foo"   },
        { "<@U123>",                                             "<@U123>"                       },
        { "operator@(T)",                                        "operator@(T)"                  },
        { "x (at) most one",                                     "x (at) most one"               },
        { "state-of-the-art-at-last",                            "state-of-the-art-at-last"      },
        { "[[=1]]@ <T>",                                         "[[=1]]@ <T>"                   },
        { "@",                                                   "@"                             },
        { "at",                                                  "at"                            },
        { " at  dot ",                                           " at  dot "                     },
        { "K\xc3\xb6ppe, O'Dwyer \xe2\x80\x94 (2024) {x} \"y\"",
         "K\xc3\xb6ppe, O'Dwyer \xe2\x80\x94 (2024) {x} \"y\""                                   },
    };

    (void)state;
    check(rows, PS_COUNT_OF(rows));
}

/* Whatever is before and after it, no part of the address is left. */
static void an_address_in_any_surroundings_is_removed(void **state)
{
    static const char *const addresses[] = { "leak@leak.leak.org",   "leak (at) leak dot org",
                                             "leak at leak dot org", "leak [at] leak [dot] org",
                                             "<leak@leak.org>",      "{leak,leak}@leak.org" };
    static const char *const around[] = {
        "",    " ",        "<",
        ">",   "(",        ")",
        "\"",  ",",        ": ",
        ":",   "[",        "\xe4\xb8\xad",
        "@ ",  " at ",     "\xe2\x80\x94",
        "...", "\xc2\xa0", "\xff",
        "]",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(addresses); i++) {
        for (size_t k = 0; k < PS_COUNT_OF(around) * PS_COUNT_OF(around); k++) {
            char *whole = ps_alloc_format("x%s%s%s y", around[k % PS_COUNT_OF(around)],
                                          addresses[i], around[k / PS_COUNT_OF(around)]);
            char *text = ps_email_redact(whole);

            if (strstr(text, "leak") != NULL)
                fail_msg("\"%s\": \"%s\"", whole, text);
            free(text);
            free(whole);
        }
    }
}

static void hostile_text_costs_linear_time(void **state)
{
    static const char *const pieces[] = { "@",     "a@",    "-at-", " at a dot ", "(at)",
                                          "(dot)", "a.b",   "{",    "\"",         "a dot ",
                                          "]@",    "<at> ", "@[",   "&#64;a.b",   "\xc3\xb6@",
                                          "a",     ".",     " " };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(pieces); i++) {
        enum { BYTES = 1024 * 1024 };
        size_t len = strlen(pieces[i]), times = BYTES / len;
        char *whole = ps_alloc_zero(1, times * len + 1), *text;
        clock_t began = clock();

        for (size_t k = 0; k < times; k++)
            memcpy(whole + k * len, pieces[i], len);
        text = ps_email_redact(whole);
        assert_true(strlen(text) <= times * len);
        if (clock() - began > 20 * CLOCKS_PER_SEC) /* quadratic would be hours */
            fail_msg("\"%s\" took %ld clocks", pieces[i], (long)(clock() - began));
        free(text);
        free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_removed_however_they_are_written),
        cmocka_unit_test(other_text_stays_as_it_is),
        cmocka_unit_test(an_address_in_any_surroundings_is_removed),
        cmocka_unit_test(hostile_text_costs_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
