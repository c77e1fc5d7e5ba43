/* Completes held entries against a real Redis: Redis accepts each exactly once, whatever happens to
 * batches and connections meanwhile. */
#include "shared/core/alloc.h"
#include "tests/support/servers.h"
#include "worker/io/task_completion.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES = 300, PATIENCE_MS = 10000 };

struct world {
    struct ps_test_redis *server;
    struct ps_loop *loop;
    struct ps_redis *redis;
    struct ps_keys *keys;
    struct ps_task_completion *completion;
    int accepted[ENTRIES]; /* how often Redis accepted it */
    int sent, total;
};

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    const struct world *world = cookie;

    (void)err;
    ps_task_completion_on_redis(world->completion, up);
}

static void on_accepted(void *cookie, void *item)
{
    struct world *world = cookie;

    ++*(int *)item;
    world->total++;
}

static bool is_up(void *cookie)
{
    const struct world *world = cookie;

    return ps_redis_up(world->redis);
}

static bool all_are_accepted(void *cookie)
{
    const struct world *world = cookie;

    return world->total >= world->sent;
}

/* Entries 1-0, 2-0, ... are pending for worker w. */
static void world_open(struct world *world)
{
    struct ps_redis_options redis;
    struct ps_task_completion_options options;
    struct ps_err err;

    memset(world, 0, sizeof(*world));
    world->server = ps_test_redis_start(NULL);
    ps_test_redis_do(world->server, "XGROUP CREATE t:tasks workers 0 MKSTREAM");
    for (int i = 1; i <= ENTRIES; i++)
        ps_test_redis_do(world->server, "XADD t:tasks %d-0 task x", i);
    ps_test_redis_do(world->server, "XREADGROUP GROUP workers w COUNT %d STREAMS t:tasks >",
                     ENTRIES);
    assert_int_equal(ps_test_redis_int(world->server, "XLEN t:tasks"), ENTRIES);
    redis = (struct ps_redis_options){ .url = ps_test_redis_url(world->server) };
    world->loop = ps_loop_create();
    world->redis = ps_redis_create(world->loop, &redis, on_state, world, &err);
    assert_non_null(world->redis);
    world->keys = ps_keys_create("t:");
    options = (struct ps_task_completion_options){ .loop = world->loop,
                                                   .redis = world->redis,
                                                   .keys = world->keys,
                                                   .instance = "w",
                                                   .fn = on_accepted,
                                                   .cookie = world };
    world->completion = ps_task_completion_create(&options);
    assert_true(ps_test_run_until(world->loop, is_up, world, PATIENCE_MS));
}

static void world_close(struct world *world)
{
    ps_redis_destroy(world->redis);
    ps_task_completion_destroy(world->completion);
    ps_keys_destroy(world->keys);
    ps_loop_destroy(world->loop);
    ps_test_redis_destroy(world->server);
}

static void finish(struct world *world, int count)
{
    char id[24];

    for (int i = 0; i < count; i++) {
        struct ps_fields fields;

        ps_fields_init(&fields);
        ps_fields_add(&fields, "task", "x");
        ps_fields_add_int(&fields, "attempts", 1);
        (void)snprintf(id, sizeof(id), "%d-0", world->sent + 1);
        ps_task_completion_finish(world->completion, id, &fields, &world->accepted[world->sent++]);
        ps_fields_clear(&fields);
    }
}

static void turn(const struct world *world)
{
    (void)event_base_loop(ps_loop_base(world->loop), EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void all_are_accepted_once(struct world *world)
{
    assert_true(ps_test_run_until(world->loop, all_are_accepted, world, PATIENCE_MS));
    for (int i = 0; i < world->sent; i++)
        assert_int_equal(world->accepted[i], 1);
    assert_int_equal(ps_test_redis_int(world->server, "XLEN t:results"), world->sent);
    assert_int_equal(ps_test_redis_int(world->server, "XLEN t:tasks"), ENTRIES - world->sent);
}

static void many_entries_take_few_round_trips(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    finish(&world, ENTRIES);
    assert_int_equal(ps_task_completion_round_trips(world.completion),
                     0); /* not before the loop's next turn */
    all_are_accepted_once(&world);
    assert_int_equal(ps_task_completion_round_trips(world.completion),
                     1 + (ENTRIES - 1) / PS_TASK_COMPLETION_BATCH);
    world_close(&world);
}

static void a_single_entry_is_sent_after_a_short_wait(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    finish(&world, 1);
    turn(&world);
    assert_int_equal(ps_task_completion_round_trips(world.completion), 0);
    all_are_accepted_once(&world);
    world_close(&world);
}

static bool one_is_accepted(void *cookie)
{
    const struct world *world = cookie;

    return world->total > 0;
}

/* Redis learns the script between two batches, and refuses it after the second one. So the first
 * batch, which is sent again with the script's text, is answered last and with an error. */
static void replies_arrive_out_of_order(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    finish(&world, 2 * PS_TASK_COMPLETION_BATCH - 1);
    while (ps_task_completion_round_trips(world.completion) < 1)
        turn(&world);
    PS_REDIS(world.redis, NULL, NULL, "SCRIPT", "LOAD", ps_scripts[PS_SCRIPT_TASK_FINISH].text);
    finish(&world, 1);
    while (ps_task_completion_round_trips(world.completion) < 2)
        turn(&world);
    PS_REDIS(world.redis, NULL, NULL, "ACL", "SETUSER", "default", "-xack");
    assert_true(ps_test_run_until(world.loop, one_is_accepted, &world, PATIENCE_MS));
    for (int i = 0; i < world.sent; i++)
        assert_int_equal(world.accepted[i], i < PS_TASK_COMPLETION_BATCH ? 0 : 1);
    ps_test_redis_do(world.server, "ACL SETUSER default +xack");
    all_are_accepted_once(&world);
    world_close(&world);
}

static void a_refused_batch_is_retried_after_a_delay(void **state)
{
    struct world world;
    uint64_t round_trips;

    (void)state;
    world_open(&world);
    ps_test_redis_do(world.server, "ACL SETUSER default -xack");
    finish(&world, ENTRIES);
    ps_test_run_for(world.loop, 200);
    round_trips = ps_task_completion_round_trips(world.completion);
    assert_in_range(round_trips, 1, 2); /* no retry before the delay */
    assert_int_equal(world.total, 0);
    ps_test_redis_do(world.server, "ACL SETUSER default +xack");
    all_are_accepted_once(&world);
    world_close(&world);
}

static void batches_survive_a_lost_connection(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    finish(&world, ENTRIES);
    while (ps_task_completion_round_trips(world.completion) < 2)
        turn(&world);
    ps_redis_reset(world.redis);
    all_are_accepted_once(&world);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_entries_take_few_round_trips),
        cmocka_unit_test(a_single_entry_is_sent_after_a_short_wait),
        cmocka_unit_test(replies_arrive_out_of_order),
        cmocka_unit_test(a_refused_batch_is_retried_after_a_delay),
        cmocka_unit_test(batches_survive_a_lost_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
