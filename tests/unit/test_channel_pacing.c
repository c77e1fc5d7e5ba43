#include "notifier/core/channel_pacing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_next_request_waits_for_the_interval(void **state)
{
    struct ps_channel_pacing pace;

    (void)state;
    ps_channel_pacing_init(&pace, 1000);
    assert_true(ps_channel_pacing_next_ms(&pace) <= 0);
    ps_channel_pacing_start(&pace, 5000);
    assert_int_equal(ps_channel_pacing_next_ms(&pace), 6000);
    assert_false(ps_channel_pacing_held(&pace, 5500));
}

static void without_an_interval_nothing_waits(void **state)
{
    struct ps_channel_pacing pace;

    (void)state;
    ps_channel_pacing_init(&pace, 0);
    ps_channel_pacing_start(&pace, 5000);
    assert_int_equal(ps_channel_pacing_next_ms(&pace), 5000);
}

static void a_hold_outlasts_the_interval(void **state)
{
    struct ps_channel_pacing pace;

    (void)state;
    ps_channel_pacing_init(&pace, 1000);
    ps_channel_pacing_start(&pace, 5000);
    ps_channel_pacing_hold(&pace, 5100, 30000);
    assert_int_equal(ps_channel_pacing_next_ms(&pace), 35100);
    assert_true(ps_channel_pacing_held(&pace, 35099));
    assert_false(ps_channel_pacing_held(&pace, 35100));
}

static void a_shorter_hold_never_cuts_a_longer_one(void **state)
{
    struct ps_channel_pacing pace;

    (void)state;
    ps_channel_pacing_init(&pace, 0);
    ps_channel_pacing_hold(&pace, 1000, 60000);
    ps_channel_pacing_hold(&pace, 2000, 1000);
    assert_int_equal(ps_channel_pacing_next_ms(&pace), 61000);
    ps_channel_pacing_hold(&pace, 2000, 90000);
    assert_int_equal(ps_channel_pacing_next_ms(&pace), 92000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_request_waits_for_the_interval),
        cmocka_unit_test(without_an_interval_nothing_waits),
        cmocka_unit_test(a_hold_outlasts_the_interval),
        cmocka_unit_test(a_shorter_hold_never_cuts_a_longer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
