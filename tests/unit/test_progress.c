#include "shared/core/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000 };

/* A look each second from from_ms to until_ms. */
static void look(struct ps_progress *progress, int64_t from_ms, int64_t until_ms, bool hindered,
                 uint64_t mark)
{
    const struct ps_progress_look seen = { hindered, mark };

    for (int64_t now_ms = from_ms; now_ms <= until_ms; now_ms += 1000)
        ps_progress_step(progress, &seen, now_ms);
}

static void work_that_does_not_move_is_stuck(void **state)
{
    struct ps_progress progress;

    (void)state;
    ps_progress_init(&progress, 5000);
    look(&progress, 6000, 6000, false, 4);
    look(&progress, 7000, 25000, false, 4);
    assert_false(ps_progress_stuck(&progress, LIMIT_MS));
    look(&progress, 26000, 26000, false, 4);
    assert_true(ps_progress_stuck(&progress, LIMIT_MS));
    look(&progress, 27000, 27000, false, 5);
    assert_false(ps_progress_stuck(&progress, LIMIT_MS));
}

static void whatever_hinders_it_begins_the_time_anew(void **state)
{
    struct ps_progress progress;

    (void)state;
    ps_progress_init(&progress, 0);
    look(&progress, 1000, 60000, true, 0);
    assert_false(ps_progress_stuck(&progress, LIMIT_MS));
    look(&progress, 61000, 75000, false, 0); /* the outage is over */
    assert_false(ps_progress_stuck(&progress, LIMIT_MS));
    look(&progress, 76000, 80000, false, 0);
    assert_true(ps_progress_stuck(&progress, LIMIT_MS));
}

/* SIGSTOP, a suspended machine: the time that nobody looked proves nothing. */
static void a_time_without_looks_does_not_count(void **state)
{
    struct ps_progress progress;

    (void)state;
    ps_progress_init(&progress, 0);
    look(&progress, 1000, 10000, false, 0);
    look(&progress, 600000, 609000, false, 0);
    assert_false(ps_progress_stuck(&progress, LIMIT_MS));
    look(&progress, 610000, 611000, false, 0);
    assert_true(ps_progress_stuck(&progress, LIMIT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_that_does_not_move_is_stuck),
        cmocka_unit_test(whatever_hinders_it_begins_the_time_anew),
        cmocka_unit_test(a_time_without_looks_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
