/* Rows of the outbox that become one message, on a private PostgreSQL. */
#include "scheduler/io/store.h"
#include "shared/io/clock.h"
#include "shared/io/pg.h"
#include "tests/support/pg_server.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

static struct ps_test_pg *server;
static struct ps_loop *loop;
static struct ps_pg *pg;
static int answers;

static bool is_answered(void *cookie)
{
    (void)cookie;
    return answers > 0;
}

static int set_up_all(void **state)
{
    (void)state;
    server = ps_test_pg_start();
    loop = ps_loop_create();
    pg = ps_test_pg_pool(server, loop, 1);
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    ps_pg_destroy(pg);
    ps_loop_destroy(loop);
    ps_test_pg_destroy(server);
    return 0;
}

/* Rows 1 to 4 of U1, and 5 of U2. */
static int set_up(void **state)
{
    (void)state;
    free(ps_test_psql(server,
                      "TRUNCATE outbox, mute RESTART IDENTITY;"
                      "INSERT INTO outbox (dedupe_key, kind, channel, data) SELECT 'k' || n, "
                      "'watchlist', CASE WHEN n < 5 THEN 'U1' ELSE 'U2' END, "
                      "jsonb_build_object('number', n::text, 'by', 'number', 'reason', n::text) "
                      "FROM generate_series(1, 5) AS n"));
    return 0;
}

static void on_bundled(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    assert_null(err);
    *(int *)cookie = ps_pg_row_count(rows, 0);
    answers++;
}

/* What was looked at before: 1 to 3 are one message, 4 is one, 5 is one. Gives the rows of
 * messages. */
static int bundle(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    int rows = -1;

    ps_sql_outbox_bundle(batch, "[{\"id\":1,\"message_id\":\"o1\",\"text\":\"1, 2, 3\"},"
                                "{\"id\":2,\"message_id\":\"o1\"},{\"id\":3,\"message_id\":\"o1\"},"
                                "{\"id\":4,\"message_id\":\"o4\",\"text\":\"4\"},"
                                "{\"id\":5,\"message_id\":\"o5\",\"text\":\"5\"}]");
    answers = 0;
    ps_pg_run(pg, batch, on_bundled, &rows);
    assert_true(ps_test_run_until(loop, is_answered, NULL, PATIENCE_MS));
    return rows;
}

static void expect_rows(const char *want)
{
    char *rows = ps_test_psql(server, "SELECT string_agg(id || '=' || coalesce(message_id, '-') || "
                                      "coalesce(':' || message_text, ''), ' ' ORDER BY id) "
                                      "FROM outbox");

    assert_string_equal(rows, want);
    free(rows);
}

static void the_first_row_bears_the_text_of_all(void **state)
{
    (void)state;
    assert_int_equal(bundle(), 5);
    expect_rows("1=o1:1, 2, 3 2=o1 3=o1 4=o4:4 5=o5:5");
}

static void a_message_whose_first_row_was_muted_since_waits_for_the_next_look(void **state)
{
    (void)state;
    free(ps_test_psql(server, "SELECT ps_mute_set('U1', 'number', '1', false, 0, 100)"));
    assert_int_equal(bundle(), 2);
    expect_rows("1=o1 2=- 3=- 4=o4:4 5=o5:5");
}

static void a_message_that_would_report_a_muted_row_waits_too(void **state)
{
    (void)state;
    free(ps_test_psql(server, "SELECT ps_mute_set('U1', 'number', '3', false, 0, 100)"));
    assert_int_equal(bundle(), 2);
    expect_rows("1=- 2=- 3=o3 4=o4:4 5=o5:5");
}

static void a_message_whose_first_row_was_deleted_since_waits_for_the_next_look(void **state)
{
    (void)state;
    free(ps_test_psql(server, "DELETE FROM outbox WHERE id = 1"));
    assert_int_equal(bundle(), 2);
    expect_rows("2=- 3=- 4=o4:4 5=o5:5");
}

#define A_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(the_first_row_bears_the_text_of_all),
        A_TEST(a_message_whose_first_row_was_muted_since_waits_for_the_next_look),
        A_TEST(a_message_that_would_report_a_muted_row_waits_too),
        A_TEST(a_message_whose_first_row_was_deleted_since_waits_for_the_next_look),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
