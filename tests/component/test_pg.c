#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/io/clock.h"
#include "shared/io/migrations.h"
#include "shared/io/pg.h"
#include "tests/support/pg_server.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

static struct ps_test_pg *server;

struct fixture {
    struct ps_loop *loop;
    struct ps_pg *pg;
    int ups, downs;
    struct ps_err down;
};

struct answer {
    int calls;
    bool ok;
    struct ps_err err;
    char first[64];    /* first statement's first value */
    char last[64];     /* last asked statement's first value */
    size_t last_index; /* which that is */
    int rows;
    int64_t affected;
    int64_t at;
};

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    struct fixture *f = cookie;

    if (up) {
        assert_null(err);
        f->ups++;
    } else {
        f->downs++;
        f->down = *err;
    }
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->calls++;
    answer->at = ps_clock_mono_ms();
    assert_true((rows == NULL) != (err == NULL));
    answer->ok = rows != NULL;
    if (err) {
        answer->err = *err;
        return;
    }
    if (ps_pg_text(rows, 0, 0, 0))
        (void)snprintf(answer->first, sizeof(answer->first), "%s", ps_pg_text(rows, 0, 0, 0));
    if (ps_pg_text(rows, answer->last_index, 0, 0))
        (void)snprintf(answer->last, sizeof(answer->last), "%s",
                       ps_pg_text(rows, answer->last_index, 0, 0));
    answer->rows = ps_pg_row_count(rows, answer->last_index);
    answer->affected = ps_pg_affected(rows, 0);
}

static void turn(struct ps_loop *loop)
{
    assert_true(event_base_loop(ps_loop_base(loop), EVLOOP_ONCE) >= 0);
}

static void until_count(struct ps_loop *loop, const int *value, int least)
{
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;

    while (*value < least && ps_clock_mono_ms() < end)
        turn(loop);
    assert_true(*value >= least);
}

static void run_ms(struct ps_loop *loop, int64_t ms)
{
    int64_t end = ps_clock_mono_ms() + ms;

    while (ps_clock_mono_ms() < end)
        turn(loop); /* the loop's own tick ends each wait within 250 ms */
}

static struct ps_pg_options options_of(const char *url)
{
    return (struct ps_pg_options){ .url = url, .application_name = "test", .max = 4 };
}

static void open_with(struct fixture *f, const struct ps_pg_options *options, bool migrate)
{
    memset(f, 0, sizeof(*f));
    f->loop = ps_loop_create();
    f->pg = ps_pg_create(f->loop, options, migrate, on_state, f, NULL);
    assert_non_null(f->pg);
}

static void open_up(struct fixture *f, int max)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));

    options.max = max;
    open_with(f, &options, true);
    until_count(f->loop, &f->ups, 1);
}

static void done(struct fixture *f)
{
    ps_pg_destroy(f->pg);
    ps_loop_destroy(f->loop);
}

static void ask(struct fixture *f, const char *sql, struct answer *answer)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    memset(answer, 0, sizeof(*answer));
    PS_PG_ADD0(batch, sql);
    ps_pg_run(f->pg, batch, on_rows, answer);
    assert_int_equal(answer->calls, 0);
}

static void ask_wait(struct fixture *f, const char *sql, struct answer *answer)
{
    ask(f, sql, answer);
    until_count(f->loop, &answer->calls, 1);
}

static void a_new_database_gets_the_schema(void **state)
{
    struct fixture f;
    struct answer answer;

    (void)state;
    ps_test_pg_wipe(server);
    open_up(&f, 4);
    assert_true(ps_pg_up(f.pg));
    assert_int_equal(ps_test_psql_int(server, "SELECT count(*) FROM schema_version"),
                     ps_migration_count);
    ask_wait(&f, "SELECT poll_count FROM meta", &answer);
    assert_true(answer.ok);
    assert_string_equal(answer.first, "0");
    ask_wait(&f, "SHOW timezone", &answer);
    assert_string_equal(answer.first, "UTC");
    ask_wait(&f, "SHOW client_encoding", &answer);
    assert_string_equal(answer.first, "UTF8");
    ask_wait(&f, "SHOW application_name", &answer);
    assert_string_equal(answer.first, "test");
    done(&f);
}

static void two_programs_migrate_at_once(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct fixture a;
    struct fixture b = { 0 };
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;

    (void)state;
    ps_test_pg_wipe(server);
    open_with(&a, &options, true);
    b.loop = a.loop;
    b.pg = ps_pg_create(a.loop, &options, true, on_state, &b, NULL);
    while ((!a.ups || !b.ups) && ps_clock_mono_ms() < end)
        turn(a.loop);
    assert_int_equal(a.ups, 1);
    assert_int_equal(b.ups, 1);
    assert_int_equal(a.downs + b.downs, 0);
    assert_int_equal(ps_test_psql_int(server, "SELECT count(*) FROM schema_version"),
                     ps_migration_count);
    assert_int_equal(
        ps_test_psql_int(server, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0);
    ps_pg_destroy(b.pg);
    done(&a);
}

static void who_does_not_migrate_waits_for_the_schema(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct fixture waits, migrates;

    (void)state;
    ps_test_pg_wipe(server);
    open_with(&waits, &options, false);
    until_count(waits.loop, &waits.downs, 1);
    assert_false(ps_pg_up(waits.pg));
    assert_non_null(strstr(waits.down.what, "its tables are not made yet"));
    open_with(&migrates, &options, true);
    until_count(migrates.loop, &migrates.ups, 1);
    until_count(waits.loop, &waits.ups, 1);
    assert_true(ps_pg_up(waits.pg));
    done(&migrates);
    done(&waits);
}

static void the_first_program_creates_the_schema(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct fixture f;

    (void)state;
    ps_test_pg_wipe(server);
    options.founds = true;
    open_with(&f, &options, false);
    until_count(f.loop, &f.ups, 1);
    assert_int_equal(f.downs, 0);
    assert_int_equal(ps_test_psql_int(server, "SELECT count(*) FROM schema_version"),
                     ps_migration_count);
    done(&f);
    /* An update is not its business: an older program may be at work. */
    free(ps_test_psql(server, "DELETE FROM schema_version WHERE name = '0025_fleet_page'"));
    open_with(&f, &options, false);
    until_count(f.loop, &f.downs, 1);
    assert_non_null(strstr(f.down.what, "0025_fleet_page is missing"));
    done(&f);
    free(ps_test_psql(server, "INSERT INTO schema_version (name) VALUES ('0025_fleet_page')"));
}

static void a_database_newer_than_the_program_is_fine(void **state)
{
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    done(&f);
    free(ps_test_psql(server, "INSERT INTO schema_version (name) VALUES ('9999_future')"));
    open_up(&f, 1);
    assert_int_equal(f.downs, 0);
    done(&f);
    free(ps_test_psql(server, "DELETE FROM schema_version WHERE name = '9999_future'"));
}

static void a_batch_is_one_transaction(void **state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct answer answer = { .last_index = 2 };
    struct fixture f;

    (void)state;
    free(ps_test_psql(server, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int PRIMARY KEY, "
                              "s text)"));
    open_up(&f, 1);
    PS_PG_ADD(batch, "INSERT INTO t VALUES ($1, $2), (2, NULL)", "1", "one");
    PS_PG_ADD0(batch, "INSERT INTO t VALUES (3, 'three')");
    PS_PG_ADD(batch, "SELECT count(*), $1::text FROM t", NULL);
    ps_pg_run(f.pg, batch, on_rows, &answer);
    until_count(f.loop, &answer.calls, 1);
    assert_true(answer.ok);
    assert_int_equal(answer.affected, 2);
    assert_string_equal(answer.last, "3");

    batch = ps_pg_batch_create();
    answer = (struct answer){ 0 };
    PS_PG_ADD0(batch, "INSERT INTO t VALUES (4, 'four')");
    PS_PG_ADD0(batch, "INSERT INTO t VALUES (1, 'again')");
    PS_PG_ADD0(batch, "SELECT 1 / 0");
    ps_pg_run(f.pg, batch, on_rows, &answer);
    until_count(f.loop, &answer.calls, 1);
    assert_false(answer.ok);
    assert_int_equal(answer.err.code, PS_PG_ERR_SQL);
    assert_non_null(strstr(answer.err.what, "23505")); /* the first error decides */
    assert_int_equal(ps_test_psql_int(server, "SELECT count(*) FROM t"), 3);

    ask_wait(&f, "SELECT 'still here'", &answer);
    assert_string_equal(answer.first, "still here");
    assert_int_equal(f.downs, 0);
    done(&f);
}

static void a_commit_that_fails_is_an_error(void **state)
{
    struct answer answer;
    struct fixture f;

    (void)state;
    free(ps_test_psql(server, "DROP TABLE IF EXISTS d; CREATE TABLE d (n int UNIQUE DEFERRABLE "
                              "INITIALLY DEFERRED)"));
    open_up(&f, 1);
    ask_wait(&f, "INSERT INTO d VALUES (1), (1)", &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.code, PS_PG_ERR_SQL);
    assert_non_null(strstr(answer.err.what, "23505"));
    ask_wait(&f, "SELECT count(*) FROM d", &answer);
    assert_string_equal(answer.first, "0");
    done(&f);
}

static void an_old_epoch_is_fenced(void **state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct answer answer;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    free(ps_test_psql(server, "UPDATE meta SET epoch = 7"));
    memset(&answer, 0, sizeof(answer));
    PS_PG_ADD(batch, "SELECT ps_fence($1)", "6");
    PS_PG_ADD0(batch, "UPDATE meta SET poll_count = poll_count + 100");
    ps_pg_run(f.pg, batch, on_rows, &answer);
    until_count(f.loop, &answer.calls, 1);
    assert_int_equal(answer.err.code, PS_PG_ERR_FENCED);
    assert_int_equal(ps_test_psql_int(server, "SELECT poll_count FROM meta"), 0);
    ask_wait(&f, "SELECT ps_fence(8)", &answer);
    assert_true(answer.ok);
    assert_int_equal(ps_test_psql_int(server, "SELECT epoch FROM meta"), 8);
    done(&f);
}

static void values_are_read_by_type(void *cookie, const struct ps_pg_rows *rows,
                                    const struct ps_err *err)
{
    assert_null(err);
    assert_int_equal(ps_pg_int(rows, 0, 0, 0, -1), 42);
    assert_int_equal(ps_pg_int(rows, 0, 0, 1, -1), -1); /* no number */
    assert_int_equal(ps_pg_int(rows, 0, 0, 2, -7), -7); /* NULL */
    assert_null(ps_pg_text(rows, 0, 0, 2));
    assert_true(ps_pg_bool(rows, 0, 0, 3));
    assert_false(ps_pg_bool(rows, 0, 0, 2));
    assert_null(ps_pg_text(rows, 0, 1, 0)); /* past the end */
    assert_null(ps_pg_text(rows, 0, 0, 9));
    assert_null(ps_pg_text(rows, 5, 0, 0));
    assert_int_equal(ps_pg_row_count(rows, 5), 0);
    (*(int *)cookie)++;
}

static void values_and_places_outside(void **state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct fixture f;
    int calls = 0;

    (void)state;
    open_up(&f, 1);
    PS_PG_ADD0(batch, "SELECT 42, 'x', NULL, true");
    ps_pg_run(f.pg, batch, values_are_read_by_type, &calls);
    until_count(f.loop, &calls, 1);
    done(&f);
}

/* Both ways at once are more than any socket buffer holds. */
static void five_megabytes_of_json_go_there_and_back(void **state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct answer answer = { .last_index = 3 };
    struct fixture f;
    struct ps_buf json;

    (void)state;
    ps_buf_init(&json, 8 * 1024 * 1024);
    ps_buf_text(&json, "[");
    while (json.len < 5 * 1024 * 1024)
        ps_buf_format(&json, "{\"id\":\"P%zuR0\",\"title\":\"Ein l\xc3\xa4ngerer Titel\"},",
                      json.len);
    ps_buf_text(&json, "{}]");
    open_up(&f, 1);
    PS_PG_ADD(batch, "SELECT $1::text", ps_buf_str(&json));
    PS_PG_ADD(batch, "SELECT $1::text", ps_buf_str(&json));
    PS_PG_ADD(batch, "SELECT $1::text", ps_buf_str(&json));
    PS_PG_ADD(batch, "SELECT jsonb_array_length($1::jsonb) > 50000", ps_buf_str(&json));
    ps_pg_run(f.pg, batch, on_rows, &answer);
    until_count(f.loop, &answer.calls, 1);
    assert_true(answer.ok);
    assert_string_equal(answer.last, "t");
    ps_buf_clear(&json);
    done(&f);
}

static void many_statements_in_one_batch(void **state)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct answer answer = { .last_index = 1999 };
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    for (int i = 0; i < 2000; i++) {
        char number[16];

        (void)snprintf(number, sizeof(number), "%d", i);
        PS_PG_ADD(batch, "SELECT $1::int, repeat('x', 2000)", number);
    }
    ps_pg_run(f.pg, batch, on_rows, &answer);
    until_count(f.loop, &answer.calls, 1);
    assert_true(answer.ok);
    assert_string_equal(answer.first, "0");
    assert_string_equal(answer.last, "1999");
    done(&f);
}

static void an_empty_batch_is_answered(void **state)
{
    struct answer answer = { 0 };
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    ps_pg_run(f.pg, ps_pg_batch_create(), on_rows, &answer);
    until_count(f.loop, &answer.calls, 1);
    assert_true(answer.ok);
    done(&f);
}

static void a_connection_lost_under_a_batch(void **state)
{
    struct answer running, after;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    ask(&f, "SELECT pg_sleep(30)", &running);
    run_ms(f.loop, 200);
    free(ps_test_psql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                              "WHERE application_name = 'test'"));
    until_count(f.loop, &running.calls, 1);
    assert_int_equal(running.err.code, PS_PG_ERR_LOST);
    assert_int_equal(running.err.category, PS_FAILURE_NETWORK);
    assert_int_equal(f.downs, 1);
    ask_wait(&f, "SELECT 'back'", &after);
    assert_string_equal(after.first, "back");
    assert_int_equal(f.ups, 2);
    assert_int_equal(running.calls, 1);
    done(&f);
}

static void a_batch_without_an_answer_times_out(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct answer slow, after;
    struct fixture f;

    (void)state;
    options.max = 1;
    options.batch_timeout_ms = 400;
    open_with(&f, &options, true);
    until_count(f.loop, &f.ups, 1);
    ask_wait(&f, "SELECT pg_sleep(0.25), pg_sleep(0.25), pg_sleep(0.25)", &slow);
    assert_false(slow.ok);
    assert_int_equal(slow.err.category, PS_FAILURE_TIMEOUT);
    ask_wait(&f, "SELECT 'next'", &after);
    assert_string_equal(after.first, "next");
    done(&f);
}

static void a_standby_is_left(void **state)
{
    struct answer answer;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    ask_wait(&f, "DO $$ BEGIN RAISE EXCEPTION 'ro' USING ERRCODE = '25006'; END $$", &answer);
    assert_int_equal(answer.err.code, PS_PG_ERR_SQL);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    until_count(f.loop, &f.ups, 2);
    done(&f);
}

static void copy_is_refused_and_the_pool_lives(void **state)
{
    struct answer answer;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    ask_wait(&f, "COPY (SELECT 1) TO STDOUT", &answer);
    assert_false(answer.ok);
    ask_wait(&f, "SELECT 'fine'", &answer);
    assert_string_equal(answer.first, "fine");
    done(&f);
}

static void the_server_stops_and_comes_back(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct answer waiting, after;
    struct fixture f;

    (void)state;
    options.queue_wait_ms = 300;
    open_with(&f, &options, true);
    until_count(f.loop, &f.ups, 1);
    ps_test_pg_stop(server);
    until_count(f.loop, &f.downs, 1);
    assert_false(ps_pg_up(f.pg));
    ask_wait(&f, "SELECT 1", &waiting);
    assert_int_equal(waiting.err.code, PS_PG_ERR_OFFLINE);
    ps_test_pg_up(server);
    until_count(f.loop, &f.ups, 2);
    ask_wait(&f, "SELECT 'again'", &after);
    assert_string_equal(after.first, "again");

    ask(&f, "SELECT pg_sleep(30)", &waiting);
    run_ms(f.loop, 200);
    ps_test_pg_stop_immediate(server);
    until_count(f.loop, &waiting.calls, 1);
    assert_int_equal(waiting.err.code, PS_PG_ERR_LOST);
    ps_test_pg_up(server);
    until_count(f.loop, &f.ups, 3);
    done(&f);
}

static void a_server_that_is_down_at_start_is_waited_for(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct fixture f;

    (void)state;
    ps_test_pg_stop(server);
    open_with(&f, &options, true);
    until_count(f.loop, &f.downs, 2);
    assert_int_equal(f.down.category, PS_FAILURE_NETWORK);
    ps_test_pg_up(server);
    until_count(f.loop, &f.ups, 1);
    done(&f);
}

static void the_pool_grows_while_batches_wait(void **state)
{
    struct answer answers[6];
    int most = 0, max, in_use, available;
    int64_t start;
    struct fixture f;

    (void)state;
    open_up(&f, 3);
    ps_pg_counts(f.pg, &max, &in_use, &available);
    assert_int_equal(max, 3);
    assert_int_equal(in_use, 0);
    assert_int_equal(available, 1);
    start = ps_clock_mono_ms();
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        ask(&f, "SELECT pg_sleep(0.5)", &answers[i]);
    while (answers[5].calls == 0) {
        turn(f.loop);
        ps_pg_counts(f.pg, &max, &in_use, &available);
        most = in_use > most ? in_use : most;
        assert_true(ps_clock_mono_ms() - start < PATIENCE_MS);
    }
    assert_int_equal(most, 3);
    assert_true(ps_clock_mono_ms() - start < 2500); /* one by one they take 3 s */
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++) {
        until_count(f.loop, &answers[i].calls, 1);
        assert_true(answers[i].ok);
    }
    done(&f);
}

static void a_batch_waits_no_longer_than_set(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct answer busy, waiting;
    int64_t start;
    struct fixture f;

    (void)state;
    options.max = 1;
    options.queue_wait_ms = 300;
    open_with(&f, &options, true);
    until_count(f.loop, &f.ups, 1);
    ask(&f, "SELECT pg_sleep(1)", &busy);
    start = ps_clock_mono_ms();
    ask_wait(&f, "SELECT 1", &waiting);
    assert_int_equal(waiting.err.code, PS_PG_ERR_OFFLINE);
    assert_int_equal(waiting.err.category, PS_FAILURE_TIMEOUT);
    assert_in_range(waiting.at - start, 290, 900);
    until_count(f.loop, &busy.calls, 1);
    assert_true(busy.ok);
    done(&f);
}

static int refused_calls;

static void on_refused(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    (void)cookie;
    (void)rows;
    refused_calls += err && err->code == PS_PG_ERR_OFFLINE;
}

static void the_queue_has_a_cap(void **state)
{
    struct ps_pg_options options = options_of("postgresql:///x?host=/nowhere");
    struct fixture f;

    (void)state;
    open_with(&f, &options, true);
    refused_calls = 0;
    for (int i = 0; i < 10005; i++)
        ps_pg_run(f.pg, ps_pg_batch_create(), on_refused, NULL);
    assert_int_equal(refused_calls, 0);
    run_ms(f.loop, 50);
    assert_int_equal(refused_calls, 5);
    done(&f);
    assert_int_equal(refused_calls, 10005); /* destroying answers the rest */
}

static void destroying_answers_what_runs(void **state)
{
    struct answer running;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    ask(&f, "SELECT pg_sleep(30)", &running);
    run_ms(f.loop, 100);
    done(&f);
    assert_int_equal(running.calls, 1);
    assert_int_equal(running.err.code, PS_PG_ERR_LOST);
}

static void bad_settings_are_reported_without_the_url(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct ps_pg_options options = options_of("postgresql://u:hunter2@h:port/?wrong=1");
    struct ps_err err;

    (void)state;
    assert_null(ps_pg_create(loop, &options, true, NULL, NULL, &err));
    assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
    assert_null(strstr(err.what, "hunter2"));
    ps_loop_destroy(loop);
}

static void a_missing_database_is_a_matter_of_configuration(void **state)
{
    char *url = ps_alloc_format("postgresql:///nosuch?host=%s&user=postgres&password=hunter2",
                                ps_test_pg_folder(server));
    struct ps_pg_options options = options_of(url);
    struct fixture f;

    (void)state;
    open_with(&f, &options, true);
    until_count(f.loop, &f.downs, 1);
    assert_int_equal(f.down.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(f.down.what, "3D000"));
    assert_null(strstr(f.down.what, "hunter2"));
    assert_null(strchr(f.down.what, '\n'));
    done(&f);
    free(url);
}

static void a_refused_port_and_the_next_host_is_tried(void **state)
{
    char *url = ps_alloc_format("postgresql://postgres@/paperscout?host=localhost,%s&port=1,5432",
                                ps_test_pg_folder(server));
    struct ps_pg_options options = options_of(url);
    struct answer answer;
    struct fixture f;

    (void)state;
    open_with(&f, &options, true);
    until_count(f.loop, &f.ups, 1);
    ask_wait(&f, "SELECT 'second host'", &answer);
    assert_string_equal(answer.first, "second host");
    done(&f);
    free(url);
}

/* Takes a connection, which the kernel accepts, and never says a word. */
static int silent_port(int *out_fd)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *out_fd = fd;
    return ntohs(address.sin_port);
}

/* A host that is silent must not take the time of the next one, and connect_timeout counts. */
static void each_host_has_its_own_deadline(void **state)
{
    int fd, port = silent_port(&fd);
    char *url = ps_alloc_format("postgresql://postgres@/paperscout?host=127.0.0.1,%s"
                                "&port=%d,5432&connect_timeout=1&target_session_attrs=read-write",
                                ps_test_pg_folder(server), port);
    struct ps_pg_options options = options_of(url);
    int64_t start = ps_clock_mono_ms();
    struct answer answers[3];
    struct fixture f;

    (void)state;
    options.connect_timeout_ms = 60000;
    open_with(&f, &options, true);
    until_count(f.loop, &f.ups, 1);
    assert_int_equal(f.downs, 0);
    assert_true(ps_clock_mono_ms() - start >= 900);
    start = ps_clock_mono_ms();
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        ask(&f, "SELECT pg_sleep(0.3)", &answers[i]);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        until_count(f.loop, &answers[i].calls, 1);
    /* The others begin with the host that served: one after the other would take 900 ms. */
    assert_true(ps_clock_mono_ms() - start < 900);
    done(&f);
    free(url);
    (void)close(fd);
}

static void of_several_failures_the_telling_one_is_reported(void **state)
{
    char *url = ps_alloc_format("postgresql://postgres@/nosuch?host=%s,127.0.0.1&port=5432,1",
                                ps_test_pg_folder(server));
    struct ps_pg_options options = options_of(url);
    struct fixture f;

    (void)state;
    open_with(&f, &options, true);
    until_count(f.loop, &f.downs, 1);
    assert_int_equal(f.down.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(f.down.what, "3D000"));
    assert_non_null(strstr(ps_pg_why(f.pg), "3D000"));
    done(&f);
    free(url);
}

static void a_server_without_writes_is_no_setting_for_a_pool_that_writes(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct ps_pg_options options = options_of("postgresql://h/x?target_session_attrs=standby");
    struct ps_pg *pg;
    struct ps_err err;

    (void)state;
    assert_null(ps_pg_create(loop, &options, true, NULL, NULL, &err));
    assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(err.what, "target_session_attrs=standby"));
    options.foreign = true;
    pg = ps_pg_create(loop, &options, false, NULL, NULL, &err);
    assert_non_null(pg);
    ps_pg_destroy(pg);
    ps_loop_destroy(loop);
}

static void a_database_that_is_not_utf8_is_refused(void **state)
{
    static const char *const encodings[] = { "LATIN1", "SQL_ASCII" };
    struct ps_pg_options options;
    struct fixture f;
    char *url, *sql;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(encodings); i++) {
        sql = ps_alloc_format("CREATE DATABASE %s ENCODING '%s' LOCALE 'C' TEMPLATE template0",
                              encodings[i], encodings[i]);
        free(ps_test_psql(server, sql));
        free(sql);
        url = ps_alloc_format("postgresql://postgres@/%s?host=%s", i == 0 ? "latin1" : "sql_ascii",
                              ps_test_pg_folder(server));
        options = options_of(url);
        open_with(&f, &options, true);
        until_count(f.loop, &f.downs, 1);
        assert_int_equal(f.down.category, PS_FAILURE_CONFIGURATION);
        assert_non_null(strstr(f.down.what, encodings[i]));
        assert_non_null(strstr(f.down.what, "ENCODING 'UTF8' TEMPLATE template0"));
        done(&f);
        free(url);
    }
}

static void a_migrated_database_needs_no_right_to_create(void **state)
{
    char *url =
        ps_alloc_format("postgresql://plain@/paperscout?host=%s", ps_test_pg_folder(server));
    struct ps_pg_options options = options_of(url);
    struct answer answer;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    done(&f);
    free(ps_test_psql(server,
                      "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE plain LOGIN; "
                      "GRANT SELECT ON schema_version TO plain"));
    open_with(&f, &options, true);
    until_count(f.loop, &f.ups, 1);
    assert_int_equal(f.downs, 0);
    ask_wait(&f, "SELECT count(*) FROM outbox", &answer);
    assert_int_equal(answer.err.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(ps_pg_why(f.pg), "42501"));
    free(ps_test_psql(server, "GRANT SELECT ON outbox TO plain"));
    ask_wait(&f, "SELECT count(*) FROM watchlist", &answer); /* another statement: no all-clear */
    ask_wait(&f, "SELECT 1", &answer);
    assert_non_null(strstr(ps_pg_why(f.pg), "watchlist"));
    free(ps_test_psql(server, "GRANT SELECT ON watchlist TO plain"));
    ask_wait(&f, "SELECT count(*) FROM watchlist", &answer);
    assert_true(answer.ok);
    assert_string_equal(ps_pg_why(f.pg), "");
    done(&f);
    /* Without a schema the reason is the right that is missing. */
    ps_test_pg_wipe(server);
    free(ps_test_psql(server, "REVOKE CREATE ON SCHEMA public FROM PUBLIC"));
    open_with(&f, &options, true);
    until_count(f.loop, &f.downs, 1);
    assert_int_equal(f.down.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(f.down.what, "42501"));
    assert_non_null(strstr(f.down.what, "deploy/POSTGRES.md"));
    done(&f);
    free(ps_test_psql(server, "DROP ROLE plain"));
    free(url);
}

/* A full disk, as the server reports it. */
static void a_refused_write_is_a_reason_until_it_succeeds(void **state)
{
    static const char insert[] = "INSERT INTO full_disk VALUES (1)";
    struct answer answer;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    free(ps_test_psql(
        server,
        "CREATE TABLE full_disk (n int); CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' "
        "USING ERRCODE = '53100'; END $$; CREATE TRIGGER refuse BEFORE INSERT ON full_disk "
        "FOR EACH ROW EXECUTE FUNCTION refuse()"));
    assert_string_equal(ps_pg_why(f.pg), "");
    ask_wait(&f, insert, &answer);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    ask_wait(&f, "SELECT 1", &answer);
    assert_true(answer.ok);
    assert_non_null(strstr(ps_pg_why(f.pg), "53100"));
    assert_true(ps_pg_up(f.pg));
    free(ps_test_psql(server, "DROP TRIGGER refuse ON full_disk"));
    ask_wait(&f, insert, &answer);
    assert_true(answer.ok);
    assert_string_equal(ps_pg_why(f.pg), "");
    free(ps_test_psql(server, "DROP TABLE full_disk; DROP FUNCTION refuse"));
    done(&f);
}

static void a_held_migration_lock_is_named(void **state)
{
    struct ps_pg_options options = options_of(ps_test_pg_url(server));
    struct answer answer;
    struct fixture holder, f;

    (void)state;
    ps_test_pg_wipe(server);
    open_with(&holder, &options, false);
    until_count(holder.loop, &holder.downs, 1);
    done(&holder);
    /* As a version before left it on a server connection. */
    options.foreign = true;
    open_with(&holder, &options, false);
    until_count(holder.loop, &holder.ups, 1);
    ask_wait(&holder, "SELECT pg_advisory_lock(7881170011)", &answer);
    assert_true(answer.ok);
    options.foreign = false;
    options.application_name = "waits";
    open_with(&f, &options, true);
    until_count(f.loop, &f.downs, 1);
    assert_int_equal(f.down.category, PS_FAILURE_TIMEOUT);
    assert_non_null(strstr(f.down.what, "migration lock, held by server process"));
    assert_non_null(strstr(f.down.what, "(test)"));
    assert_non_null(strstr(f.down.what, "SELECT pg_terminate_backend("));
    done(&holder);
    until_count(f.loop, &f.ups, 1);
    assert_int_equal(ps_test_psql_int(server, "SELECT count(*) FROM schema_version"),
                     ps_migration_count);
    done(&f);
}

static void a_connection_keeps_no_setting_of_ours(void **state)
{
    struct answer answer;
    struct fixture f;

    (void)state;
    open_up(&f, 1);
    ask_wait(&f, "SHOW statement_timeout", &answer);
    assert_string_equal(answer.first, "30s");
    /* The server's own view of the session, between two transactions. */
    ask_wait(&f,
             "SELECT count(*) FROM pg_settings WHERE source = 'session' AND name NOT IN "
             "('TimeZone', 'statement_timeout', 'lock_timeout', 'transaction_read_only')",
             &answer);
    assert_string_equal(answer.first, "0");
    ask_wait(&f, "SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout'", &answer);
    assert_string_equal(answer.first, "0");
    done(&f);
}

static void notices_do_not_reach_standard_error(void **state)
{
    struct answer answer;
    struct fixture f;
    char text[64] = "";
    FILE *file = tmpfile();
    int saved = dup(2);
    size_t said;

    (void)state;
    assert_non_null(file);
    open_up(&f, 1);
    assert_true(dup2(fileno(file), 2) >= 0);
    ask_wait(&f, "DO $$ BEGIN RAISE WARNING 'psst'; END $$", &answer);
    assert_true(dup2(saved, 2) >= 0);
    close(saved);
    rewind(file);
    said = fread(text, 1, sizeof(text) - 1, file);
    assert_string_equal(text, "");
    assert_int_equal(said, 0);
    assert_true(answer.ok);
    fclose(file);
    done(&f);
}

static int start_server(void **state)
{
    (void)state;
    server = ps_test_pg_start();
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    ps_test_pg_destroy(server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_database_gets_the_schema),
        cmocka_unit_test(two_programs_migrate_at_once),
        cmocka_unit_test(who_does_not_migrate_waits_for_the_schema),
        cmocka_unit_test(the_first_program_creates_the_schema),
        cmocka_unit_test(a_database_newer_than_the_program_is_fine),
        cmocka_unit_test(a_batch_is_one_transaction),
        cmocka_unit_test(a_commit_that_fails_is_an_error),
        cmocka_unit_test(an_old_epoch_is_fenced),
        cmocka_unit_test(values_and_places_outside),
        cmocka_unit_test(five_megabytes_of_json_go_there_and_back),
        cmocka_unit_test(many_statements_in_one_batch),
        cmocka_unit_test(an_empty_batch_is_answered),
        cmocka_unit_test(a_connection_lost_under_a_batch),
        cmocka_unit_test(a_batch_without_an_answer_times_out),
        cmocka_unit_test(a_standby_is_left),
        cmocka_unit_test(copy_is_refused_and_the_pool_lives),
        cmocka_unit_test(the_server_stops_and_comes_back),
        cmocka_unit_test(a_server_that_is_down_at_start_is_waited_for),
        cmocka_unit_test(the_pool_grows_while_batches_wait),
        cmocka_unit_test(a_batch_waits_no_longer_than_set),
        cmocka_unit_test(the_queue_has_a_cap),
        cmocka_unit_test(destroying_answers_what_runs),
        cmocka_unit_test(bad_settings_are_reported_without_the_url),
        cmocka_unit_test(a_missing_database_is_a_matter_of_configuration),
        cmocka_unit_test(a_refused_port_and_the_next_host_is_tried),
        cmocka_unit_test(each_host_has_its_own_deadline),
        cmocka_unit_test(of_several_failures_the_telling_one_is_reported),
        cmocka_unit_test(a_server_without_writes_is_no_setting_for_a_pool_that_writes),
        cmocka_unit_test(a_database_that_is_not_utf8_is_refused),
        cmocka_unit_test(a_migrated_database_needs_no_right_to_create),
        cmocka_unit_test(a_refused_write_is_a_reason_until_it_succeeds),
        cmocka_unit_test(a_held_migration_lock_is_named),
        cmocka_unit_test(a_connection_keeps_no_setting_of_ours),
        cmocka_unit_test(notices_do_not_reach_standard_error),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
