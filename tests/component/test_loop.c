/* Timers of the loop. */
#include "shared/io/clock.h"
#include "tests/support/servers.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TIMERS = 4, LIMIT_MS = 20000 };

struct look {
    struct ps_timer *timer;
    int runs;
    int turn; /* of the loop, in which it ran last */
};

static struct ps_loop *loop;
static struct look looks[TIMERS];
static int turn;

static void on_look(void *cookie)
{
    struct look *look = cookie;

    look->runs++;
    look->turn = turn;
    ps_timer_set_about(look->timer, 1000);
}

static int set_up(void **state)
{
    (void)state;
    loop = ps_loop_create();
    for (int i = 0; i < TIMERS; i++)
        looks[i] = (struct look){ .timer = ps_timer_create(loop, on_look, &looks[i]) };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < TIMERS; i++)
        ps_timer_destroy(looks[i].timer);
    ps_loop_destroy(loop);
    return 0;
}

static void spin_ms(int64_t ms)
{
    int64_t end_ms = ps_clock_mono_ms() + ms;

    while (ps_clock_mono_ms() < end_ms)
        continue;
}

/* Each of them is one sleep less of an idle program. */
static void looks_run_together_whenever_they_began(void **state)
{
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(LIMIT_MS);
    int together = 0;

    (void)state;
    for (int i = 0; i < TIMERS; i++) {
        ps_timer_set_about(looks[i].timer, 1000);
        spin_ms(130);
    }
    while (together < 3 && ps_clock_mono_ms() < end_ms) {
        bool all = true;

        turn++;
        (void)event_base_loop(ps_loop_base(loop), EVLOOP_ONCE);
        for (int i = 0; i < TIMERS; i++)
            all = all && looks[i].runs > 0 && looks[i].turn == turn;
        together += all ? 1 : 0;
    }
    assert_int_equal(together, 3);
}

static int first;

static void on_order(void *cookie)
{
    if (first == 0)
        first = *(int *)cookie;
}

/* Otherwise whatever depends on it would come later than its period says. */
static void no_look_comes_later_than_its_delay(void **state)
{
    (void)state;
    for (int64_t delay_ms = 1000; delay_ms < 4000; delay_ms += 170) {
        int64_t now_ms = ps_clock_mono_ms();

        ps_timer_set_about(looks[0].timer, delay_ms);
        assert_in_range(ps_timer_due_ms(looks[0].timer) - now_ms, delay_ms - 1000,
                        delay_ms + PS_TIMER_EARLY_MS);
    }
}

static int runs;

static void on_period(void *cookie)
{
    runs++;
    ps_timer_set_about(*(struct ps_timer **)cookie, 2000);
}

/* Not now a second and now three: a heartbeat would be too late. */
static void a_period_of_whole_seconds_is_kept(void **state)
{
    struct ps_timer *timer = NULL;
    int64_t began_ms, now_ms;

    (void)state;
    runs = 0;
    timer = ps_timer_create(loop, on_period, &timer);
    ps_timer_set_about(timer, 1000);
    began_ms = ps_clock_mono_ms();
    while (runs < 4 && ps_clock_mono_ms() - began_ms < ps_test_paced(LIMIT_MS))
        (void)event_base_loop(ps_loop_base(loop), EVLOOP_ONCE);
    now_ms = ps_clock_mono_ms();
    assert_int_equal(runs, 4);
    assert_true(now_ms - began_ms >= 6000 - PS_TIMER_EARLY_MS);
    ps_timer_destroy(timer);
}

static void a_timer_of_the_tick_can_be_cancelled_and_set_anew(void **state)
{
    int one = 1, two = 2;
    struct ps_timer *cancelled = ps_timer_create(loop, on_order, &one);
    struct ps_timer *moved = ps_timer_create(loop, on_order, &two);

    (void)state;
    first = 0;
    ps_timer_set_about(cancelled, 1000);
    ps_timer_set_about(moved, 60 * 1000);
    assert_true(ps_timer_pending(cancelled));
    ps_timer_cancel(cancelled);
    assert_false(ps_timer_pending(cancelled));
    ps_timer_set(moved, 0);
    (void)event_base_loop(ps_loop_base(loop), EVLOOP_ONCE);
    assert_int_equal(first, 2);
    assert_false(ps_timer_pending(moved));
    ps_test_run_for(loop, 1100);
    assert_int_equal(first, 2);
    ps_timer_destroy(cancelled);
    ps_timer_set_about(moved, 1000);
    ps_timer_destroy(moved);
    ps_test_run_for(loop, 1100);
}

/* The delay counts, however near the moment is at which the others run. */
static void a_short_delay_is_kept(void **state)
{
    int one = 1, two = 2;
    struct ps_timer *sooner = ps_timer_create(loop, on_order, &one);
    struct ps_timer *later = ps_timer_create(loop, on_order, &two);

    (void)state;
    first = 0;
    ps_timer_set_about(later, 900);
    ps_timer_set_about(sooner, 300);
    ps_test_run_for(loop, 1000);
    assert_int_equal(first, 1);
    assert_false(ps_timer_pending(later));
    ps_timer_destroy(sooner);
    ps_timer_destroy(later);
}

static void on_nothing(void *cookie)
{
    (void)cookie;
}

/* The loop ticks once a second, and notices a callback that stops it for less than that. */
static void a_timer_that_runs_late_shows_that_the_loop_stood_still(void **state)
{
    struct ps_timer *timer = ps_timer_create(loop, on_nothing, NULL);

    (void)state;
    ps_timer_set(timer, 10);
    spin_ms(300);
    (void)event_base_loop(ps_loop_base(loop), EVLOOP_ONCE);
    assert_true(ps_loop_lag_ms(loop) >= 250);
    ps_timer_destroy(timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(looks_run_together_whenever_they_began, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_look_comes_later_than_its_delay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_period_of_whole_seconds_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_of_the_tick_can_be_cancelled_and_set_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_short_delay_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_that_runs_late_shows_that_the_loop_stood_still,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
