#include "shared/core/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* a: admitted  r: refused  f: a failure  F: a failure that opens  s: a success  +: 10 ms pass  */
static void run(const char *trace, int threshold, const char *end)
{
    struct ps_breaker breaker;
    int64_t now = 1000;
    const char *at;

    ps_breaker_init(&breaker, threshold, 30);
    for (at = trace; *at != '\0'; at++) {
        switch (*at) {
        case 'a':
        case 'r':
            assert_int_equal(ps_breaker_admit(&breaker, now), *at == 'a');
            break;
        case 'f':
        case 'F':
            assert_int_equal(ps_breaker_failure(&breaker, now), *at == 'F');
            break;
        case 's':
            ps_breaker_success(&breaker);
            break;
        default:
            now += 10;
        }
    }
    assert_string_equal(ps_breaker_state_name(&breaker), end);
}

static void it_opens_after_failures_in_a_row_and_lets_one_trial_go(void **state)
{
    static const struct {
        const char *trace;
        int threshold;
        const char *end;
    } cases[] = {
        {"aaaa",              3, "closed"   },
        { "ffsffsff",         3, "closed"   },
        { "ffF",              3, "open"     },
        { "ffFr++r",          3, "open"     },
        { "ffF+++a",          3, "half_open"},
        { "ffF+++arr",        3, "half_open"},
        { "ffF+++asaa",       3, "closed"   },
        { "ffF+++asff",       3, "closed"   },
        { "ffF+++aFr++r+arr", 3, "half_open"},
        { "F",                1, "open"     },
        { "F",                0, "open"     },
        { "Fffs",             1, "open"     },
        { "F+++aFfs",         1, "open"     },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        run(cases[i].trace, cases[i].threshold, cases[i].end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_failures_in_a_row_and_lets_one_trial_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
