#include "shared/core/stall_detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000 };

/* Feeds one sample per second, from from_ms to until_ms. */
static void step(struct ps_stall_detector *detector, int64_t from_ms, int64_t until_ms,
                 bool blocked, uint64_t progress_counter)
{
    const struct ps_stall_sample sample = { blocked, false, progress_counter };

    for (int64_t now_ms = from_ms; now_ms <= until_ms; now_ms += 1000)
        ps_stall_detector_step(detector, &sample, now_ms);
}

static void work_that_does_not_move_is_stuck(void **state)
{
    struct ps_stall_detector detector;

    (void)state;
    ps_stall_detector_init(&detector, 5000);
    step(&detector, 6000, 6000, false, 4);
    step(&detector, 7000, 25000, false, 4);
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step(&detector, 26000, 26000, false, 4);
    assert_true(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step(&detector, 27000, 27000, false, 5);
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
}

static void an_outage_or_pause_restarts_the_limit(void **state)
{
    struct ps_stall_detector detector;

    (void)state;
    ps_stall_detector_init(&detector, 0);
    step(&detector, 1000, 60000, true, 0);
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step(&detector, 61000, 75000, false, 0); /* the outage is over */
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step(&detector, 76000, 80000, false, 0);
    assert_true(ps_stall_detector_stuck(&detector, LIMIT_MS));
}

/* After SIGSTOP or on a suspended machine no sample is taken; that gap proves nothing. */
static void time_in_which_the_process_did_not_run_does_not_count(void **state)
{
    struct ps_stall_detector detector;

    (void)state;
    ps_stall_detector_init(&detector, 0);
    step(&detector, 1000, 10000, false, 0);
    step(&detector, 600000, 609000, false, 0);
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step(&detector, 610000, 611000, false, 0);
    assert_true(ps_stall_detector_stuck(&detector, LIMIT_MS));
}

static void step_idle(struct ps_stall_detector *detector, int64_t from_ms, int64_t until_ms)
{
    const struct ps_stall_sample sample = { false, true, 0 };

    for (int64_t now_ms = from_ms; now_ms <= until_ms; now_ms += 1000)
        ps_stall_detector_step(detector, &sample, now_ms);
}

static void an_idle_program_is_never_stuck(void **state)
{
    struct ps_stall_detector detector;

    (void)state;
    ps_stall_detector_init(&detector, 0);
    step(&detector, 1000, 60000, false, 0);
    assert_true(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step_idle(&detector, 61000, 61000);
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
}

/* No worker makes progress, each cycle ends at its deadline and the next one begins: the time
 * before the idle gap counts on, up to PS_STALL_DETECTOR_CARRY_MS. */
static void the_same_work_given_out_again_is_no_progress(void **state)
{
    struct ps_stall_detector detector;

    (void)state;
    ps_stall_detector_init(&detector, 0);
    step(&detector, 1000, 12000, false, 0);
    step_idle(&detector, 13000, 600000);
    step(&detector, 601000, 607000, false, 0);
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
    step(&detector, 608000, 608000, false, 0);
    assert_true(ps_stall_detector_stuck(&detector, LIMIT_MS));
}

/* However long the stall was, new work gets some time before the program counts as stuck. */
static void an_idle_period_caps_the_stalled_time_before_it(void **state)
{
    struct ps_stall_detector detector;

    (void)state;
    ps_stall_detector_init(&detector, 0);
    step(&detector, 1000, 500000, false, 0);
    step_idle(&detector, 501000, 501000);
    step(&detector, 502000, 502000, false, 0);
    assert_true(ps_stall_detector_stuck(&detector, PS_STALL_DETECTOR_CARRY_MS));
    assert_false(ps_stall_detector_stuck(&detector, LIMIT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_that_does_not_move_is_stuck),
        cmocka_unit_test(an_outage_or_pause_restarts_the_limit),
        cmocka_unit_test(time_in_which_the_process_did_not_run_does_not_count),
        cmocka_unit_test(an_idle_program_is_never_stuck),
        cmocka_unit_test(the_same_work_given_out_again_is_no_progress),
        cmocka_unit_test(an_idle_period_caps_the_stalled_time_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
