/* The one guard of the scheduler against answers that come too late, on a private Redis and a
 * private PostgreSQL. The election is played by the test. */
#include "scheduler/io/election.h"
#include "scheduler/io/leader_writer.h"
#include "shared/core/alloc.h"
#include "shared/io/background.h"
#include "tests/support/pg_server.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    PATIENCE_MS = 20000,
    RETRY_MS = 20,
    LONGEST_PAUSE_MS = 8 * RETRY_MS,
    STEPS = 7,
    SLACK_MS = 5
};

static struct ps_test_pg *postgres;
static struct ps_test_redis *redis_server;
static struct ps_daemon daemon_;
static struct ps_leadership leadership;
static bool lease_held;
static int fenced;  /* how often the election learned of a newer leader */
static int reloads; /* times that the mirrors were to be read again */
static int64_t next_epoch;

/* In place of election.c. */
bool ps_election_leads(const struct ps_election *election)
{
    (void)election;
    return lease_held;
}

void ps_election_fenced(struct ps_election *election)
{
    (void)election;
    fenced++;
    ps_leadership_end(&leadership);
}

/* A part of the scheduler. */
struct part {
    struct ps_leader_writer *writer;
    int rows, replies, empty_replies, failures, steps;
    int64_t step_ms[STEPS + 1];
    void (*next)(struct part *part); /* what a step does; NULL for nothing */
};

static void on_rows(void *cookie, const struct ps_pg_rows *rows)
{
    struct part *part = cookie;

    (void)rows;
    part->rows++;
}

static void on_reply(void *cookie, const struct redisReply *reply)
{
    struct part *part = cookie;

    part->replies += reply != NULL;
    part->empty_replies += reply == NULL;
}

static void on_failed(void *cookie, const struct ps_err *err)
{
    struct part *part = cookie;

    (void)err;
    part->failures++;
}

static void step(void *cookie)
{
    struct part *part = cookie;

    if (part->steps <= STEPS)
        part->step_ms[part->steps] = ps_loop_now(daemon_.loop);
    part->steps++;
    if (part->next != NULL)
        part->next(part);
}

static void reload(void *cookie)
{
    (void)cookie;
    reloads++;
}

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

static bool servers_are_up(void *cookie)
{
    (void)cookie;
    return ps_pg_up(daemon_.pg) && ps_redis_up(daemon_.redis);
}

static int set_up_all(void **state)
{
    struct ps_pg_options pg = { .application_name = "test", .max = 3 };
    struct ps_redis_options redis;
    struct ps_err err;

    (void)state;
    postgres = ps_test_pg_start();
    redis_server = ps_test_redis_start(NULL);
    pg.url = ps_test_pg_url(postgres);
    redis = (struct ps_redis_options){ .url = ps_test_redis_url(redis_server) };
    daemon_.loop = ps_loop_create();
    daemon_.background = ps_background_create(daemon_.loop);
    daemon_.keys = ps_keys_create("t:");
    daemon_.metrics = ps_metrics_create();
    ps_metrics_begin(daemon_.metrics, PS_COMPONENT_SCHEDULER);
    daemon_.pg = ps_pg_create(daemon_.loop, &pg, true, on_state, NULL, &err);
    daemon_.redis = ps_redis_create(daemon_.loop, &redis, on_state, NULL, &err);
    daemon_.failures =
        ps_failure_log_create(daemon_.redis, daemon_.keys, daemon_.metrics, "scheduler");
    assert_true(ps_test_run_until(daemon_.loop, servers_are_up, NULL, PATIENCE_MS));
    leadership.daemon = &daemon_;
    leadership.reload = reload;
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    ps_redis_destroy(daemon_.redis);
    ps_pg_destroy(daemon_.pg);
    ps_background_destroy(daemon_.background);
    ps_failure_log_destroy(daemon_.failures);
    ps_metrics_destroy(daemon_.metrics);
    ps_keys_destroy(daemon_.keys);
    ps_loop_destroy(daemon_.loop);
    ps_test_redis_destroy(redis_server);
    ps_test_pg_destroy(postgres);
    return 0;
}

static void lead(void)
{
    lease_held = true;
    ps_leadership_take(&leadership, ++next_epoch);
}

static int set_up(void **state)
{
    (void)state;
    ps_test_redis_do(redis_server, "FLUSHALL");
    fenced = reloads = 0;
    lead();
    return 0;
}

static void part_open(struct part *part, struct ps_leader_writer_options options)
{
    *part = (struct part){ 0 };
    options.leadership = &leadership;
    options.cookie = part;
    options.event = PS_EVENT_OUTBOX_ERROR;
    options.retry_ms = RETRY_MS;
    options.step = step;
    options.on_failed = on_failed;
    part->writer = ps_leader_writer_create(&options);
    assert_true(ps_leader_writer_start(part->writer));
}

static bool is_idle(void *cookie)
{
    const struct part *part = cookie;

    return !ps_leader_writer_busy(part->writer);
}

static void wait_for_answers(struct part *part)
{
    assert_true(ps_test_run_until(daemon_.loop, is_idle, part, PATIENCE_MS));
}

static void part_close(struct part *part)
{
    wait_for_answers(part);
    ps_leader_writer_stop(part->writer);
    ps_leader_writer_destroy(part->writer);
}

static void run_sql(struct part *part, const char *sql)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(part->writer);

    PS_PG_ADD0(batch, sql);
    ps_leader_writer_run(part->writer, batch, "the test's rows were not stored", on_rows);
}

static void withdraw(struct part *part, bool optional)
{
    struct ps_script_args args;

    ps_leader_writer_args(part->writer, &args);
    ps_script_args_text(&args, "workers");
    ps_script_args_int(&args, 1);
    ps_script_args_int(&args, 10);
    ps_script_args_text(&args, "");
    ps_leader_writer_script(part->writer,
                            &(struct ps_leader_script){ .script = PS_SCRIPT_TASK_WITHDRAW,
                                                        .keys = { PS_KEY_TASKS },
                                                        .what = "the test's tasks stay",
                                                        .fn = on_reply,
                                                        .optional = optional },
                            &args);
}

static void withdraw_again(struct part *part)
{
    withdraw(part, false);
}

static uint64_t failures(void)
{
    const uint64_t *counts = ps_failure_log_counts(daemon_.failures);
    uint64_t sum = 0;

    for (int i = 0; i < PS_FAILURE_COUNT; i++)
        sum += counts[i];
    return sum;
}

static void an_answer_of_this_term_runs_its_callback_once(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
    run_sql(&part, "SELECT 1");
    withdraw(&part, false);
    assert_true(ps_leader_writer_busy(part.writer));
    assert_int_equal(part.rows + part.replies, 0); /* never before the call returned */
    wait_for_answers(&part);
    ps_test_run_for(daemon_.loop, 2 * RETRY_MS);
    assert_int_equal(part.rows, 1);
    assert_int_equal(part.replies, 1);
    assert_int_equal(part.steps + part.failures + reloads, 0);
    part_close(&part);
}

static void an_answer_after_the_end_of_the_term_is_dropped(void **state)
{
    static const bool mirrors[] = { false, true };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(mirrors); i++) {
        struct part part;

        lead();
        part_open(&part, (struct ps_leader_writer_options){ .mirrors = mirrors[i] });
        run_sql(&part, "SELECT pg_sleep(0.1)");
        withdraw(&part, false);
        lease_held = false; /* its own clock says so; the election has not noticed yet */
        ps_test_run_for(daemon_.loop, 2 * RETRY_MS);
        ps_leadership_end(&leadership);
        ps_leader_writer_stop(part.writer);
        wait_for_answers(&part);
        ps_test_run_for(daemon_.loop, 2 * RETRY_MS);
        assert_int_equal(part.rows + part.replies + part.failures + part.steps, 0);
        assert_int_equal(fenced + reloads, 0);
        part_close(&part);
    }
}

static void a_new_term_goes_on_after_the_answer_of_the_old_one(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .report_once = true });
    run_sql(&part, "SELECT pg_sleep(0.1)");
    ps_leader_writer_stop(part.writer);
    lead();
    assert_true(ps_leader_writer_start(part.writer));
    wait_for_answers(&part);
    assert_int_equal(part.rows, 0);
    ps_test_run_for(daemon_.loop, 2 * RETRY_MS);
    assert_int_equal(part.steps, 1);
    part_close(&part);
}

static void a_transaction_from_before_the_mirrors_were_read_has_them_read_again(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
    run_sql(&part, "SELECT pg_sleep(0.1)");
    ps_leader_writer_stop(part.writer);
    ps_leadership_clear(&leadership); /* the same epoch, read anew */
    assert_false(ps_leader_writer_start(part.writer));
    wait_for_answers(&part);
    assert_int_equal(part.rows, 0);
    assert_int_equal(reloads, 1);
    assert_true(ps_leader_writer_start(part.writer));
    run_sql(&part, "SELECT 1");
    wait_for_answers(&part);
    assert_int_equal(part.rows, 1);
    assert_int_equal(part.steps, 0);
    part_close(&part);
}

/* A computation beside the loop, which says what became of it. */
struct computation {
    struct part *part;
    bool worked, destroyed;
};

static void compute(void *job)
{
    ((struct computation *)job)->worked = true;
}

static void on_computed(void *cookie, void *job)
{
    struct part *part = cookie;
    const struct computation *computation = job;

    assert_ptr_equal(computation->part, part);
    assert_true(computation->worked);
    part->rows++;
}

static void forget(void *job)
{
    ((struct computation *)job)->destroyed = true;
}

static void a_computation_counts_under_the_rules_of_an_answer(void **state)
{
    static const struct ps_leader_work work = { compute, on_computed, forget };
    struct part part;

    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        struct computation computation = { .part = &part };

        lead();
        part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
        ps_leader_writer_work(part.writer, &work, &computation);
        assert_true(ps_leader_writer_busy(part.writer));
        assert_int_equal(part.rows, 0);
        if (ends == 1) {
            ps_leadership_end(&leadership);
            ps_leader_writer_stop(part.writer);
            assert_false(ps_leader_writer_start(part.writer));
        }
        wait_for_answers(&part);
        assert_int_equal(part.rows, ends == 0 ? 1 : 0);
        assert_true(computation.destroyed);
        assert_int_equal(part.steps + part.failures + reloads, 0);
        part_close(&part);
    }
}

static void a_newer_leader_is_reported_once_and_ends_the_leadership(void **state)
{
    double before = ps_metrics_get(daemon_.metrics, PS_METRIC_FENCED_WRITES, "postgresql");
    struct part part, other;
    char *sql;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .report_once = true });
    part_open(&other, (struct ps_leader_writer_options){ .mirrors = true });
    sql = ps_alloc_format("SELECT ps_fence(%lld)", (long long)++next_epoch);
    free(ps_test_psql(postgres, sql));
    free(sql);
    run_sql(&part, "SELECT 1");
    run_sql(&part, "SELECT 1");
    run_sql(&other, "SELECT 1");
    wait_for_answers(&part);
    wait_for_answers(&other);
    assert_int_equal(fenced, 1);
    assert_int_equal(part.rows + other.rows, 0);
    assert_int_equal(part.failures + other.failures, 1);
    assert_int_equal(reloads, 0); /* there is nothing to read for a former leader */
    assert_true(ps_metrics_get(daemon_.metrics, PS_METRIC_FENCED_WRITES, "postgresql") ==
                before + 1);
    ps_test_run_for(daemon_.loop, 2 * RETRY_MS);
    assert_int_equal(part.steps + other.steps, 0);
    part_close(&part);
    part_close(&other);
}

static void redis_fences_a_script_even_if_the_part_could_do_without(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = false });
    ps_test_redis_do(redis_server, "SET t:epoch %d", (int)next_epoch + 1);
    withdraw(&part, true);
    wait_for_answers(&part);
    assert_int_equal(fenced, 1);
    assert_int_equal(part.replies + part.empty_replies, 0);
    part_close(&part);
}

static void a_failed_transaction_of_mirrors_is_not_retried(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
    run_sql(&part, "SELECT 1 / 0");
    wait_for_answers(&part);
    ps_test_run_for(daemon_.loop, 4 * RETRY_MS);
    assert_int_equal(part.failures, 1);
    assert_int_equal(reloads, 1);
    assert_int_equal(part.steps + part.rows, 0);
    part_close(&part);
}

static bool has_stepped(void *cookie)
{
    const struct part *part = cookie;

    return part->steps >= STEPS;
}

static void a_refusal_is_retried_with_a_pause_that_grows_to_a_limit(void **state)
{
    int64_t expected_ms = RETRY_MS;
    uint64_t before = failures();
    struct part part;

    (void)state;
    ps_test_redis_do(redis_server, "SET t:tasks not-a-stream");
    part_open(&part, (struct ps_leader_writer_options){ .report_once = true });
    part.next = withdraw_again;
    ps_leader_writer_wait(part.writer, 0);
    assert_true(ps_test_run_until(daemon_.loop, has_stepped, &part, PATIENCE_MS));
    for (int i = 1; i < STEPS; i++) {
        assert_true(part.step_ms[i] - part.step_ms[i - 1] >= expected_ms - SLACK_MS);
        if (expected_ms < LONGEST_PAUSE_MS)
            expected_ms *= 2;
    }
    assert_int_equal(failures() - before, 1); /* report_once */
    ps_test_redis_do(redis_server, "DEL t:tasks");
    part.next = NULL;
    wait_for_answers(&part);
    ps_test_run_for(daemon_.loop, 2 * LONGEST_PAUSE_MS);
    part.steps = part.replies = 0;
    withdraw(&part, false);
    wait_for_answers(&part);
    assert_int_equal(part.replies, 1);
    ps_test_run_for(daemon_.loop, 2 * LONGEST_PAUSE_MS);
    assert_int_equal(part.steps, 0); /* no retry follows a success */
    ps_test_redis_do(redis_server, "SET t:tasks not-a-stream");
    withdraw(&part, false);
    wait_for_answers(&part);
    assert_int_equal(failures() - before, 2); /* the first of a new row */
    part_close(&part);
}

static void a_part_goes_on_without_an_optional_answer(void **state)
{
    uint64_t before = failures();
    struct part part;

    (void)state;
    ps_test_redis_do(redis_server, "SET t:tasks not-a-stream");
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
    withdraw(&part, true);
    PS_LEADER_COMMAND(part.writer, on_reply, "XLEN", "t:tasks");
    PS_LEADER_COMMAND(part.writer, on_reply, "GET", "t:tasks");
    wait_for_answers(&part);
    assert_int_equal(part.empty_replies, 2);
    assert_int_equal(part.replies, 1);
    assert_int_equal(part.failures + part.steps + reloads, 0);
    assert_true(failures() == before);
    part_close(&part);
}

static void a_step_that_was_due_meanwhile_runs_after_the_answer(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
    run_sql(&part, "SELECT pg_sleep(0.1)");
    ps_leader_writer_wait(part.writer, 0);
    ps_test_run_for(daemon_.loop, 30);
    assert_int_equal(part.steps, 0);
    wait_for_answers(&part);
    ps_test_run_for(daemon_.loop, RETRY_MS);
    assert_int_equal(part.rows, 1);
    assert_int_equal(part.steps, 1);
    part_close(&part);
}

static void a_step_waits_until_a_late_renewal_confirms_the_lease(void **state)
{
    struct part part;

    (void)state;
    part_open(&part, (struct ps_leader_writer_options){ .mirrors = true });
    lease_held = false;
    ps_leader_writer_wait(part.writer, 0);
    ps_test_run_for(daemon_.loop, 30);
    assert_int_equal(part.steps, 0);
    lease_held = true;
    ps_test_run_for(daemon_.loop, 500);
    assert_int_equal(part.steps, 1);
    part_close(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_answer_of_this_term_runs_its_callback_once, set_up),
        cmocka_unit_test_setup(an_answer_after_the_end_of_the_term_is_dropped, set_up),
        cmocka_unit_test_setup(a_new_term_goes_on_after_the_answer_of_the_old_one, set_up),
        cmocka_unit_test_setup(a_computation_counts_under_the_rules_of_an_answer, set_up),
        cmocka_unit_test_setup(a_transaction_from_before_the_mirrors_were_read_has_them_read_again,
                               set_up),
        cmocka_unit_test_setup(a_newer_leader_is_reported_once_and_ends_the_leadership, set_up),
        cmocka_unit_test_setup(redis_fences_a_script_even_if_the_part_could_do_without, set_up),
        cmocka_unit_test_setup(a_failed_transaction_of_mirrors_is_not_retried, set_up),
        cmocka_unit_test_setup(a_refusal_is_retried_with_a_pause_that_grows_to_a_limit, set_up),
        cmocka_unit_test_setup(a_part_goes_on_without_an_optional_answer, set_up),
        cmocka_unit_test_setup(a_step_that_was_due_meanwhile_runs_after_the_answer, set_up),
        cmocka_unit_test_setup(a_step_waits_until_a_late_renewal_confirms_the_lease, set_up),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
