/* Heartbeat, failure log and the synchronous client, on a private redis-server. */
#include "shared/core/alloc.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/daemon.h"
#include "shared/io/env.h"
#include "tests/support/servers.h"

#include <event2/event.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };
#define KEY "t:instance:worker:pod-1"

static char folder[] = "/tmp/ps-test-beat-XXXXXX";
static char *url;
static pid_t server;
static redisContext *look; /* what the test sees, beside the code under test */

struct fixture {
    struct ps_loop *loop;
    struct ps_redis *redis;
    struct ps_keys *keys;
    struct ps_metrics *metrics;
    int beats;
    int done;
    int accepted, refused;
};

static void start_server(void)
{
    char *socket_path = ps_alloc_format("%s/redis.sock", folder);
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);

    server = fork();
    assert_true(server >= 0);
    if (server == 0) {
        int nowhere = open("/dev/null", O_RDWR);

        (void)dup2(nowhere, STDOUT_FILENO);
        (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path,
                     "--save", "", "--dir", folder, (char *)NULL);
        _exit(127);
    }
    do {
        if (look != NULL)
            redisFree(look);
        (void)poll(NULL, 0, 20);
        look = redisConnectUnix(socket_path);
    } while (look != NULL && look->err != 0 && ps_clock_mono_ms() < end_ms);
    assert_true(look != NULL && look->err == 0);
    url = ps_alloc_format("unix://%s", socket_path);
    free(socket_path);
}

static int set_up_all(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    start_server();
    return 0;
}

static int tear_down_all(void **state)
{
    char *socket_path = ps_alloc_format("%s/redis.sock", folder);

    (void)state;
    redisFree(look);
    (void)kill(server, SIGTERM);
    (void)waitpid(server, NULL, 0);
    (void)unlink(socket_path);
    (void)rmdir(folder);
    free(socket_path);
    free(url);
    return 0;
}

/* Text or number of the answer as text; "(nil)" for none. */
static const char *ask(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *ask(const char *format, ...)
{
    static char text[512];
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = redisvCommand(look, format, args);
    va_end(args);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_NIL)
        (void)snprintf(text, sizeof(text), "(nil)");
    else if (reply->type == REDIS_REPLY_INTEGER)
        (void)snprintf(text, sizeof(text), "%lld", reply->integer);
    else
        (void)snprintf(text, sizeof(text), "%s", reply->str != NULL ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

static void turn(struct fixture *fixture)
{
    (void)event_base_loop(ps_loop_base(fixture->loop), EVLOOP_ONCE);
}

static int set_up(void **state)
{
    struct fixture *fixture = ps_alloc_zero(1, sizeof(*fixture));
    struct ps_redis_options options = { .url = url };
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);
    struct ps_err err;

    (void)ask("FLUSHALL");
    (void)ask("SCRIPT FLUSH");
    fixture->loop = ps_loop_create();
    fixture->redis = ps_redis_create(fixture->loop, &options, on_state, fixture, &err);
    fixture->keys = ps_keys_create("t:");
    fixture->metrics = ps_metrics_create();
    assert_non_null(fixture->redis);
    while (!ps_redis_up(fixture->redis) && ps_clock_mono_ms() < end_ms)
        turn(fixture);
    *state = fixture;
    return ps_redis_up(fixture->redis) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    ps_redis_destroy(fixture->redis);
    ps_metrics_destroy(fixture->metrics);
    ps_keys_destroy(fixture->keys);
    ps_loop_destroy(fixture->loop);
    free(fixture);
    return 0;
}

static void add_fields(void *cookie, struct ps_fields *fields)
{
    struct fixture *fixture = cookie;

    ps_fields_add_int(fields, "in_flight", ++fixture->beats);
}

static void on_done(void *cookie)
{
    struct fixture *fixture = cookie;

    fixture->done++;
}

static struct ps_heartbeat *start_beat(struct fixture *fixture)
{
    return ps_heartbeat_create(fixture->loop, fixture->redis, fixture->keys, "worker", "pod-1",
                               add_fields, fixture);
}

static void until_written(struct fixture *fixture, const struct ps_heartbeat *heartbeat)
{
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);

    while (!ps_heartbeat_written(heartbeat) && ps_clock_mono_ms() < end_ms)
        turn(fixture);
    assert_true(ps_heartbeat_written(heartbeat));
}

static void until_done(struct fixture *fixture)
{
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);

    while (fixture->done == 0 && ps_clock_mono_ms() < end_ms)
        turn(fixture);
    assert_int_equal(fixture->done, 1);
}

static void until_quiet(struct fixture *fixture)
{
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);

    while (ps_redis_outstanding(fixture->redis) > 0 && ps_clock_mono_ms() < end_ms)
        turn(fixture);
    assert_int_equal(ps_redis_outstanding(fixture->redis), 0);
}

/* Redis goes first: what it still owes runs while the heartbeat is there. */
static void end_beat(struct fixture *fixture, struct ps_heartbeat *heartbeat)
{
    ps_redis_destroy(fixture->redis);
    fixture->redis = NULL;
    ps_heartbeat_destroy(heartbeat);
}

static void a_beat_writes_its_fields_with_a_life(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = start_beat(fixture);
    long ttl;

    assert_false(ps_heartbeat_written(heartbeat));
    until_written(fixture, heartbeat);
    assert_string_equal(ask("HGET " KEY " version"), PS_VERSION);
    assert_int_equal(strlen(ask("HGET " KEY " started_at")), strlen("2026-11-24T02:00:00Z"));
    assert_string_equal(ask("HGET " KEY " in_flight"), "1");
    ttl = strtol(ask("PTTL " KEY), NULL, 10);
    assert_in_range(ttl, PS_HEARTBEAT_TTL_MS - 2000, PS_HEARTBEAT_TTL_MS);
    end_beat(fixture, heartbeat);
}

static void it_beats_again_by_itself_after_a_flush(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = start_beat(fixture);
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);

    until_written(fixture, heartbeat);
    (void)ask("FLUSHALL");
    (void)ask("SCRIPT FLUSH");
    while (strcmp(ask("EXISTS " KEY), "0") == 0 && ps_clock_mono_ms() < end_ms)
        turn(fixture);
    assert_string_equal(ask("HGET " KEY " in_flight"), "2");
    assert_true(strtol(ask("PTTL " KEY), NULL, 10) > 0);
    end_beat(fixture, heartbeat);
}

static void on_write(void *cookie, const struct ps_err *err)
{
    struct fixture *fixture = cookie;

    if (err == NULL)
        fixture->accepted++;
    else
        fixture->refused++;
}

static void beat_once(struct fixture *fixture, struct ps_heartbeat *heartbeat)
{
    ps_heartbeat_beat(heartbeat);
    until_quiet(fixture);
}

/* The renewal of the key, and that of the entry in the list. */
static void without_a_change_a_beat_is_one_or_two_commands(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = ps_heartbeat_create(
        fixture->loop, fixture->redis, fixture->keys, "worker", "pod-1", NULL, NULL);
    double ends_ms;

    until_written(fixture, heartbeat);
    ends_ms = strtod(ask("ZSCORE t:instances worker:pod-1"), NULL);
    (void)ask("ZADD t:instances 1 worker:pod-1");
    (void)ask("CONFIG RESETSTAT");
    for (int i = 0; i < 4; i++)
        beat_once(fixture, heartbeat);
    assert_null(strstr(ask("INFO commandstats"), "evalsha"));
    assert_true(strtod(ask("ZSCORE t:instances worker:pod-1"), NULL) >= ends_ms);
    assert_true(strtod(ask("ZSCORE t:instances worker:pod-1"), NULL) < ends_ms + 60000);
    assert_true(strtol(ask("PTTL " KEY), NULL, 10) > PS_HEARTBEAT_TTL_MS - 2000);
    end_beat(fixture, heartbeat);
}

/* Of a worker the whole heartbeat is accepted by a full Redis, so only the entry in the list shows
 * that it refuses writes. */
static void a_refused_write_is_reported_and_the_heartbeat_lives(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = ps_heartbeat_create(
        fixture->loop, fixture->redis, fixture->keys, "worker", "pod-1", NULL, NULL);

    ps_heartbeat_on_write(heartbeat, on_write, fixture);
    until_written(fixture, heartbeat);
    for (int i = 0; i < 2; i++)
        beat_once(fixture, heartbeat);
    assert_true(fixture->accepted > 0);
    assert_int_equal(fixture->refused, 0);
    (void)ask("CONFIG SET maxmemory 1");
    for (int i = 0; i < 4; i++)
        beat_once(fixture, heartbeat);
    (void)ask("CONFIG SET maxmemory 0");
    assert_true(fixture->refused > 0);
    assert_string_equal(ask("EXISTS " KEY), "1");
    fixture->accepted = 0;
    for (int i = 0; i < 4; i++)
        beat_once(fixture, heartbeat);
    assert_true(fixture->accepted > 0);
    end_beat(fixture, heartbeat);
}

static void removing_deletes_the_key(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = start_beat(fixture);

    until_written(fixture, heartbeat);
    ps_heartbeat_remove(heartbeat, on_done, fixture);
    assert_int_equal(fixture->done, 0);
    until_done(fixture);
    assert_string_equal(ask("EXISTS " KEY), "0");
    ps_heartbeat_beat(heartbeat); /* as a reconnect would */
    until_quiet(fixture);
    assert_string_equal(ask("EXISTS " KEY), "0");
    end_beat(fixture, heartbeat);
}

static void a_beat_in_flight_does_not_outlive_the_removal(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = start_beat(fixture);

    until_written(fixture, heartbeat);
    (void)ask("SCRIPT FLUSH"); /* so that the beat needs its second try */
    ps_heartbeat_beat(heartbeat);
    ps_heartbeat_remove(heartbeat, on_done, fixture);
    ps_heartbeat_beat(heartbeat);
    until_done(fixture);
    until_quiet(fixture);
    assert_int_equal(fixture->done, 1);
    assert_string_equal(ask("EXISTS " KEY), "0");
    end_beat(fixture, heartbeat);
}

static void removing_without_redis_is_done_too(void **state)
{
    struct fixture *fixture = *state;
    struct ps_heartbeat *heartbeat = start_beat(fixture);

    ps_redis_reset(fixture->redis);
    ps_heartbeat_remove(heartbeat, on_done, fixture);
    until_done(fixture);
    end_beat(fixture, heartbeat);
}

static void a_failure_is_counted_and_reported_once_in_the_stream(void **state)
{
    struct fixture *fixture = *state;
    struct ps_failure_log *log =
        ps_failure_log_create(fixture->redis, fixture->keys, fixture->metrics, "worker");
    struct ps_err err;
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);

    (void)ps_fail(&err, PS_FAILURE_TIMEOUT, 28, "no answer in 10 s");
    ps_failure_log_add(log, "PROBE-ERR", &err, "http://me:hunter2@h/D1.pdf", 504);
    while (strcmp(ask("XLEN t:failures"), "0") == 0 && ps_clock_mono_ms() < end_ms)
        turn(fixture);
    assert_string_equal(ask("XLEN t:failures"), "1");
    assert_string_equal(
        ask("EVAL %s 0", "local e = redis.call('XRANGE', 't:failures', '-', '+')[1][2] "
                         "return table.concat(e, '|')"),
        "component|worker|failure_category|TIMEOUT|what|PROBE-ERR|url|http://***@h/D1.pdf|"
        "status|504|detail|no answer in 10 s");
    assert_int_equal(ps_failure_log_counts(log)[PS_FAILURE_TIMEOUT], 1);
    assert_true(ps_metrics_get(fixture->metrics, PS_METRIC_FAILURES, "worker,TIMEOUT") == 1);

    ps_redis_reset(fixture->redis);
    ps_failure_log_add(log, "PROBE-ERR", &err, NULL, 0);
    assert_int_equal(ps_failure_log_counts(log)[PS_FAILURE_TIMEOUT], 2);
    assert_string_equal(ask("XLEN t:failures"), "1");
    ps_redis_destroy(fixture->redis);
    fixture->redis = NULL;
    ps_failure_log_destroy(log);
}

static void a_command_reads_its_answers_top_to_bottom(void **state)
{
    struct ps_env *env;
    struct ps_cli_session *sync;
    const struct redisReply *reply;
    struct ps_err err;
    int status = 0;

    (void)state;
    assert_int_equal(setenv("REDIS_URL", url, 1), 0);
    env = ps_env_create(&err);
    sync = ps_cli_session_create("test", PS_COMPONENT_WORKER, env, PS_CLI_SESSION_REDIS,
                                 PATIENCE_MS, &status);
    assert_non_null(sync);
    assert_string_equal(ps_key(ps_cli_session_keys(sync), PS_KEY_TASKS), "paperscout:tasks");
    reply = ps_cli_session_redis(sync, (const char *const[]){ "RPUSH", "l", "a", "b" }, 4, &err);
    assert_int_equal(reply->integer, 2);
    reply = ps_cli_session_redis(sync, (const char *const[]){ "LRANGE", "l", "0", "-1" }, 4, &err);
    assert_int_equal(reply->elements, 2);
    assert_string_equal(reply->element[1]->str, "b");
    assert_null(ps_cli_session_redis(sync, (const char *const[]){ "GET", "l" }, 2, &err));
    assert_int_equal(err.code, PS_REDIS_ERR_REPLY);
    reply =
        ps_cli_session_script(sync, PS_SCRIPT_INSTANCE_BEAT, (const char *const[]){ "k", "all" }, 2,
                              (const struct ps_str[]){ ps_str_of("5000"), ps_str_of("worker:k"),
                                                       ps_str_of("n"), ps_str_of("v") },
                              4, &err);
    assert_true(reply->integer > 0);
    assert_string_equal(ask("HGET k n"), "v");
    ps_cli_session_destroy(sync);
    ps_env_destroy(env);
}

static void a_command_gives_up_on_a_server_that_is_not_there(void **state)
{
    struct ps_env *env;
    struct ps_err err;
    int64_t began_ms = ps_clock_mono_ms();
    int status = 0;

    (void)state;
    assert_int_equal(setenv("REDIS_URL", "redis://127.0.0.1:1/", 1), 0);
    env = ps_env_create(&err);
    assert_null(ps_cli_session_create("test", PS_COMPONENT_WORKER, env, PS_CLI_SESSION_REDIS, 300,
                                      &status));
    assert_int_equal(status, PS_EXIT_UNAVAILABLE);
    assert_in_range(ps_clock_mono_ms() - began_ms, 250, 5000);
    assert_int_equal(setenv("REDIS_URL", "nonsense", 1), 0);
    assert_null(ps_cli_session_create("test", PS_COMPONENT_WORKER, env, PS_CLI_SESSION_REDIS, 300,
                                      &status));
    assert_int_equal(status, PS_EXIT_CONFIG);
    ps_env_destroy(env);
}

#define ON_REDIS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_REDIS(a_beat_writes_its_fields_with_a_life),
        ON_REDIS(it_beats_again_by_itself_after_a_flush),
        ON_REDIS(without_a_change_a_beat_is_one_or_two_commands),
        ON_REDIS(a_refused_write_is_reported_and_the_heartbeat_lives),
        ON_REDIS(removing_deletes_the_key),
        ON_REDIS(a_beat_in_flight_does_not_outlive_the_removal),
        ON_REDIS(removing_without_redis_is_done_too),
        ON_REDIS(a_failure_is_counted_and_reported_once_in_the_stream),
        cmocka_unit_test(a_command_reads_its_answers_top_to_bottom),
        cmocka_unit_test(a_command_gives_up_on_a_server_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
