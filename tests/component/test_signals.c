/* Signals between programs, on a private redis-server. */
#include "shared/io/signals.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000, OFTEN_MS = 1, SELDOM_MS = 2 };

/* A program: its main connection, and the signals that it received. */
struct program {
    struct ps_redis *redis;
    struct ps_signals *signals;
    int outbox, stats;
};

static struct ps_test_redis *server;
static struct ps_loop *loop;
static struct ps_keys *keys;
static struct program one, two;

static void on_outbox(void *cookie)
{
    ((struct program *)cookie)->outbox++;
}

static void on_stats(void *cookie)
{
    ((struct program *)cookie)->stats++;
}

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

static void start_program(struct program *program, const char *url)
{
    struct ps_redis_options options = { .url = url, .client_name = "program" };
    struct ps_err err;

    program->redis = ps_redis_create(loop, &options, on_state, NULL, &err);
    assert_non_null(program->redis);
    program->signals = ps_signals_create(loop, &options, program->redis, keys, &err);
    assert_non_null(program->signals);
    ps_signals_listen(program->signals, PS_SIGNAL_OUTBOX, on_outbox, program);
    ps_signals_listen(program->signals, PS_SIGNAL_STATS, on_stats, program);
}

static void stop_program(struct program *program)
{
    ps_signals_destroy(program->signals);
    ps_redis_destroy(program->redis);
    *program = (struct program){ 0 };
}

static bool listens(void *cookie)
{
    const struct program *program = cookie;

    return ps_redis_up(program->redis) && ps_signals_arrive(program->signals) &&
           program->outbox > 0;
}

static bool both_block(void *cookie)
{
    (void)cookie;
    return ps_test_redis_info(server, "clients", "blocked_clients") == 2;
}

/* From here on nothing was received. */
static void wait_both(void)
{
    assert_true(ps_test_run_until(loop, listens, &one, LIMIT_MS));
    assert_true(ps_test_run_until(loop, listens, &two, LIMIT_MS));
    assert_true(ps_test_run_until(loop, both_block, NULL, LIMIT_MS));
    one.outbox = one.stats = two.outbox = two.stats = 0;
}

static bool hears_outbox(void *cookie)
{
    return ((struct program *)cookie)->outbox > 0;
}

static int set_up(void **state)
{
    (void)state;
    server = ps_test_redis_start(NULL);
    loop = ps_loop_create();
    keys = ps_keys_create("t:");
    start_program(&one, ps_test_redis_url(server));
    start_program(&two, ps_test_redis_url(server));
    wait_both();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop_program(&one);
    stop_program(&two);
    ps_keys_destroy(keys);
    ps_loop_destroy(loop);
    ps_test_redis_destroy(server);
    return 0;
}

static void test_every_program_hears_a_signal_and_no_other(void **state)
{
    (void)state;
    ps_signals_send(one.signals, PS_SIGNAL_OUTBOX);
    assert_true(ps_test_run_until(loop, hears_outbox, &one, LIMIT_MS));
    assert_true(ps_test_run_until(loop, hears_outbox, &two, LIMIT_MS));
    assert_int_equal(one.outbox, 1);
    assert_int_equal(one.stats, 0);
    assert_int_equal(two.stats, 0);
}

static bool is_quiet(void *cookie)
{
    static int64_t length, since_ms;
    int64_t now = ps_test_redis_int(server, "XLEN t:signals");

    (void)cookie;
    if (now != length || since_ms == 0) {
        length = now;
        since_ms = ps_loop_now(loop);
    }
    return ps_loop_now(loop) - since_ms > 500;
}

static void test_many_sends_are_few_signals_and_the_last_one_is_not_lost(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        ps_signals_send(one.signals, PS_SIGNAL_OUTBOX);
    assert_true(ps_test_run_until(loop, is_quiet, NULL, LIMIT_MS));
    assert_int_equal(ps_test_redis_int(server, "XLEN t:signals"), 2);
    assert_in_range(two.outbox, 1, 2);
}

static void test_after_a_lost_connection_everybody_looks(void **state)
{
    (void)state;
    (void)ps_test_redis_do(server, "CLIENT KILL TYPE normal");
    assert_true(ps_test_run_until(loop, hears_outbox, &one, LIMIT_MS));
    assert_true(ps_test_run_until(loop, hears_outbox, &two, LIMIT_MS));
    wait_both();
    ps_signals_send(two.signals, PS_SIGNAL_OUTBOX);
    assert_true(ps_test_run_until(loop, hears_outbox, &one, LIMIT_MS));
}

static void test_a_flush_loses_no_later_signal(void **state)
{
    (void)state;
    ps_signals_send(one.signals, PS_SIGNAL_STATS);
    assert_string_equal(ps_test_redis_do(server, "FLUSHALL"), "OK");
    ps_test_run_for(loop, 300);
    ps_signals_send(one.signals, PS_SIGNAL_OUTBOX);
    assert_true(ps_test_run_until(loop, hears_outbox, &two, LIMIT_MS));
}

static void test_the_period_is_long_only_while_signals_arrive(void **state)
{
    (void)state;
    assert_int_equal(ps_signals_period(one.signals, OFTEN_MS, SELDOM_MS), SELDOM_MS);
    assert_int_equal(ps_signals_period(NULL, OFTEN_MS, SELDOM_MS), OFTEN_MS);
    ps_signals_send(NULL, PS_SIGNAL_OUTBOX); /* of a daemon that closes */
}

static bool was_refused(void *cookie)
{
    const struct program *program = cookie;

    return program->outbox > 0 && !ps_signals_arrive(program->signals);
}

static void test_a_user_who_may_not_read_them_is_told_by_none(void **state)
{
    char url[256];

    (void)state;
    stop_program(&two);
    (void)ps_test_redis_do(server, "ACL SETUSER old on >secret ~* +@all -xread");
    (void)snprintf(url, sizeof(url), "redis://old:secret@%s",
                   strstr(ps_test_redis_url(server), "://") + 3);
    start_program(&two, url);
    assert_true(ps_test_run_until(loop, was_refused, &two, LIMIT_MS));
    assert_int_equal(ps_signals_period(two.signals, OFTEN_MS, SELDOM_MS), OFTEN_MS);
}

static void test_a_command_sends_without_listening(void **state)
{
    (void)state;
    ps_signals_write(two.redis, keys, PS_SIGNAL_OUTBOX, NULL, NULL);
    assert_true(ps_test_run_until(loop, hears_outbox, &one, LIMIT_MS));
}

static void test_an_entry_of_another_version_is_passed_over(void **state)
{
    (void)state;
    (void)ps_test_redis_do(server, "XADD t:signals * what other more 1");
    (void)ps_test_redis_do(server, "XADD t:signals * else outbox");
    (void)ps_test_redis_do(server, "XADD t:signals * more 1 what outbox");
    assert_true(ps_test_run_until(loop, hears_outbox, &one, LIMIT_MS));
    assert_int_equal(one.outbox, 1);
    assert_int_equal(one.stats, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_program_hears_a_signal_and_no_other),
        CASE(test_many_sends_are_few_signals_and_the_last_one_is_not_lost),
        CASE(test_after_a_lost_connection_everybody_looks),
        CASE(test_a_flush_loses_no_later_signal),
        CASE(test_the_period_is_long_only_while_signals_arrive),
        CASE(test_a_user_who_may_not_read_them_is_told_by_none),
        CASE(test_a_command_sends_without_listening),
        CASE(test_an_entry_of_another_version_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
