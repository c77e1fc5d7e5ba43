#include "shared/core/stall_detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000 };

/* A look each second from from_ms to until_ms. */
static void look(struct ps_stall_detector *progress, int64_t from_ms, int64_t until_ms,
                 bool hindered, uint64_t mark)
{
    const struct ps_stall_detector_look seen = { hindered, false, mark };

    for (int64_t now_ms = from_ms; now_ms <= until_ms; now_ms += 1000)
        ps_stall_detector_step(progress, &seen, now_ms);
}

static void work_that_does_not_move_is_stuck(void **state)
{
    struct ps_stall_detector progress;

    (void)state;
    ps_stall_detector_init(&progress, 5000);
    look(&progress, 6000, 6000, false, 4);
    look(&progress, 7000, 25000, false, 4);
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look(&progress, 26000, 26000, false, 4);
    assert_true(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look(&progress, 27000, 27000, false, 5);
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
}

static void whatever_hinders_it_begins_the_time_anew(void **state)
{
    struct ps_stall_detector progress;

    (void)state;
    ps_stall_detector_init(&progress, 0);
    look(&progress, 1000, 60000, true, 0);
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look(&progress, 61000, 75000, false, 0); /* the outage is over */
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look(&progress, 76000, 80000, false, 0);
    assert_true(ps_stall_detector_stuck(&progress, LIMIT_MS));
}

/* SIGSTOP, a suspended machine: the time that nobody looked proves nothing. */
static void a_time_without_looks_does_not_count(void **state)
{
    struct ps_stall_detector progress;

    (void)state;
    ps_stall_detector_init(&progress, 0);
    look(&progress, 1000, 10000, false, 0);
    look(&progress, 600000, 609000, false, 0);
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look(&progress, 610000, 611000, false, 0);
    assert_true(ps_stall_detector_stuck(&progress, LIMIT_MS));
}

static void look_idle(struct ps_stall_detector *progress, int64_t from_ms, int64_t until_ms)
{
    const struct ps_stall_detector_look seen = { false, true, 0 };

    for (int64_t now_ms = from_ms; now_ms <= until_ms; now_ms += 1000)
        ps_stall_detector_step(progress, &seen, now_ms);
}

static void without_work_nothing_is_stuck(void **state)
{
    struct ps_stall_detector progress;

    (void)state;
    ps_stall_detector_init(&progress, 0);
    look(&progress, 1000, 60000, false, 0);
    assert_true(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look_idle(&progress, 61000, 61000);
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
}

/* A cycle that ends at its deadline and begins anew, with nobody who works: stuck after a while. */
static void work_given_out_anew_is_no_progress(void **state)
{
    struct ps_stall_detector progress;

    (void)state;
    ps_stall_detector_init(&progress, 0);
    look(&progress, 1000, 12000, false, 0);
    look_idle(&progress, 13000, 600000);
    look(&progress, 601000, 607000, false, 0);
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
    look(&progress, 608000, 608000, false, 0);
    assert_true(ps_stall_detector_stuck(&progress, LIMIT_MS));
}

/* However long it stood still before: who works now has the time to show it. */
static void a_time_without_work_forgets_most_of_a_standstill(void **state)
{
    struct ps_stall_detector progress;

    (void)state;
    ps_stall_detector_init(&progress, 0);
    look(&progress, 1000, 500000, false, 0);
    look_idle(&progress, 501000, 501000);
    look(&progress, 502000, 502000, false, 0);
    assert_true(ps_stall_detector_stuck(&progress, PS_STALL_DETECTOR_KEPT_MS));
    assert_false(ps_stall_detector_stuck(&progress, LIMIT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_that_does_not_move_is_stuck),
        cmocka_unit_test(whatever_hinders_it_begins_the_time_anew),
        cmocka_unit_test(a_time_without_looks_does_not_count),
        cmocka_unit_test(without_work_nothing_is_stuck),
        cmocka_unit_test(work_given_out_anew_is_no_progress),
        cmocka_unit_test(a_time_without_work_forgets_most_of_a_standstill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
