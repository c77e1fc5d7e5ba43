/* The rate limiter against a real Redis: a pause takes effect even when answers arrive late. */
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "tests/support/servers.h"
#include "worker/io/rate_limiter.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HOST      LIST("t:limit:site", "t:cooldown:site")

struct world {
    struct ps_test_redis *server;
    struct ps_loop *loop;
    struct ps_redis *redis;
    struct ps_keys *keys;
    struct ps_metrics *metrics;
    struct ps_failure_log *failures;
    struct ps_rate_limiter *limiter;
    int let_through;
};

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

static void on_turn(void *cookie)
{
    struct world *world = cookie;

    world->let_through++;
}

static bool is_up(void *cookie)
{
    const struct world *world = cookie;

    return ps_redis_up(world->redis);
}

static bool has_asked(void *cookie)
{
    const struct world *world = cookie;

    return ps_redis_outstanding(world->redis) > 0;
}

static bool is_through(void *cookie)
{
    const struct world *world = cookie;

    return world->let_through > 0;
}

static void world_open_capped(struct world *world, double rate, size_t cap)
{
    struct ps_rate_limiter_options options = { .rate = rate,
                                               .floor = 1,
                                               .burst = 20,
                                               .slots = 20,
                                               .host_cap = cap,
                                               .timeout_ms = 1000,
                                               .instance = "w" };
    struct ps_redis_options redis;
    struct ps_err err;

    memset(world, 0, sizeof(*world));
    world->server = ps_test_redis_start(NULL);
    redis = (struct ps_redis_options){ .url = ps_test_redis_url(world->server) };
    world->loop = ps_loop_create();
    world->redis = ps_redis_create(world->loop, &redis, on_state, NULL, &err);
    world->keys = ps_keys_create("t:");
    options.loop = world->loop;
    options.redis = world->redis;
    options.keys = world->keys;
    world->metrics = ps_metrics_create();
    world->failures = ps_failure_log_create(world->redis, world->keys, world->metrics, "worker");
    options.failures = world->failures;
    world->limiter = ps_rate_limiter_create(&options);
    assert_true(ps_test_run_until(world->loop, is_up, world, 10000));
    /* load the script first, so that one round trip is enough */
    ps_test_redis_script(world->server, PS_SCRIPT_HOST_ADMIT, HOST,
                         LIST("0", "1", "1", "0", "other", "0", "1", "1000", "0", "0"));
}

static void world_open(struct world *world, double rate)
{
    world_open_capped(world, rate, 0);
}

static void world_close(struct world *world)
{
    ps_redis_destroy(world->redis);
    ps_rate_limiter_destroy(world->limiter);
    ps_failure_log_destroy(world->failures);
    ps_metrics_destroy(world->metrics);
    ps_keys_destroy(world->keys);
    ps_loop_destroy(world->loop);
    ps_test_redis_destroy(world->server);
}

static void enter(struct world *world, struct ps_permit *permit)
{
    struct ps_err err;

    *permit = (struct ps_permit){ .state = PS_PERMIT_NONE };
    assert_true(
        ps_rate_limiter_acquire(world->limiter, permit, "http://site/x.pdf", on_turn, world, &err));
}

/* Leaves a question whose answer has arrived but was not read. A busy machine may read it too
   early; then the whole attempt is repeated. */
static void stop_with_an_unread_answer(struct world *world, struct ps_permit *permit, double rate)
{
    for (int i = 0; i < 20; i++) {
        world_open(world, rate);
        enter(world, permit);
        assert_true(ps_test_run_until(world->loop, has_asked, world, 5000));
        (void)event_base_loop(ps_loop_base(world->loop), EVLOOP_NONBLOCK); /* sends it */
        ps_test_sleep_ms(200);
        if (ps_redis_outstanding(world->redis) > 0)
            return;
        ps_rate_limiter_release(world->limiter, permit);
        world_close(world);
    }
    fail_msg("the answer was read at once, 20 times");
}

/* The process is stopped while its question is unanswered; meanwhile another worker sets a pause.
 */
static void permits_from_before_a_pause_are_void(double rate)
{
    struct world world;
    struct ps_permit permit;

    stop_with_an_unread_answer(&world, &permit, rate);
    ps_test_redis_script(world.server, PS_SCRIPT_HOST_PAUSE, HOST, LIST("1500", "0", "429", "1"));
    ps_test_run_for(world.loop, 700);
    assert_int_equal(world.let_through, 0);
    assert_true(ps_permit_pause_ms(world.limiter, &permit) > 0);
    assert_true(ps_test_run_until(world.loop, is_through, &world, 5000)); /* it is over */
    ps_rate_limiter_release(world.limiter, &permit);
    world_close(&world);
}

static void a_pause_holds_after_the_process_was_stopped(void **state)
{
    (void)state;
    permits_from_before_a_pause_are_void(1000);
    permits_from_before_a_pause_are_void(0);
}

static void a_slow_redis_still_admits_requests(void **state)
{
    struct world world;
    struct ps_permit permit;

    (void)state;
    world_open(&world, 1000);
    enter(&world, &permit);
    for (int i = 0; i < 20 && world.let_through == 0; i++) { /* each answer takes this long */
        (void)event_base_loop(ps_loop_base(world.loop), EVLOOP_NONBLOCK);
        (void)event_base_loop(ps_loop_base(world.loop), EVLOOP_NONBLOCK);
        ps_test_sleep_ms(150);
    }
    assert_int_equal(world.let_through, 1);
    ps_rate_limiter_release(world.limiter, &permit);
    world_close(&world);
}

static bool is_reported(void *cookie)
{
    const struct world *world = cookie;

    return ps_test_redis_int(world->server, "EXISTS t:cooldown:site") == 1;
}

static bool has_failures(void *cookie)
{
    const struct world *world = cookie;

    return ps_test_redis_int(world->server, "XLEN t:failures") > 0;
}

/* Guarantee 7: a host that answers "slow down" is a RATE_LIMIT failure, recorded once per pause. */
static void a_pause_is_a_rate_limit_failure(void **state)
{
    struct world world;
    const char *entries;

    (void)state;
    world_open(&world, 100);
    for (int i = 0; i < 3; i++) /* requests that were in flight together */
        ps_rate_limiter_pause_host(world.limiter, "http://site/x.pdf", 2000, 429);
    assert_true(ps_test_run_until(world.loop, has_failures, &world, 5000));
    assert_true(ps_test_run_until(world.loop, is_reported, &world, 5000));
    assert_int_equal(ps_failure_log_counts(world.failures)[PS_FAILURE_RATE_LIMIT], 1);
    entries = ps_test_redis_do(world.server, "XRANGE t:failures - +");
    assert_non_null(strstr(entries, "failure_category RATE_LIMIT what PROBE-COOLDOWN "
                                    "url http://site/x.pdf status 429"));
    world_close(&world);
}

static void a_pause_that_redis_rejected_is_sent_again(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, 100);
    ps_test_redis_do(world.server, "RPUSH t:limit:site x"); /* makes the script fail */
    ps_rate_limiter_pause_host(world.limiter, "http://site/x.pdf", 60000, 429);
    assert_true(ps_test_run_until(world.loop, has_failures, &world, 5000));
    ps_test_run_for(world.loop, 100);
    assert_false(is_reported(&world));
    ps_test_redis_do(world.server, "DEL t:limit:site");
    assert_true(ps_test_run_until(world.loop, is_reported, &world, 10000));
    world_close(&world);
}

static bool is_present_only(void *cookie)
{
    const struct world *world = cookie;

    return strstr(ps_test_redis_do(world->server, "GET t:limit:site"), "\"held\":0") != NULL;
}

static bool is_gone(void *cookie)
{
    const struct world *world = cookie;

    return strstr(ps_test_redis_do(world->server, "GET t:limit:site"), "\"w\"") == NULL;
}

/* The others leave an idle worker a part of the cap, and use it once the worker has stopped. */
static void an_idle_worker_is_present_until_it_stops(void **state)
{
    struct world world;
    struct ps_permit permit;

    (void)state;
    world_open_capped(&world, 1000, 8);
    enter(&world, &permit);
    assert_true(ps_test_run_until(world.loop, is_through, &world, 5000));
    ps_rate_limiter_release(world.limiter, &permit);
    assert_true(ps_test_run_until(world.loop, is_present_only, &world, 5000));
    ps_rate_limiter_return_share(world.limiter);
    assert_true(ps_test_run_until(world.loop, is_gone, &world, 5000));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_holds_after_the_process_was_stopped),
        cmocka_unit_test(a_slow_redis_still_admits_requests),
        cmocka_unit_test(a_pause_is_a_rate_limit_failure),
        cmocka_unit_test(a_pause_that_redis_rejected_is_sent_again),
        cmocka_unit_test(an_idle_worker_is_present_until_it_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
