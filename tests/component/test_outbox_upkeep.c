/* What the leader does with rows that wait and with rows that are old, on a private PostgreSQL. */
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/pg.h"
#include "tests/support/pg_server.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, ROWS_MAX = 2000, EPOCH = 1 };
/* Statements of a batch: the fence, then what holds, or the one that is tested. */
enum { TESTED = 1, LOOKED };

static struct ps_test_pg *server;
static struct ps_loop *loop;
static struct ps_pg *pg;

struct answer {
    bool done;
    int64_t first; /* what the tested statement answered */
    int rows;      /* of the look */
    char error[200];
};

static bool is_done(void *cookie)
{
    return ((struct answer *)cookie)->done;
}

static int set_up_all(void **state)
{
    (void)state;
    server = ps_test_pg_start();
    loop = ps_loop_create();
    pg = ps_test_pg_pool(server, loop, 2);
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

static int set_up(void **state)
{
    (void)state;
    free(ps_test_psql(server, "TRUNCATE outbox, mute, digest, alarms, cycles CASCADE"));
    return 0;
}

static void expect(const char *sql, const char *want)
{
    char *text = ps_test_psql(server, sql);

    assert_string_equal(text, want);
    free(text);
}

static void on_answer(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->done = true;
    if (err != NULL) {
        (void)snprintf(answer->error, sizeof(answer->error), "%s", err->what);
        return;
    }
    answer->rows = ps_pg_row_count(rows, LOOKED);
    answer->first = ps_pg_int(rows, TESTED, 0, 0, -1);
}

static struct answer run(struct ps_pg_batch *batch)
{
    struct answer answer = { 0 };

    ps_pg_run(pg, batch, on_answer, &answer);
    assert_true(ps_test_run_until(loop, is_done, &answer, PATIENCE_MS));
    return answer;
}

/* Rows that the relay would make messages of. */
static int look(void)
{
    struct ps_pg_batch *batch = ps_store_begin(EPOCH);
    struct answer answer;

    ps_sql_outbox_hold(batch, ROWS_MAX);
    ps_sql_outbox_unbundled(batch, ROWS_MAX, "all", "message");
    answer = run(batch);
    assert_string_equal(answer.error, "");
    return answer.rows;
}

/* Rows 1 … rows of each of people U1 …, and one more of somebody without a digest. */
static void fill(int people, int rows)
{
    char *sql = ps_alloc_format(
        "INSERT INTO digest (user_id, minute) SELECT 'U' || p, (extract(hour FROM now() AT TIME "
        "ZONE "
        "'UTC')::integer * 60 + 1380) %% 1440 FROM generate_series(1, %d) p;"
        "INSERT INTO outbox (dedupe_key, kind, channel, data) SELECT 'k' || p || ':' || n, "
        "'watchlist', 'U' || p, jsonb_build_object('id', 'P' || n, 'number', n::text, 'by', "
        "'number', 'reason', n::text, 'title', repeat('title ', 20)) "
        "FROM generate_series(1, %d) p, generate_series(1, %d) n;"
        "INSERT INTO outbox (dedupe_key, kind, channel, data) VALUES ('other', 'watchlist', "
        "'V1', '{\"number\":\"1\",\"by\":\"number\",\"reason\":\"1\"}')",
        people, people, rows);

    free(ps_test_psql(server, sql));
    free(sql);
}

static int64_t number(const char *sql)
{
    char *text = ps_test_psql(server, sql);
    int64_t value = strtoll(text, NULL, 10);

    free(text);
    return value;
}

/* Rows of the outbox that a look reads, by the plan's own count. */
static int64_t rows_read(void)
{
    return number(
        "CREATE OR REPLACE FUNCTION pg_temp.rows_read() RETURNS bigint LANGUAGE plpgsql AS $f$ "
        "DECLARE line text; total numeric := 0; part text[]; BEGIN FOR line IN EXECUTE 'EXPLAIN "
        "(ANALYZE, TIMING OFF) SELECT o.id FROM outbox o WHERE o.message_id IS NULL AND "
        "o.held_until <= now() AND NOT (o.kind = ''watchlist'' AND o.id IN (SELECT id FROM "
        "holding))' LOOP IF line ~ 'Rows Removed by' THEN total := total + (regexp_match(line, ': "
        "([0-9]+)'))[1]::numeric; ELSIF line ~ ' on outbox' THEN part := regexp_match(line, "
        "'actual "
        "rows=([0-9.]+) loops=([0-9]+)'); IF part IS NOT NULL THEN total := total + "
        "part[1]::numeric "
        "* part[2]::numeric; END IF; END IF; END LOOP; RETURN total::bigint; END $f$;"
        "SELECT pg_temp.rows_read()");
}

static void held_rows_are_read_once_and_not_each_second(void **state)
{
    int64_t before, after;

    (void)state;
    fill(300, 16);
    free(ps_test_psql(server, "ANALYZE outbox, digest, mute"));
    before = rows_read();
    for (int i = 0; i < 4; i++)
        assert_int_equal(look(), 1);
    expect("SELECT count(*) FROM outbox WHERE held_until > now()", "4800");
    free(ps_test_psql(server, "ANALYZE outbox")); /* as autovacuum does when so many rows changed */
    after = rows_read();
    (void)printf("rows of the outbox read by a look: %lld, then %lld\n", (long long)before,
                 (long long)after);
    assert_true(before >= 4800);
    assert_true(after * 100 <= before);
}

static void a_digest_that_is_due_or_given_up_gives_its_rows(void **state)
{
    (void)state;
    fill(3, 5);
    assert_int_equal(look(), 1);
    expect("SELECT count(*) FROM outbox WHERE held_until > now()", "15");
    free(ps_test_psql(server, "UPDATE digest SET released_at = now() WHERE user_id = 'U1'"));
    assert_int_equal(look(), 1 + 5);
    free(ps_test_psql(server, "DELETE FROM digest WHERE user_id = 'U2'"));
    assert_int_equal(look(), 1 + 10);
    /* The time comes: as if it were tomorrow. */
    free(ps_test_psql(server, "UPDATE outbox SET created_at = created_at - interval '1 day', "
                              "held_until = now() WHERE channel = 'U3'"));
    assert_int_equal(look(), 1 + 15);
}

static void a_snooze_holds_and_its_end_gives(void **state)
{
    (void)state;
    fill(0, 0);
    free(ps_test_psql(server,
                      "INSERT INTO mute (user_id, kind, value, snooze, until) VALUES ('V1', "
                      "'all', '', true, now() + interval '1 hour')"));
    assert_int_equal(look(), 0);
    expect("SELECT held_until = (SELECT until FROM mute) FROM outbox", "t");
    free(ps_test_psql(server, "UPDATE mute SET until = now() + interval '2 hours'"));
    assert_int_equal(look(), 0);
    expect("SELECT held_until = (SELECT until FROM mute) FROM outbox", "t");
    free(ps_test_psql(server, "DELETE FROM mute"));
    assert_int_equal(look(), 1);
}

/* The view waiting is what schedulers of the version before ask: both must agree. */
static void what_is_held_is_what_the_view_of_before_says(void **state)
{
    (void)state;
    fill(5, 4);
    free(ps_test_psql(
        server, "INSERT INTO mute (user_id, kind, value, snooze, until) VALUES ('V1', 'number', "
                "'1', true, now() + interval '1 hour'), ('U1', 'all', '', true, now() + "
                "interval '3 days'), ('U2', 'number', '2', true, now() - interval '1 hour'); "
                "UPDATE digest SET released_at = now() WHERE user_id IN ('U2', 'U3'); INSERT "
                "INTO cycles (number, epoch, status, silent, planned, hot_probes, cold_probes, "
                "skipped_discovered, skipped_in_index, started_at, deadline) VALUES (7, 1, "
                "'running', false, 0, 0, 0, 0, 0, now(), now()); UPDATE outbox SET cycle = 7 "
                "WHERE channel = 'U3'"));
    (void)look();
    expect("SELECT count(*) FROM (SELECT id FROM waiting EXCEPT SELECT id FROM outbox WHERE "
           "held_until > now()) a",
           "0");
    expect("SELECT count(*) FROM (SELECT id FROM outbox WHERE held_until > now() EXCEPT SELECT id "
           "FROM waiting) a",
           "0");
    expect("SELECT count(*) > 10 FROM waiting", "t");
}

/* The fence of a transaction that changes meta (ps_fence_meta). */
static void the_fence_of_meta_refuses_older_epochs_and_stores_newer_ones(void **state)
{
    struct ps_pg_batch *batch = ps_store_begin_meta(EPOCH + 5);
    struct answer answer;

    (void)state;
    PS_PG_ADD0(batch, "SELECT epoch FROM meta");
    answer = run(batch);
    assert_int_equal(answer.first, EPOCH + 5);
    batch = ps_store_begin_meta(EPOCH);
    PS_PG_ADD0(batch, "UPDATE meta SET poll_count = 12345");
    answer = run(batch);
    assert_true(strstr(answer.error, "a newer epoch exists") != NULL);
    expect("SELECT poll_count = 12345 FROM meta", "f");
    free(ps_test_psql(server, "UPDATE meta SET epoch = 0"));
}

/* Two transactions of one leader that shared the row's lock and then changed it ended in 40P01. */
static void two_changes_of_meta_wait_for_each_other_without_a_deadlock(void **state)
{
    struct answer answers[2] = { { 0 }, { 0 } };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ps_pg_batch *batch = ps_store_begin_meta(EPOCH);

        PS_PG_ADD0(batch, "SELECT pg_sleep(0.5)");
        PS_PG_ADD0(batch, "UPDATE meta SET poll_count = poll_count + 1");
        ps_pg_run(pg, batch, on_answer, &answers[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(ps_test_run_until(loop, is_done, &answers[i], PATIENCE_MS));
        assert_string_equal(answers[i].error, "");
    }
}

/* Slices until nothing is left; gives how many, each of so many rows at most. */
static int prune(int days, int most)
{
    int slices = 0;

    for (;;) {
        struct ps_pg_batch *batch = ps_store_begin(EPOCH);
        struct answer answer;

        ps_sql_retention(batch, days, most);
        answer = run(batch);
        assert_string_equal(answer.error, "");
        assert_in_range(answer.first, 0, most);
        if (answer.first == 0)
            return slices;
        slices++;
    }
}

static void old_rows_go_in_slices_and_keys_stay(void **state)
{
    (void)state;
    free(ps_test_psql(
        server,
        "INSERT INTO outbox (dedupe_key, kind, channel, data, created_at, sent_at, message_id, "
        "message_text) SELECT k || ':' || n, k, 'C1', '{\"id\":\"P1\"}', now() - interval '91 "
        "days', "
        "now() - interval '91 days', 'o' || n, 'text' FROM generate_series(1, 1200) n, "
        "unnest(ARRAY['reply', 'watchlist']) k;"
        /* young, not sent yet, dead, and of an alarm that is still raised */
        "INSERT INTO outbox (dedupe_key, kind, channel, data, created_at, sent_at, dead_at, "
        "message_id, message_text) VALUES "
        "('young', 'reply', 'C1', '{}', now() - interval '91 days', now() - interval '89 days', "
        "NULL, 'o1', 't'), "
        "('open', 'reply', 'C1', '{}', now() - interval '91 days', NULL, NULL, 'o2', 't'), "
        "('dead', 'draft', 'C1', '{}', now() - interval '91 days', NULL, now() - interval '91 "
        "days', 'o3', 't'), "
        "('alarm', 'ops_alert', 'C1', '{}', now() - interval '91 days', now() - interval '91 "
        "days', "
        "NULL, 'o4', 't');"
        "INSERT INTO alarms (incident, route, told_by, message_key) VALUES ('x', 0, 's', "
        "'alarm')"));
    assert_in_range(prune(90, 500), 5, 6);
    expect("SELECT string_agg(dedupe_key || '=' || coalesce(message_text, '-'), ' ' ORDER BY "
           "dedupe_key) FROM outbox WHERE kind <> 'watchlist'",
           "alarm=t dead=- open=t young=t");
    expect("SELECT concat_ws('|', count(*), count(message_text), count(DISTINCT dedupe_key)) FROM "
           "outbox WHERE kind "
           "= 'watchlist'",
           "1200|0|1200");
    expect("SELECT dead_dropped_at IS NOT NULL FROM outbox WHERE dedupe_key = 'dead'", "t");
    assert_int_equal(prune(90, 500), 0);
}

static void old_cycles_go_but_for_the_newest(void **state)
{
    (void)state;
    free(ps_test_psql(
        server,
        "INSERT INTO cycles (number, epoch, status, silent, planned, hot_probes, cold_probes, "
        "skipped_discovered, skipped_in_index, started_at, deadline, finished_at) SELECT n, "
        "1, 'failed', false, 0, 0, 0, 0, 0, now() - interval '100 days', now(), now() - "
        "interval '100 days' FROM generate_series(1, 1200) n;"
        "INSERT INTO controls (cycle, url, kind) SELECT n, 'u', 'absent' FROM "
        "generate_series(1, 1200) n"));
    assert_int_equal(prune(90, 500), 2);
    expect(
        "SELECT concat_ws('|', min(number), count(*), (SELECT count(*) FROM controls)) FROM cycles",
        "913|288|288");
}

/* Days without the index have failed cycles only: they prune too. */
static void a_failed_cycle_prunes(void **state)
{
    struct ps_pg_batch *batch = ps_store_begin_meta(EPOCH);

    (void)state;
    free(ps_test_psql(
        server,
        "INSERT INTO cycles (number, epoch, status, silent, planned, hot_probes, cold_probes, "
        "skipped_discovered, skipped_in_index, started_at, deadline, finished_at) SELECT n, "
        "1, 'success', false, 0, 0, 0, 0, 0, now(), now(), now() FROM "
        "generate_series(1, 10100) n;"
        "INSERT INTO probes (cycle, position, task, url, tier, prefix, number, revision, "
        "ext) SELECT n, 0, 't' || n, 'u', 'cold', 'D', 1, 0, '.pdf' FROM "
        "generate_series(9500, 10100) n"));
    ps_store_add_failed_cycle(batch, EPOCH, 10101, 0, "the index was not read");
    assert_string_equal(run(batch).error, "");
    expect("SELECT concat_ws('|', min(number), max(number), (SELECT min(cycle) FROM probes)) FROM "
           "cycles",
           "102|10101|9814");
}

#define A_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(held_rows_are_read_once_and_not_each_second),
        A_TEST(a_digest_that_is_due_or_given_up_gives_its_rows),
        A_TEST(a_snooze_holds_and_its_end_gives),
        A_TEST(what_is_held_is_what_the_view_of_before_says),
        A_TEST(the_fence_of_meta_refuses_older_epochs_and_stores_newer_ones),
        A_TEST(two_changes_of_meta_wait_for_each_other_without_a_deadlock),
        A_TEST(old_rows_go_in_slices_and_keys_stay),
        A_TEST(old_cycles_go_but_for_the_newest),
        A_TEST(a_failed_cycle_prunes),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
