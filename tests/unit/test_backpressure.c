#include "notifier/core/backpressure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void one_warning_until_it_has_drained_below_70_percent(void **state)
{
    static const struct {
        int64_t depth;
        enum ps_backpressure_change want;
    } rows[] = {
        {0,     PS_BACKPRESSURE_SAME},
        { 100,  PS_BACKPRESSURE_SAME},
        { 101,  PS_BACKPRESSURE_WARN},
        { 5000, PS_BACKPRESSURE_SAME},
        { 99,   PS_BACKPRESSURE_SAME},
        { 101,  PS_BACKPRESSURE_SAME},
        { 70,   PS_BACKPRESSURE_SAME},
        { 69,   PS_BACKPRESSURE_OVER},
        { 0,    PS_BACKPRESSURE_SAME},
        { 100,  PS_BACKPRESSURE_SAME},
        { 101,  PS_BACKPRESSURE_WARN},
    };
    struct ps_backpressure pressure;

    (void)state;
    ps_backpressure_init(&pressure, 100);
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(ps_backpressure_step(&pressure, rows[i].depth), rows[i].want);
    assert_true(pressure.high);
}

static void the_least_threshold_is_over_when_empty(void **state)
{
    struct ps_backpressure pressure;

    (void)state;
    ps_backpressure_init(&pressure, 1);
    assert_int_equal(ps_backpressure_step(&pressure, 1), PS_BACKPRESSURE_SAME);
    assert_int_equal(ps_backpressure_step(&pressure, 2), PS_BACKPRESSURE_WARN);
    assert_int_equal(ps_backpressure_step(&pressure, 1), PS_BACKPRESSURE_SAME);
    assert_int_equal(ps_backpressure_step(&pressure, 0), PS_BACKPRESSURE_OVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_warning_until_it_has_drained_below_70_percent),
        cmocka_unit_test(the_least_threshold_is_over_when_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
