#include "scheduler/core/publish_schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct ps_publish_schedule spread = {
    .hot = 10, .len = 110, .started_ms = 5000, .span_ms = 1000
};

static void hot_ones_go_at_once_and_cold_ones_evenly(void **state)
{
    (void)state;
    assert_int_equal(ps_publish_schedule_until(&spread, 5000), 11);
    assert_int_equal(ps_publish_schedule_until(&spread, 5009), 11);
    assert_int_equal(ps_publish_schedule_until(&spread, 5010), 12);
    assert_int_equal(ps_publish_schedule_until(&spread, 5500), 61);
    assert_int_equal(ps_publish_schedule_until(&spread, 5990), 110);
    assert_int_equal(ps_publish_schedule_until(&spread, 99999), 110);
}

static void a_position_knows_its_wait(void **state)
{
    (void)state;
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 9, 5000), 0);
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 10, 5000), 0);
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 60, 5000), 500);
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 60, 5400), 100);
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 109, 9000), 0);
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 110, 5000), 0);
}

static void a_clock_set_back_holds_nothing_for_longer_than_the_span(void **state)
{
    (void)state;
    assert_int_equal(ps_publish_schedule_wait_ms(&spread, 60, 0), 1000);
}

static void without_a_span_or_cold_ones_nothing_waits(void **state)
{
    struct ps_publish_schedule none = spread;

    (void)state;
    none.span_ms = 0;
    assert_int_equal(ps_publish_schedule_until(&none, 5000), 110);
    none = spread;
    none.hot = 110;
    assert_int_equal(ps_publish_schedule_until(&none, 5000), 110);
    none.hot = none.len = 0;
    assert_int_equal(ps_publish_schedule_until(&none, 5000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot_ones_go_at_once_and_cold_ones_evenly),
        cmocka_unit_test(a_position_knows_its_wait),
        cmocka_unit_test(a_clock_set_back_holds_nothing_for_longer_than_the_span),
        cmocka_unit_test(without_a_span_or_cold_ones_nothing_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
