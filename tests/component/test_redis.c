/* One connection against a real redis-server that is killed, paused, demoted, full or loading. */
#include "shared/io/redis.h"

#include "shared/core/alloc.h"
#include "shared/io/redis_script.h"
#include "tests/support/proxy.h"
#include "tests/support/servers.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SOON_MS = 10000, TEXT = 256 };

struct world {
    struct ps_loop *loop;
    struct ps_test_redis *server;
    struct ps_redis *redis;
    int ups;
    int downs;
    struct ps_err down; /* of the last time */
    bool poke;          /* send a write whenever up */
    int answers;        /* callbacks of on_any */
    int errors[8];      /* of them by code from PS_REDIS_ERR_REPLY */
    int other_errors;
    char text[TEXT]; /* last answer */
    struct ps_err err;
    bool sending; /* inside a send */
    int early;    /* callbacks that came inside one */
};

static int setup(void **state)
{
    struct world *world = ps_alloc_zero(1, sizeof(*world));

    world->loop = ps_loop_create();
    world->server = ps_test_redis_start(NULL);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    ps_redis_destroy(world->redis);
    ps_test_redis_destroy(world->server);
    ps_loop_destroy(world->loop);
    free(world);
    return 0;
}

static void on_any(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct world *world = cookie;
    const char *text = ps_redis_reply_text(reply, NULL);

    assert_true((reply == NULL) != (err == NULL));
    world->answers++;
    world->early += world->sending;
    (void)snprintf(world->text, sizeof(world->text), "%s", text == NULL ? "" : text);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
        (void)snprintf(world->text, sizeof(world->text), "%lld", reply->integer);
    if (err == NULL)
        return;
    world->err = *err;
    if (err->code >= PS_REDIS_ERR_REPLY && err->code <= PS_REDIS_ERR_NOCYCLE)
        world->errors[err->code - PS_REDIS_ERR_REPLY]++;
    else
        world->other_errors++;
}

static int errors_of(const struct world *world, int code)
{
    return world->errors[code - PS_REDIS_ERR_REPLY];
}

#define SEND(world, ...)                                                                           \
    do {                                                                                           \
        (world)->sending = true;                                                                   \
        PS_REDIS((world)->redis, on_any, (world), __VA_ARGS__);                                    \
        (world)->sending = false;                                                                  \
    } while (0)

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    struct world *world = cookie;

    assert_true(up == (err == NULL));
    if (up) {
        world->ups++;
        if (world->poke)
            SEND(world, "SET", "poked", "1");
    } else {
        world->downs++;
        world->down = *err;
    }
}

static void connect_to(struct world *world, const char *url, int64_t command_timeout_ms)
{
    struct ps_redis_options options = { .url = url,
                                        .client_name = "tester",
                                        .connect_timeout_ms = 500,
                                        .command_timeout_ms = command_timeout_ms };
    struct ps_err err;

    world->redis = ps_redis_create(world->loop, &options, on_state, world, &err);
    assert_non_null(world->redis);
}

static bool is_up(void *cookie)
{
    struct world *world = cookie;

    return world->ups > world->downs && ps_redis_up(world->redis);
}

static bool is_down(void *cookie)
{
    struct world *world = cookie;

    return world->downs > 0 && !ps_redis_up(world->redis);
}

static bool was_answered(void *cookie)
{
    struct world *world = cookie;

    return world->answers > 0;
}

static bool all_answered(void *cookie)
{
    struct world *world = cookie;

    return ps_redis_outstanding(world->redis) == 0;
}

static void go_up(struct world *world, int64_t command_timeout_ms)
{
    connect_to(world, ps_test_redis_url(world->server), command_timeout_ms);
    assert_true(ps_test_run_until(world->loop, is_up, world, SOON_MS));
}

static void come_back(struct world *world)
{
    world->ups = 0;
    world->downs = 0;
    assert_true(ps_test_run_until(world->loop, is_up, world, SOON_MS));
}

static const char *ask(struct world *world, const char *a, const char *b)
{
    world->answers = 0;
    if (b == NULL)
        SEND(world, a);
    else
        SEND(world, a, b);
    assert_true(ps_test_run_until(world->loop, was_answered, world, SOON_MS));
    return world->text;
}

static void answers_come_over_tcp(void **state)
{
    struct world *world = *state;

    go_up(world, 0);
    assert_string_equal(ask(world, "ECHO", "hello"), "hello");
    assert_string_equal(ask(world, "INCR", "n"), "1");
    assert_int_equal(world->early, 0);
    assert_int_equal(world->downs, 0);
    assert_int_equal(ps_redis_reconnects(world->redis), 0);
}

static void answers_come_over_a_unix_socket(void **state)
{
    struct world *world = *state;

    connect_to(world, ps_test_redis_unix_url(world->server), 0);
    assert_true(ps_test_run_until(world->loop, is_up, world, SOON_MS));
    assert_string_equal(ask(world, "ECHO", "hello"), "hello");
}

static void a_host_name_is_looked_up(void **state)
{
    struct world *world = *state;
    char *url = ps_alloc_format("redis://localhost:%u", ps_test_redis_port(world->server));

    connect_to(world, url, 0);
    free(url);
    assert_true(ps_test_run_until(world->loop, is_up, world, SOON_MS));
}

static void binary_arguments_arrive_whole(void **state)
{
    struct world *world = *state;
    const struct ps_str args[] = {
        {"SET",   3},
        { "k\0y", 3},
        { NULL,   0}
    };
    const struct ps_str length[] = {
        {"EXISTS", 6},
        { "k\0y",  3}
    };

    go_up(world, 0);
    ps_redis_send(world->redis, args, 3, on_any, world);
    ps_redis_send(world->redis, length, 2, on_any, world);
    assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
    assert_string_equal(world->text, "1");
}

static void user_password_database_and_name_are_set(void **state)
{
    struct world *world = *state;
    char *url =
        ps_alloc_format("redis://fleet:secret@127.0.0.1:%u/3", ps_test_redis_port(world->server));

    (void)ps_test_redis_do(world->server, "ACL SETUSER fleet on >secret ~* +@all");
    connect_to(world, url, 0);
    free(url);
    assert_true(ps_test_run_until(world->loop, is_up, world, SOON_MS));
    assert_string_equal(ask(world, "ACL", "WHOAMI"), "fleet");
    assert_non_null(strstr(ps_test_redis_do(world->server, "CLIENT LIST"), "name=tester"));
    (void)ask(world, "INCR", "here");
    (void)ps_test_redis_do(world->server, "SELECT 3");
    assert_string_equal(ps_test_redis_do(world->server, "GET here"), "1");
}

static void a_wrong_password_is_a_setting_to_correct_and_is_not_printed(void **state)
{
    struct world *world = *state;
    char *url =
        ps_alloc_format("redis://:wr0ng-s3cret@127.0.0.1:%u", ps_test_redis_port(world->server));
    long long before;

    (void)ps_test_redis_do(world->server, "ACL SETUSER default >right");
    (void)ps_test_redis_do(world->server, "ACL SETUSER default resetpass >right");
    before = ps_test_redis_info(world->server, "stats", "total_connections_received");
    connect_to(world, url, 0);
    free(url);
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(world->down.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(world->down.what, "WRONGPASS"));
    assert_null(strstr(world->down.what, "s3cret"));
    ps_test_run_for(world->loop, 1500);
    assert_int_equal(world->ups, 0);
    assert_in_range(
        ps_test_redis_info(world->server, "stats", "total_connections_received") - before, 2, 8);
    (void)ps_test_redis_do(world->server, "ACL SETUSER default >wr0ng-s3cret");
    come_back(world);
}

static void a_missing_password_is_reported(void **state)
{
    struct world *world = *state;

    (void)ps_test_redis_do(world->server, "ACL SETUSER default resetpass >right");
    connect_to(world, ps_test_redis_url(world->server), 0);
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(world->down.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(world->down.what, "NOAUTH"));
}

static void a_server_that_refuses_at_start_is_tried_until_it_is_there(void **state)
{
    struct world *world = *state;

    ps_test_redis_kill(world->server);
    connect_to(world, ps_test_redis_url(world->server), 0);
    SEND(world, "PING");
    assert_int_equal(world->answers, 0); /* never before the send returned */
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(errors_of(world, PS_REDIS_ERR_OFFLINE), 1);
    assert_int_equal(world->down.category, PS_FAILURE_NETWORK);
    assert_non_null(strstr(world->down.what, "refused"));
    ps_test_run_for(world->loop, 700);
    assert_int_equal(world->downs, 1); /* reported once, not at every try */
    ps_test_redis_up(world->server, NULL);
    come_back(world);
    assert_int_equal(ps_redis_reconnects(world->redis), 0);
}

static void on_nothing(void *cookie)
{
    (void)cookie;
}

/* A command that is sent before the first try sets a timer for the same moment as that try; beside
 * others of that moment, libevent's heap lets them go in any order. */
static void nothing_is_reported_before_it_is_known(void **state)
{
    struct world *world = *state;
    struct ps_timer *others[] = { ps_timer_create(world->loop, on_nothing, NULL),
                                  ps_timer_create(world->loop, on_nothing, NULL) };

    ps_test_redis_kill(world->server);
    for (int i = 0; i < 50; i++) {
        for (size_t n = 0; n < PS_COUNT_OF(others); n++)
            ps_timer_set(others[n], 0);
        connect_to(world, ps_test_redis_url(world->server), 0);
        SEND(world, "PING");
        world->downs = 0;
        assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
        assert_int_equal(world->down.category, PS_FAILURE_NETWORK);
        assert_non_null(strstr(world->down.what, "refused"));
        ps_redis_destroy(world->redis);
        world->redis = NULL;
    }
    for (size_t n = 0; n < PS_COUNT_OF(others); n++)
        ps_timer_destroy(others[n]);
}

static void an_unknown_host_is_a_network_fault(void **state)
{
    struct world *world = *state;

    connect_to(world, "redis://no-such-host.invalid:6379", 0);
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_true(world->down.category == PS_FAILURE_NETWORK ||
                world->down.category == PS_FAILURE_TIMEOUT);
}

static void bad_urls_are_refused_at_once(void **state)
{
    static const char *const urls[] = {
        "",
        "http://x",
        "redis://h/999999",
        "redis://:pw@h:99999",
#if !PS_HAVE_HIREDIS_SSL
        "rediss://h"
#endif
    };
    struct world *world = *state;

    for (size_t i = 0; i < PS_COUNT_OF(urls); i++) {
        struct ps_redis_options options = { .url = urls[i] };
        struct ps_err err = { .category = PS_FAILURE_UNKNOWN };

        assert_null(ps_redis_create(world->loop, &options, on_state, world, &err));
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        assert_null(strstr(err.what, "pw"));
    }
}

static void a_killed_server_loses_what_was_outstanding_and_is_found_again(void **state)
{
    struct world *world = *state;

    go_up(world, 0);
    SEND(world, "BLPOP", "nothing", "30");
    SEND(world, "PING");
    ps_test_run_for(world->loop, 50);
    assert_int_equal(world->answers, 0);
    ps_test_redis_kill(world->server);
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(errors_of(world, PS_REDIS_ERR_LOST), 2);
    assert_int_equal(world->downs, 1);
    ps_test_redis_up(world->server, NULL);
    come_back(world);
    assert_int_equal(ps_redis_reconnects(world->redis), 1);
    assert_string_equal(ask(world, "ECHO", "again"), "again");
}

static void a_paused_server_times_out_and_is_found_again(void **state)
{
    struct world *world = *state;

    go_up(world, 300);
    ps_test_redis_pause(world->server);
    SEND(world, "PING");
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(errors_of(world, PS_REDIS_ERR_TIMEOUT), 1);
    assert_int_equal(world->err.category, PS_FAILURE_TIMEOUT);
    assert_int_equal(world->down.category, PS_FAILURE_TIMEOUT);
    ps_test_run_for(world->loop, 800); /* connects to the kernel's backlog, never greeted */
    assert_int_equal(world->ups, 1);
    ps_test_redis_resume(world->server);
    come_back(world);
    assert_string_equal(ask(world, "ECHO", "again"), "again");
}

static void a_late_command_does_not_blame_those_sent_after_it(void **state)
{
    struct world *world = *state;

    go_up(world, 400);
    ps_test_redis_pause(world->server);
    SEND(world, "PING");
    ps_test_run_for(world->loop, 250);
    SEND(world, "PING");
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(errors_of(world, PS_REDIS_ERR_TIMEOUT), 1);
    assert_int_equal(errors_of(world, PS_REDIS_ERR_LOST), 1);
    ps_test_redis_resume(world->server);
}

static void a_blocking_read_has_a_deadline_of_its_own(void **state)
{
    struct world *world = *state;
    const struct ps_str args[] = { ps_str_of("BLPOP"), ps_str_of("nothing"), ps_str_of("0.7") };

    go_up(world, 300);
    ps_redis_send_within(world->redis, 2000, args, 3, on_any, world);
    SEND(world, "ECHO", "behind it"); /* waits for it, and is not late for that */
    assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
    assert_string_equal(world->text, "behind it");
    assert_int_equal(world->downs, 0);
}

static void a_connect_that_hangs_times_out(void **state)
{
    struct world *world = *state;
    struct ps_test_proxy *proxy =
        ps_test_proxy_create(world->loop, ps_test_redis_port(world->server));
    char *url = ps_alloc_format("redis://127.0.0.1:%u", ps_test_proxy_port(proxy));

    ps_test_proxy_set(proxy, PS_PROXY_STALL);
    connect_to(world, url, 0);
    free(url);
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(world->down.category, PS_FAILURE_TIMEOUT);
    ps_test_proxy_set(proxy, PS_PROXY_REFUSE);
    ps_test_run_for(world->loop, 300);
    ps_test_proxy_set(proxy, PS_PROXY_PASS);
    come_back(world);
    ps_test_proxy_destroy(proxy);
}

static void a_demoted_master_is_left_without_a_hot_loop(void **state)
{
    struct world *world = *state;
    long long before;

    world->poke = true;
    go_up(world, 0);
    assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
    (void)ps_test_redis_do(world->server, "REPLICAOF 127.0.0.1 1");
    before = ps_test_redis_info(world->server, "stats", "total_connections_received");
    SEND(world, "SET", "poked", "2");
    ps_test_run_for(world->loop, 2500);
    assert_true(world->downs >= 2);
    assert_non_null(strstr(world->down.what, "READONLY"));
    assert_in_range(
        ps_test_redis_info(world->server, "stats", "total_connections_received") - before, 2, 8);
    (void)ps_test_redis_do(world->server, "REPLICAOF NO ONE");
    ps_test_run_for(world->loop, 5100); /* the pause between two tries has grown by now */
    assert_true(ps_redis_up(world->redis));
}

static void a_replica_without_its_master_is_never_up(void **state)
{
    struct world *world = *state;

    (void)ps_test_redis_do(world->server, "CONFIG SET replica-serve-stale-data no");
    (void)ps_test_redis_do(world->server, "REPLICAOF 127.0.0.1 1");
    connect_to(world, ps_test_redis_url(world->server), 0);
    ps_test_run_for(world->loop, 1000);
    assert_int_equal(world->ups, 0);
    assert_non_null(strstr(world->down.what, "MASTERDOWN"));
    (void)ps_test_redis_do(world->server, "REPLICAOF NO ONE");
    come_back(world);
}

static void a_loading_server_is_never_up(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 300; i++)
        (void)ps_test_redis_do(world->server, "SET key:%d %0200d", i, i);
    assert_string_equal(ps_test_redis_do(world->server, "SAVE"), "OK");
    ps_test_redis_kill(world->server);
    ps_test_redis_up(world->server,
                     "key-load-delay 5000\nloading-process-events-interval-bytes 1024\n");
    connect_to(world, ps_test_redis_url(world->server), 0);
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_non_null(strstr(world->down.what, "LOADING"));
    assert_int_equal(world->ups, 0);
    come_back(world);
    assert_int_equal(ps_test_redis_int(world->server, "DBSIZE"), 300);
}

static void a_full_server_is_asked_again_later(void **state)
{
    struct world *world = *state;

    (void)ps_test_redis_do(world->server, "CONFIG SET maxclients 1"); /* that one is the test's */
    connect_to(world, ps_test_redis_url(world->server), 0);
    ps_test_run_for(world->loop, 1500);
    assert_int_equal(world->ups, 0);
    assert_int_equal(world->down.category, PS_FAILURE_NETWORK);
    assert_non_null(strstr(world->down.what, "max number of clients"));
    assert_in_range(ps_test_redis_info(world->server, "stats", "rejected_connections"), 2, 8);
    (void)ps_test_redis_do(world->server, "CONFIG SET maxclients 100");
    come_back(world);
}

static void a_client_pause_delays_and_loses_nothing(void **state)
{
    struct world *world = *state;

    go_up(world, 2000);
    (void)ps_test_redis_do(world->server, "CLIENT PAUSE 700 ALL");
    for (int i = 0; i < 50; i++)
        SEND(world, "INCR", "n");
    ps_test_run_for(world->loop, 200);
    assert_int_equal(world->answers, 0);
    assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
    assert_string_equal(world->text, "50");
    assert_int_equal(world->downs, 0);
}

static void a_script_is_loaded_where_it_is_missing(void **state)
{
    static const char *const keys[] = { "leader", "epoch" };
    const struct ps_str args[] = { ps_str_of("me"), ps_str_of("7"), ps_str_of("5000") };
    struct world *world = *state;

    go_up(world, 0);
    for (int round = 0; round < 2; round++) {
        world->answers = 0;
        for (int i = 0; i < 3; i++)
            ps_script_run(world->redis, PS_SCRIPT_LEASE_TAKE, keys, 2, args, 3, on_any, world);
        assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
        assert_int_equal(world->answers, 3);
        (void)ps_test_redis_do(world->server, "SCRIPT FLUSH");
    }
    assert_int_equal(world->err.code, 0);
    assert_string_equal(ps_test_redis_do(world->server, "GET leader"), "me:7");
}

static void error_replies_have_their_codes(void **state)
{
    static const struct {
        const char *script;
        int code;
        enum ps_failure category;
    } cases[] = {
        {"return redis.error_reply('FENCED by 8')",                        PS_REDIS_ERR_FENCED,  PS_FAILURE_UNKNOWN      },
        { "return redis.error_reply('NOCYCLE 3')",                         PS_REDIS_ERR_NOCYCLE, PS_FAILURE_UNKNOWN      },
        { "return redis.error_reply('FENCEDX')",                           PS_REDIS_ERR_REPLY,   PS_FAILURE_UNKNOWN      },
        { "return redis.call('XPENDING', 'no', 'no')",                     PS_REDIS_ERR_NOGROUP, PS_FAILURE_UNKNOWN      },
        { "return redis.call('NO')",                                       PS_REDIS_ERR_REPLY,   PS_FAILURE_UNKNOWN      },
        { "return redis.error_reply('ERR Error running script (call to f_1): @user_script:1: "
          "-NOGROUP No such key')",                               PS_REDIS_ERR_NOGROUP, PS_FAILURE_UNKNOWN      },
        { "return redis.error_reply('NOPERM no')",                         PS_REDIS_ERR_REPLY,   PS_FAILURE_CONFIGURATION},
        { "return redis.error_reply('MISCONF disk')",                      PS_REDIS_ERR_REPLY,   PS_FAILURE_NETWORK      },
        { "return redis.error_reply('OOM command not allowed')",           PS_REDIS_ERR_REPLY,
         PS_FAILURE_NETWORK                                                                                              },
        { "return redis.error_reply('NOREPLICAS Not enough')",             PS_REDIS_ERR_REPLY,
         PS_FAILURE_NETWORK                                                                                              },
        { "return redis.error_reply('ASK 1 127.0.0.1:1')",                 PS_REDIS_ERR_REPLY,   PS_FAILURE_NETWORK      },
        { "return redis.error_reply('TRYAGAIN Multiple keys')",            PS_REDIS_ERR_REPLY,
         PS_FAILURE_NETWORK                                                                                              },
        { "return redis.error_reply('ERR max number of clients reached')", PS_REDIS_ERR_REPLY,
         PS_FAILURE_NETWORK                                                                                              },
    };
    struct world *world = *state;

    go_up(world, 0);
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        world->answers = 0;
        SEND(world, "EVAL", cases[i].script, "0");
        assert_true(ps_test_run_until(world->loop, was_answered, world, SOON_MS));
        assert_int_equal(world->err.code, cases[i].code);
        assert_int_equal(world->err.category, cases[i].category);
    }
    ps_test_run_for(world->loop, 100);
    assert_int_equal(world->downs, 0); /* none of these is the connection's fault */
}

static void past_the_cap_commands_are_refused(void **state)
{
    struct world *world = *state;

    go_up(world, 60000);
    ps_test_redis_pause(world->server);
    for (int i = 0; i < PS_REDIS_OUTSTANDING_MAX + 5; i++)
        SEND(world, "PING");
    ps_test_run_for(world->loop, 50);
    assert_int_equal(world->answers, 5);
    assert_int_equal(world->other_errors, 5);
    assert_int_equal(world->err.code, ENOBUFS);
    ps_test_redis_resume(world->server);
    assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
    assert_int_equal(world->answers, PS_REDIS_OUTSTANDING_MAX + 5);
    assert_int_equal(world->downs, 0);
}

static void a_reset_loses_what_was_outstanding(void **state)
{
    struct world *world = *state;

    go_up(world, 0);
    SEND(world, "BLPOP", "nothing", "30");
    ps_redis_reset(world->redis);
    assert_int_equal(world->answers, 0);
    assert_false(ps_redis_up(world->redis));
    SEND(world, "PING");
    assert_true(ps_test_run_until(world->loop, is_down, world, SOON_MS));
    assert_int_equal(errors_of(world, PS_REDIS_ERR_LOST), 1);
    assert_int_equal(errors_of(world, PS_REDIS_ERR_OFFLINE), 1);
    come_back(world);
}

static void destroy_answers_everything_once(void **state)
{
    struct world *world = *state;

    go_up(world, 0);
    SEND(world, "BLPOP", "nothing", "30");
    ps_redis_reset(world->redis);
    SEND(world, "PING");
    ps_redis_destroy(world->redis);
    world->redis = NULL;
    assert_int_equal(errors_of(world, PS_REDIS_ERR_LOST), 1);
    assert_int_equal(errors_of(world, PS_REDIS_ERR_OFFLINE), 1);
    assert_int_equal(world->answers, 2);
}

static void destroy_is_fine_at_any_moment_of_connecting(void **state)
{
    struct world *world = *state;

    for (int64_t ms = 0; ms < 12; ms++) {
        connect_to(world, ps_test_redis_url(world->server), 0);
        if (ms > 0)
            ps_test_run_for(world->loop, ms);
        ps_redis_destroy(world->redis);
    }
    connect_to(world, "redis://no-such-host.invalid:6379", 0);
    ps_test_run_for(world->loop, 2);
    ps_redis_destroy(world->redis); /* with a lookup in flight */
    world->redis = NULL;
    ps_test_run_for(world->loop, 20);
}

static void every_command_is_answered_once_whenever_the_link_is_cut(void **state)
{
    struct world *world = *state;
    struct ps_test_proxy *proxy =
        ps_test_proxy_create(world->loop, ps_test_redis_port(world->server));
    char *url = ps_alloc_format("redis://127.0.0.1:%u", ps_test_proxy_port(proxy));
    int sent = 0;
    int ran;

    connect_to(world, url, 300);
    free(url);
    for (int turn = 0; turn < 400; turn++) {
        for (int i = 0; i < turn % 7; i++, sent++)
            SEND(world, "INCR", "n");
        if (turn % 40 == 17)
            ps_test_proxy_cut(proxy);
        if (turn % 100 == 51)
            ps_test_proxy_set(proxy, PS_PROXY_STALL);
        if (turn % 100 == 77)
            ps_test_proxy_set(proxy, PS_PROXY_PASS);
        ps_test_run_for(world->loop, 5);
    }
    assert_true(ps_test_run_until(world->loop, all_answered, world, SOON_MS));
    ps_test_run_for(world->loop, 50); /* the refused */
    assert_int_equal(world->answers, sent);
    assert_int_equal(world->early, 0);
    ran = (int)ps_test_redis_int(world->server, "GET n");
    /* what was answered has run; what was never sent has not; the rest may have */
    assert_in_range(ran,
                    sent - errors_of(world, PS_REDIS_ERR_OFFLINE) -
                        errors_of(world, PS_REDIS_ERR_LOST) -
                        errors_of(world, PS_REDIS_ERR_TIMEOUT),
                    sent - errors_of(world, PS_REDIS_ERR_OFFLINE));
    assert_true(errors_of(world, PS_REDIS_ERR_OFFLINE) > 0);
    assert_true(ps_redis_reconnects(world->redis) > 0);
    ps_redis_destroy(world->redis);
    world->redis = NULL;
    ps_test_proxy_destroy(proxy);
}

struct load {
    struct world *world;
    int to_send;
    int answered;
};

static void on_load(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct load *load = cookie;

    (void)reply;
    assert_null(err);
    load->answered++;
    if (load->to_send > 0) {
        load->to_send--;
        PS_REDIS(load->world->redis, on_load, load, "INCR", "n");
    }
}

static bool load_done(void *cookie)
{
    struct load *load = cookie;

    return ps_redis_outstanding(load->world->redis) == 0;
}

static void a_pipeline_keeps_its_order_and_count(void **state)
{
    enum { COMMANDS = 200000, DEPTH = 1000 };
    struct world *world = *state;
    struct load load = { .world = world, .to_send = COMMANDS - DEPTH };
    int64_t start_ms;

    go_up(world, 0);
    start_ms = ps_loop_now(world->loop);
    for (int i = 0; i < DEPTH; i++)
        PS_REDIS(world->redis, on_load, &load, "INCR", "n");
    assert_true(ps_test_run_until(world->loop, load_done, &load, 60000));
    assert_int_equal(load.answered, COMMANDS);
    print_message("%d commands in %lld ms\n", COMMANDS,
                  (long long)(ps_loop_now(world->loop) - start_ms));
    assert_int_equal(ps_test_redis_int(world->server, "GET n"), COMMANDS);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(answers_come_over_tcp),
        WITH_SERVER(answers_come_over_a_unix_socket),
        WITH_SERVER(a_host_name_is_looked_up),
        WITH_SERVER(binary_arguments_arrive_whole),
        WITH_SERVER(user_password_database_and_name_are_set),
        WITH_SERVER(a_wrong_password_is_a_setting_to_correct_and_is_not_printed),
        WITH_SERVER(a_missing_password_is_reported),
        WITH_SERVER(a_server_that_refuses_at_start_is_tried_until_it_is_there),
        WITH_SERVER(nothing_is_reported_before_it_is_known),
        WITH_SERVER(an_unknown_host_is_a_network_fault),
        WITH_SERVER(bad_urls_are_refused_at_once),
        WITH_SERVER(a_killed_server_loses_what_was_outstanding_and_is_found_again),
        WITH_SERVER(a_paused_server_times_out_and_is_found_again),
        WITH_SERVER(a_late_command_does_not_blame_those_sent_after_it),
        WITH_SERVER(a_blocking_read_has_a_deadline_of_its_own),
        WITH_SERVER(a_connect_that_hangs_times_out),
        WITH_SERVER(a_demoted_master_is_left_without_a_hot_loop),
        WITH_SERVER(a_replica_without_its_master_is_never_up),
        WITH_SERVER(a_loading_server_is_never_up),
        WITH_SERVER(a_full_server_is_asked_again_later),
        WITH_SERVER(a_client_pause_delays_and_loses_nothing),
        WITH_SERVER(a_script_is_loaded_where_it_is_missing),
        WITH_SERVER(error_replies_have_their_codes),
        WITH_SERVER(past_the_cap_commands_are_refused),
        WITH_SERVER(a_reset_loses_what_was_outstanding),
        WITH_SERVER(destroy_answers_everything_once),
        WITH_SERVER(destroy_is_fine_at_any_moment_of_connecting),
        WITH_SERVER(every_command_is_answered_once_whenever_the_link_is_cut),
        WITH_SERVER(a_pipeline_keeps_its_order_and_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
