/* The synchronous client of commands, on a private PostgreSQL. (On Redis: test_heartbeat.c.) */
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/env.h"
#include "shared/io/program.h"
#include "tests/support/pg_server.h"
#include "tests/support/servers.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

static struct ps_test_pg *server;

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

/* The schema, which a daemon that migrates would have made. */
static void migrate(void)
{
    struct ps_loop *loop = ps_loop_create();
    struct ps_pg_options options = { .url = ps_test_pg_url(server),
                                     .application_name = "test",
                                     .max = 1 };
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);
    struct ps_err err;
    struct ps_pg *pg = ps_pg_create(loop, &options, true, on_state, NULL, &err);

    assert_non_null(pg);
    while (!ps_pg_up(pg) && ps_clock_mono_ms() < end_ms)
        (void)event_base_loop(ps_loop_base(loop), EVLOOP_ONCE);
    assert_true(ps_pg_up(pg));
    ps_pg_destroy(pg);
    ps_loop_destroy(loop);
}

static int set_up_all(void **state)
{
    (void)state;
    server = ps_test_pg_start();
    migrate();
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    ps_test_pg_destroy(server);
    return 0;
}

static struct ps_cli_session *open_sync(const char *url, int64_t wait_ms, int *out_status)
{
    struct ps_err err;
    struct ps_env *env;
    struct ps_cli_session *sync;

    assert_int_equal(setenv("DATABASE_URL", url, 1), 0);
    env = ps_env_create(&err);
    sync = ps_cli_session_create("test", PS_COMPONENT_NOTIFIER, env, PS_CLI_SESSION_PG, wait_ms,
                                 out_status);
    ps_env_destroy(env);
    return sync;
}

static void rows_live_until_the_next_call(void **state)
{
    int status = 0;
    struct ps_cli_session *sync = open_sync(ps_test_pg_url(server), PATIENCE_MS, &status);
    struct ps_pg_batch *batch = ps_pg_batch_create();
    const struct ps_pg_rows *rows;
    struct ps_err err;

    (void)state;
    assert_non_null(sync);
    PS_PG_ADD(batch, "SELECT $1::text, NULL", "one");
    PS_PG_ADD0(batch, "SELECT generate_series(1, 3)");
    rows = ps_cli_session_pg(sync, batch, &err);
    assert_non_null(rows);
    assert_string_equal(ps_pg_text(rows, 0, 0, 0), "one");
    assert_null(ps_pg_text(rows, 0, 0, 1));
    assert_int_equal(ps_pg_row_count(rows, 1), 3);
    assert_int_equal(ps_pg_int(rows, 1, 2, 0, -1), 3);

    batch = ps_pg_batch_create();
    PS_PG_ADD0(batch, "SELECT 1/0");
    assert_null(ps_cli_session_pg(sync, batch, &err));
    assert_int_equal(err.code, PS_PG_ERR_SQL);
    ps_cli_session_destroy(sync);
}

static void a_database_that_is_not_there_is_exit_69_and_none_named_78(void **state)
{
    int status = 0;

    (void)state;
    assert_null(open_sync("postgresql://me:hunter2@127.0.0.1:1/x", 300, &status));
    assert_int_equal(status, PS_EXIT_UNAVAILABLE);
    assert_null(open_sync("", 300, &status));
    assert_int_equal(status, PS_EXIT_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_live_until_the_next_call),
        cmocka_unit_test(a_database_that_is_not_there_is_exit_69_and_none_named_78),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
