#include "shared/core/pattern.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static bool finds(const char *pattern_text, const char *plain)
{
    struct ps_err err = { .what = "" };
    struct ps_pattern *pattern = ps_pattern_create(pattern_text, strlen(pattern_text), &err);
    char *folded = ps_text_normalize(plain, strlen(plain));
    struct ps_pattern_text *text = ps_pattern_text_create(folded);
    bool found;

    if (pattern == NULL)
        (void)fprintf(stderr, "%s: %s\n", pattern_text, err.what);
    assert_non_null(pattern);
    found = ps_pattern_finds(pattern, text);
    ps_pattern_text_destroy(text);
    ps_pattern_destroy(pattern);
    free(folded);
    return found;
}

static void what_it_finds(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool found;
    } rows[] = {
        {"coroutine",            "On COROUTINES",            true },
        { "COROUTINE",           "on coroutines",            true },
        { "Köppe",              "THOMAS KÖPPE",            true },
        { "STRASSE",             "Straße",                  true },
        { "straße",             "STRASSE",                  true },
        { "^std::",              "std::execution",           true },
        { "^std::",              "a std::execution",         false},
        { "exec(ution|utor)s?$", "std::executors",           true },
        { "\\bsimd\\b",          "data-parallel simd types", true },
        { "\\bsimd\\b",          "simdification",            false},
        { "P[0-9]{4}",           "see p2300",                true },
        { "P\\d{4}R\\d+",        "see p230r1",               false},
        { "a.c",                 "a\nc",                     true },
        { "[^a-z ]",             "only letters",             false},
        { "(?:x|y)z",            "yz",                       true },
        { "\\W",                 "words",                    false},
        { "a.*?b",               "a to b",                   true },
        { "x",                   "",                         false},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(finds(rows[i].pattern, rows[i].text), rows[i].found);
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *pattern, *part;
    } rows[] = {
        {"",                                     "1 to 100 bytes"  },
        { "\xff",                                "UTF-8"           },
        { "a\nb",                                "control"         },
        { "(",                                   "not a regular"   },
        { "[a",                                  "not a regular"   },
        { "a**{",                                "repetitions"     },
        { "x\\\\)",                              "no \\\\"         },
        { "\\Qa\\E",                             "no \\\\"         },
        { "(a)\\1",                              "refer back"      },
        { "(?i)a",                               "options"         },
        { "(?=a)",                               "options"         },
        { "a{11}",                               "at most 10"      },
        { "(a{4}){4}",                           "at most 10"      },
        { "a{1,99}",                             "at most 10"      },
        { "a{~1}",                               "repetitions"     },
        { "a{3",                                 "repetitions"     },
        { "a{,3}",                               "repetitions"     },
        { "a{5,2}",                              "repetitions"     },
        { "x*",                                  "finds everything"},
        { "a|",                                  "finds everything"},
        { "(a*b*c*d*e*f*g*h*i*j*k*){2}z",        "asks too much"   },
        { "a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*z", "asks too much"   },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_err err = { .what = "" };

        assert_null(ps_pattern_create(rows[i].pattern, strlen(rows[i].pattern), &err));
        if (strstr(err.what, rows[i].part) == NULL)
            fail_msg("%s: %s", rows[i].pattern, err.what);
    }
}

/* Patterns that never end in other matchers. 2 s is a hundred times what the worst takes here; a
 * matcher that tries one way after the other would not end. */
static void no_text_makes_it_slow(void **state)
{
    static const char *const patterns[] = {
        "(a*)*b",
        "(a|aa)+b",
        "(a|a)*b",
        "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
        "(a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?)*b",
        "(((((((((a*)*)*)*)*)*)*)*)*)*b",
        "(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa){10}b",
    };
    static char letters[PS_PATTERN_TEXT_MAX + 1];
    struct ps_pattern_text *text;
    clock_t begun, took, worst = 0;

    (void)state;
    memset(letters, 'a', PS_PATTERN_TEXT_MAX);
    text = ps_pattern_text_create(letters);
    for (size_t i = 0; i < PS_COUNT_OF(patterns); i++) {
        struct ps_err err = { .what = "" };
        struct ps_pattern *pattern;

        begun = clock();
        pattern = ps_pattern_create(patterns[i], strlen(patterns[i]), &err);
        if (pattern == NULL)
            fail_msg("%s: %s", patterns[i], err.what);
        assert_false(ps_pattern_finds(pattern, text));
        took = clock() - begun;
        worst = took > worst ? took : worst;
        ps_pattern_destroy(pattern);
    }
    ps_pattern_text_destroy(text);
    (void)printf("the worst of %zu patterns over %d characters: %.1f ms\n", PS_COUNT_OF(patterns),
                 PS_PATTERN_TEXT_MAX, (double)worst * 1000 / CLOCKS_PER_SEC);
    assert_true(worst < 2 * CLOCKS_PER_SEC);
}

static void a_text_is_looked_at_up_to_its_limit(void **state)
{
    static char letters[PS_PATTERN_TEXT_MAX + 2];

    (void)state;
    memset(letters, 'a', PS_PATTERN_TEXT_MAX + 1);
    letters[PS_PATTERN_TEXT_MAX - 1] = 'x';
    letters[PS_PATTERN_TEXT_MAX] = 'y';
    assert_true(finds("x", letters));
    assert_false(finds("y", letters));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_finds),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(no_text_makes_it_slow),
        cmocka_unit_test(a_text_is_looked_at_up_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
