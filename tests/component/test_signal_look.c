/* A look that a signal asks for: none is forgotten, and none is made twice at once. */
#include "shared/io/clock.h"
#include "shared/io/signal_look.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000, LONG_MS = 3600 * 1000, SOME_MS = 300 };

static struct ps_loop *loop;
static struct ps_signal_look *look;
static int looks;
static int64_t began_ms;

static void on_look(void *cookie)
{
    (void)cookie;
    looks++;
    began_ms = ps_clock_mono_ms();
}

static bool looked(void *cookie)
{
    return looks >= *(int *)cookie;
}

static void until_looks(int count)
{
    assert_true(ps_test_run_until(loop, looked, &count, LIMIT_MS));
    assert_int_equal(looks, count);
}

static void no_look_comes(void)
{
    int before = looks;

    ps_test_run_for(loop, SOME_MS);
    assert_int_equal(looks, before);
}

static void create(struct ps_signals *signals, int64_t delay_ms, int64_t gap_ms)
{
    look = ps_signal_look_create(&(struct ps_signal_look_options){ .loop = loop,
                                                                   .signals = signals,
                                                                   .signal = PS_SIGNAL_STATS,
                                                                   .delay_ms = delay_ms,
                                                                   .gap_ms = gap_ms,
                                                                   .fn = on_look });
}

static int set_up(void **state)
{
    (void)state;
    loop = ps_loop_create();
    looks = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ps_signal_look_destroy(look);
    ps_loop_destroy(loop);
    return 0;
}

static void a_look_that_rests_is_made_when_it_is_wanted(void **state)
{
    (void)state;
    create(NULL, 0, 0);
    ps_signal_look_want(look); /* it has not begun: its owner reads everything when it does */
    no_look_comes();
    ps_signal_look_rest(look, LONG_MS);
    no_look_comes();
    ps_signal_look_want(look);
    until_looks(1);
    assert_true(ps_signal_look_out(look));
    ps_signal_look_rest(look, PS_SIGNAL_LOOK_NEVER);
    assert_false(ps_signal_look_out(look));
    no_look_comes(); /* the look answered it */
    ps_signal_look_want(look);
    until_looks(2);
    ps_signal_look_rest(look, 0);
    until_looks(3);
}

/* The look under way may have read before the change. */
static void what_is_wanted_during_a_look_is_looked_at_after_it(void **state)
{
    (void)state;
    create(NULL, 0, 0);
    ps_signal_look_rest(look, 0);
    until_looks(1);
    ps_signal_look_want(look);
    ps_signal_look_want(look);
    no_look_comes();
    ps_signal_look_rest(look, LONG_MS);
    until_looks(2);
    ps_signal_look_rest(look, LONG_MS);
    no_look_comes();
}

static void what_could_not_be_looked_at_is_looked_at_later(void **state)
{
    (void)state;
    create(NULL, 0, 0);
    ps_signal_look_rest(look, PS_SIGNAL_LOOK_NEVER);
    ps_signal_look_want(look);
    until_looks(1);
    ps_signal_look_want(look);
    ps_signal_look_put_off(look, SOME_MS / 2); /* and not at once, again and again */
    until_looks(2);
    ps_signal_look_put_off(look, LONG_MS);
    no_look_comes();
    ps_signal_look_rest(look, LONG_MS); /* the owner looks after all */
    until_looks(3);
}

/* In a poll there are many signals in a second. */
static void looks_that_signals_ask_for_are_apart(void **state)
{
    int64_t first_ms;

    (void)state;
    create(NULL, 0, SOME_MS);
    ps_signal_look_rest(look, 0);
    until_looks(1);
    first_ms = began_ms;
    ps_signal_look_rest(look, LONG_MS);
    ps_signal_look_want(look);
    until_looks(2);
    assert_true(began_ms - first_ms >= SOME_MS - PS_TIMER_EARLY_MS);
}

/* The next signals do not move it: there may be no end of them. */
static void a_delayed_look_is_delayed_once(void **state)
{
    int64_t first_ms = ps_clock_mono_ms();

    (void)state;
    create(NULL, SOME_MS, 0);
    ps_signal_look_rest(look, LONG_MS);
    while (looks == 0 && ps_clock_mono_ms() - first_ms < ps_test_paced(LIMIT_MS)) {
        ps_signal_look_want(look);
        ps_test_run_for(loop, 10);
    }
    assert_int_equal(looks, 1);
    assert_true(began_ms - first_ms >= SOME_MS - PS_TIMER_EARLY_MS);
    ps_signal_look_rest(look, LONG_MS);
    ps_signal_look_rest(look, 0); /* the owner's own look is not delayed */
    until_looks(2);
}

static void a_stopped_look_answers_no_signal(void **state)
{
    (void)state;
    create(NULL, 0, 0);
    assert_true(ps_signal_look_stopped(look));
    ps_signal_look_rest(look, 0);
    until_looks(1);
    ps_signal_look_want(look);
    ps_signal_look_stop(look);
    ps_signal_look_want(look);
    no_look_comes();
    ps_signal_look_rest(look, LONG_MS);
    no_look_comes();
}

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

static bool arrives(void *cookie)
{
    return ps_signals_arrive(cookie) && looks > 0;
}

static void a_signal_asks_for_a_look(void **state)
{
    struct ps_test_redis *server = ps_test_redis_start(NULL);
    struct ps_redis_options options = { .url = ps_test_redis_url(server), .client_name = "test" };
    struct ps_keys *keys = ps_keys_create("t:");
    struct ps_err err;
    struct ps_redis *redis = ps_redis_create(loop, &options, on_state, NULL, &err);
    struct ps_signals *signals = ps_signals_create(loop, &options, redis, keys, &err);

    (void)state;
    create(signals, 0, 0);
    ps_signal_look_rest(look, PS_SIGNAL_LOOK_NEVER);
    assert_true(ps_test_run_until(loop, arrives, signals, LIMIT_MS)); /* some may have been lost */
    assert_true(ps_signal_look_signalled_ms(look) > 0);
    ps_signal_look_rest(look, PS_SIGNAL_LOOK_NEVER);
    looks = 0;
    ps_signals_send(signals, PS_SIGNAL_OUTBOX);
    no_look_comes();
    ps_signals_send(signals, PS_SIGNAL_STATS);
    until_looks(1);
    ps_signals_destroy(signals);
    ps_redis_destroy(redis);
    ps_keys_destroy(keys);
    ps_test_redis_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_look_that_rests_is_made_when_it_is_wanted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_wanted_during_a_look_is_looked_at_after_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_could_not_be_looked_at_is_looked_at_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(looks_that_signals_ask_for_are_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_delayed_look_is_delayed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_look_answers_no_signal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signal_asks_for_a_look, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
