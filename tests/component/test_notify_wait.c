/* The wait for the notify list, on a private redis-server. */
#include "notifier/io/notify_wait.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LIMIT_MS = 10000 };

struct waiter {
    struct ps_notify_wait *wait;
    int filled;
};

static struct ps_test_redis *server;
static struct ps_loop *loop;
static struct waiter one, two;

static void on_filled(void *cookie)
{
    ((struct waiter *)cookie)->filled++;
}

static void start_waiter(struct waiter *waiter)
{
    struct ps_redis_options options = { .url = ps_test_redis_url(server), .client_name = "waiter" };
    struct ps_err err;

    waiter->filled = 0;
    waiter->wait = ps_notify_wait_create(loop, &options, "t:notify", on_filled, waiter, &err);
    assert_non_null(waiter->wait);
}

static bool waits(void *cookie)
{
    return ps_notify_wait_start(((struct waiter *)cookie)->wait);
}

static bool is_filled(void *cookie)
{
    return ((struct waiter *)cookie)->filled > 0;
}

static bool are_blocked(void *cookie)
{
    return ps_test_redis_info(server, "clients", "blocked_clients") == *(int *)cookie;
}

static void wait_until_blocked(int count)
{
    assert_true(ps_test_run_until(loop, are_blocked, &count, LIMIT_MS));
}

static int set_up(void **state)
{
    (void)state;
    server = ps_test_redis_start(NULL);
    loop = ps_loop_create();
    start_waiter(&one);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ps_notify_wait_destroy(one.wait);
    ps_notify_wait_destroy(two.wait);
    one = two = (struct waiter){ 0 };
    ps_loop_destroy(loop);
    ps_test_redis_destroy(server);
    return 0;
}

static void test_every_waiter_learns_of_a_pushed_message_and_none_takes_it(void **state)
{
    (void)state;
    start_waiter(&two);
    assert_true(ps_test_run_until(loop, waits, &one, LIMIT_MS));
    assert_true(ps_test_run_until(loop, waits, &two, LIMIT_MS));
    wait_until_blocked(2);
    assert_string_equal(ps_test_redis_do(server, "RPUSH t:notify a b"), "2");
    assert_true(ps_test_run_until(loop, is_filled, &one, LIMIT_MS));
    assert_true(ps_test_run_until(loop, is_filled, &two, LIMIT_MS));
    assert_string_equal(ps_test_redis_do(server, "LRANGE t:notify 0 -1"), "[a b]");
}

static void test_a_wait_ends_once(void **state)
{
    (void)state;
    assert_true(ps_test_run_until(loop, waits, &one, LIMIT_MS));
    assert_true(ps_notify_wait_start(one.wait)); /* one wait, not two */
    wait_until_blocked(1);
    assert_string_equal(ps_test_redis_do(server, "RPUSH t:notify a"), "1");
    assert_true(ps_test_run_until(loop, is_filled, &one, LIMIT_MS));
    ps_test_run_for(loop, 100);
    assert_int_equal(one.filled, 1);
    assert_int_equal(ps_test_redis_int(server, "LLEN t:notify"), 1);
}

static void test_after_a_refusal_it_does_not_wait_for_a_while(void **state)
{
    (void)state;
    assert_string_equal(ps_test_redis_do(server, "SET t:notify text"), "OK");
    assert_true(ps_test_run_until(loop, waits, &one, LIMIT_MS)); /* sent; the error follows */
    ps_test_run_for(loop, 200);
    assert_int_equal(one.filled, 0);
    assert_false(ps_notify_wait_start(one.wait));
}

static void test_it_can_be_destroyed_while_it_waits(void **state)
{
    (void)state;
    assert_true(ps_test_run_until(loop, waits, &one, LIMIT_MS));
    wait_until_blocked(1);
    ps_notify_wait_destroy(one.wait);
    one.wait = NULL;
    wait_until_blocked(0);
    assert_int_equal(one.filled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_every_waiter_learns_of_a_pushed_message_and_none_takes_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_wait_ends_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_after_a_refusal_it_does_not_wait_for_a_while, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_it_can_be_destroyed_while_it_waits, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
