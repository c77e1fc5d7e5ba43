#include "shared/core/backoff.h"
#include "shared/core/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_delay_doubles_up_to_the_cap(void **state)
{
    static const struct {
        int64_t base, cap;
        int attempt;
        double rnd;
        int64_t delay;
    } cases[] = {
        {500,            10000,     1,       0.0,      250          },
        { 500,           10000,     1,       0.999999, 499          },
        { 500,           10000,     2,       0.0,      500          },
        { 500,           10000,     3,       0.5,      1500         },
        { 500,           10000,     5,       0.0,      4000         },
        { 500,           10000,     6,       0.0,      5000         },
        { 500,           10000,     1000000, 0.0,      5000         },
        { 500,           100,       1,       0.0,      50           },
        { 1,             1,         1,       0.0,      1            },
        { 0,             1000,      5,       0.5,      1            },
        { 1,             1000,      4,       0.0,      4            },
        { 500,           10000,     0,       0.0,      250          },
        { 500,           10000,     -3,      0.0,      250          },
        { INT64_MAX / 3, INT64_MAX, 9,       0.0,      INT64_MAX / 2},
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++)
        assert_true(ps_backoff_ms(cases[i].base, cases[i].cap, cases[i].attempt, cases[i].rnd) ==
                    cases[i].delay);
}

static void jitter_stays_between_half_and_all(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        int64_t delay = ps_backoff_ms(700, 60000, 4, i / 1000.0);

        assert_in_range(delay, 2800, 5600);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_delay_doubles_up_to_the_cap),
        cmocka_unit_test(jitter_stays_between_half_and_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
