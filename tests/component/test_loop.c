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
        cmocka_unit_test_setup_teardown(a_short_delay_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timer_that_runs_late_shows_that_the_loop_stood_still,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
