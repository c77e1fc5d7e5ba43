/* The reader of a stream, on a private redis-server: when it doubts its connection. */
#include "shared/io/stream_reader.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT_MS = 20000, REPORTS = 6, APART_MS = 400, WANTED = 100 };

static struct ps_test_redis *server;
static struct ps_loop *loop;
static struct ps_stream_reader *reader;
static size_t entries;

static void on_entries(void *cookie, const struct ps_stream_entry *read, size_t count)
{
    (void)cookie;
    (void)read;
    entries += count;
    ps_stream_reader_want(reader, WANTED);
}

static bool waits(void *cookie)
{
    (void)cookie;
    return ps_test_redis_info(server, "clients", "blocked_clients") == 1;
}

static bool has_read(void *cookie)
{
    (void)cookie;
    return entries > 0;
}

/* The id of the connection that waits: each line of the list begins with one. */
static long connection(void)
{
    const char *list, *name, *id;

    assert_true(ps_test_run_until(loop, waits, NULL, LIMIT_MS));
    list = ps_test_redis_do(server, "CLIENT LIST");
    name = strstr(list, "name=reader");
    assert_non_null(name);
    for (id = name; id > list && id[-1] != '\n'; id--)
        continue;
    assert_int_equal(strncmp(id, "id=", 3), 0);
    return strtol(id + 3, NULL, 10);
}

static int set_up(void **state)
{
    struct ps_redis_options redis = { 0 };
    struct ps_stream_options options = {
        .redis = &redis, .stream = "s", .group = "g", .consumer = "reader", .block_ms = 600 * 1000
    };
    struct ps_err err;

    (void)state;
    server = ps_test_redis_start(NULL);
    redis.url = ps_test_redis_url(server);
    loop = ps_loop_create();
    entries = 0;
    reader = ps_stream_reader_create(loop, &options, on_entries, NULL, &err);
    assert_non_null(reader);
    ps_stream_reader_want(reader, WANTED);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ps_stream_reader_destroy(reader);
    ps_loop_destroy(loop);
    ps_test_redis_destroy(server);
    return 0;
}

static void report(bool undelivered, bool also_nothing)
{
    for (int i = 0; i < REPORTS; i++) {
        ps_stream_reader_undelivered(reader, undelivered);
        ps_test_run_for(loop, APART_MS);
        if (also_nothing)
            ps_stream_reader_undelivered(reader, false);
    }
}

/* Such a connection is one that a router between the two has forgotten. */
static void a_read_that_brings_nothing_gets_another_connection_once(void **state)
{
    long before = connection(), after;

    (void)state;
    report(true, false);
    after = connection();
    assert_true(after != before);
    report(true, false); /* in vain: nothing came since */
    assert_true(connection() == after);
    assert_string_equal(ps_test_redis_do(server, "XADD s 1-1 n v"), "1-1");
    assert_true(ps_test_run_until(loop, has_read, NULL, LIMIT_MS));
    report(true, false);
    assert_true(connection() != after);
}

static void a_single_report_means_nothing(void **state)
{
    long before = connection();

    (void)state;
    report(true, true); /* an entry came between two of the commands that look */
    report(false, false);
    assert_true(connection() == before);
}

/* A worker whose heartbeat is gone must get no task, though its read was sent before. */
static void a_cut_read_brings_nothing_more(void **state)
{
    (void)state;
    (void)connection();
    ps_stream_reader_want(reader, 0);
    ps_stream_reader_cut(reader);
    ps_test_run_for(loop, APART_MS);
    assert_string_equal(ps_test_redis_do(server, "XADD s 1-1 n v"), "1-1");
    ps_test_run_for(loop, APART_MS);
    assert_int_equal(entries, 0);
    ps_stream_reader_want(reader, WANTED);
    assert_true(ps_test_run_until(loop, has_read, NULL, LIMIT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_read_that_brings_nothing_gets_another_connection_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_single_report_means_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_read_brings_nothing_more, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
