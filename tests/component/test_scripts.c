/* Every Lua script against a real server: what it promises in its header, and what it refuses. */
#include "shared/core/alloc.h"
#include "shared/core/message.h"
#include "tests/support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ps_test_redis *server;

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define RUN(script, keys, ...)                                                                     \
    ps_test_redis_script(server, PS_SCRIPT_##script, keys, LIST(__VA_ARGS__))
#define DO(...)  ps_test_redis_do(server, __VA_ARGS__)
#define INT(...) ps_test_redis_int(server, __VA_ARGS__)

#define LEASE      LIST("leader", "epoch")
#define KEEP       LIST("leader", "epoch", "generation")
#define RELEASE    LIST("leader")
#define OPEN       LIST("epoch", "cycle", "tasks")
#define PUBLISH    LIST("epoch", "cycle", "tasks")
#define GENERATION LIST("epoch", "generation")
#define DONE       LIST("epoch", "results", "cycle")
#define WITHDRAW   LIST("epoch", "tasks")
#define TASKS      LIST("tasks")
#define FINISH     LIST("tasks", "results")
#define BURY       LIST("tasks", "results", "tasks:dead")
#define HOST       LIST("limit:h", "cooldown:h")
#define PUSH       LIST("epoch", "notify")
#define SETTLE     LIST("notify", "notify:inflight:a", "notify:dead", "channel:C")
#define CHANNEL    LIST("channel:C")
#define RECLAIM    LIST("notify", "notify:holders")
#define REPLAY     LIST("notify", "notify:dead")
#define ALARMS     LIST("alarm_records")
/* Route 1, the list. */
#define ALARM(key, incident, by, within_ms, claim)                                                 \
    RUN(ALARM_CLAIM, LIST(key), incident, by, within_ms, claim, "1", "", "", "")
#define BEAT(name) LIST("instance:worker:" name, "instances")

static int start_server(void **state)
{
    (void)state;
    server = ps_test_redis_start(NULL);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    ps_test_redis_destroy(server);
    return 0;
}

static int flush(void **state)
{
    (void)state;
    DO("CONFIG SET maxmemory 0");
    DO("FLUSHALL");
    return 0;
}

static long long clock_ms(void)
{
    long long seconds = 0, micros = 0;

    (void)sscanf(DO("TIME"), "[%lld %lld", &seconds, &micros);
    return seconds * 1000 + micros / 1000;
}

/* Whether text is a time in ms that is ${later_ms} after one between ${before_ms} and now. */
static void is_time_after(const char *text, long long before_ms, long long later_ms)
{
    long long time_ms = strtoll(text, NULL, 10); /* the next command overwrites text */

    assert_in_range(time_ms, before_ms + later_ms, clock_ms() + later_ms);
}

/* The lease */

static void one_of_two_candidates_leads(void **state)
{
    (void)state;
    assert_string_equal(RUN(LEASE_TAKE, LEASE, "a", "1", "5000"), "[1 a:1]");
    assert_string_equal(RUN(LEASE_TAKE, LEASE, "b", "2", "5000"), "[0 a:1]");
    assert_string_equal(DO("GET leader"), "a:1");
    assert_string_equal(DO("GET epoch"), "1");
    assert_in_range(INT("PTTL leader"), 4000, 5000);
}

static void an_epoch_is_never_used_twice(void **state)
{
    (void)state;
    DO("SET epoch 7");
    assert_string_equal(RUN(LEASE_TAKE, LEASE, "a", "7", "5000"), "[-1 7]");
    assert_string_equal(RUN(LEASE_TAKE, LEASE, "a", "6", "5000"), "[-1 7]");
    assert_string_equal(DO("GET leader"), "nil");
    assert_string_equal(RUN(LEASE_TAKE, LEASE, "a", "8", "5000"), "[1 a:8]");
}

static void only_the_holder_renews_and_releases(void **state)
{
    (void)state;
    DO("SET generation 3");
    RUN(LEASE_TAKE, LEASE, "a", "1", "1000");
    assert_string_equal(RUN(LEASE_KEEP, KEEP, "a:1", "9000"), "[1 3]");
    assert_in_range(INT("PTTL leader"), 8000, 9000);
    assert_string_equal(RUN(LEASE_KEEP, KEEP, "a:2", "60000"), "[0 a:1]");
    assert_in_range(INT("PTTL leader"), 8000, 9000);
    assert_string_equal(RUN(LEASE_RELEASE, RELEASE, "b:1"), "0");
    assert_string_equal(RUN(LEASE_RELEASE, RELEASE, "a:1"), "1");
    assert_string_equal(RUN(LEASE_KEEP, KEEP, "a:1", "9000"), "[0 ]");
    assert_string_equal(DO("GET leader"), "nil");
}

/* Fencing */

static void an_older_epoch_writes_nothing(void **state)
{
    (void)state;
    DO("SET epoch 7");
    DO("HSET cycle number 4 published 0");
    DO("XADD results 1-1 task x");
    DO("XGROUP CREATE results scheduler 0");
    DO("XREADGROUP GROUP scheduler old STREAMS results >");
    DO("XADD tasks 1-1 cycle 3");
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "6", "5", "1", "then", "later", "workers"),
                        "!FENCED");
    assert_string_equal(RUN(TASK_PUBLISH, PUBLISH, "6", "4", "1", "0", "4:D1R0.pdf", "u", "cold",
                            "D", "1", "0", ".pdf", ""),
                        "!FENCED");
    assert_string_equal(RUN(GENERATION_SET, GENERATION, "6", "9"), "!FENCED");
    assert_string_equal(RUN(RESULT_DONE, DONE, "6", "scheduler", "4", "2", "finished", "1", "1-1"),
                        "!FENCED");
    assert_string_equal(
        RUN(RESULT_ADOPT, LIST("epoch", "results"), "6", "scheduler", "new:2", "10"), "!FENCED");
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "6", "100", "1", "{}"), "!FENCED");
    assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "6", "workers", "4", "10", ""), "!FENCED");
    assert_string_equal(DO("HGETALL cycle"), "[number 4 published 0]");
    assert_int_equal(INT("XLEN tasks"), 1);
    assert_int_equal(INT("XLEN results"), 1);
    assert_int_equal(INT("EXISTS notify generation"), 0);
    assert_string_equal(DO("GET epoch"), "7");
}

static void the_same_and_a_newer_epoch_write(void **state)
{
    (void)state;
    DO("SET epoch 7");
    assert_string_equal(RUN(GENERATION_SET, GENERATION, "7", "1"), "1");
    assert_string_equal(RUN(GENERATION_SET, GENERATION, "8", "2"), "1");
    assert_string_equal(DO("GET epoch"), "8");
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "8", "100", "0", "{}"), "[1 1]");
    assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "8", "workers", "4", "10", ""), "[0 ]");
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "8", "4", "1", "then", "later", "workers"), "0");
    assert_string_equal(RUN(TASK_PUBLISH, PUBLISH, "8", "4", "1", "0", "4:D1R0.pdf", "u", "cold",
                            "D", "1", "0", ".pdf", ""),
                        "1");
    DO("XGROUP CREATE results scheduler 0 MKSTREAM");
    assert_string_equal(RUN(RESULT_DONE, DONE, "8", "scheduler", "4", "0"), "0");
    assert_string_equal(
        RUN(RESULT_ADOPT, LIST("epoch", "results"), "8", "scheduler", "new:8", "10"), "[]");
    assert_string_equal(RUN(GENERATION_SET, GENERATION, "7", "3"), "!FENCED");
    assert_string_equal(DO("GET generation"), "2");
}

/* Redis failed over to a replica that lost the newest epoch, and the new leader's first script is
 * any of these: a script of the former leader that arrives after it is refused
 * (tests/model/lease.pml, RAISE). */
static void each_script_of_a_leader_stores_a_newer_epoch(void **state)
{
    (void)state;
    for (int script = 0; script < 4; script++) {
        DO("FLUSHALL");
        DO("SET epoch 6");
        DO("HSET cycle number 4 published 0");
        DO("XGROUP CREATE results scheduler 0 MKSTREAM");
        DO("XADD tasks 1-1 cycle 9");
        if (script == 0)
            assert_string_equal(RUN(TASK_PUBLISH, PUBLISH, "7", "4", "1", "0", "4:D1R0.pdf", "u",
                                    "cold", "D", "1", "0", ".pdf", ""),
                                "1");
        else if (script == 1)
            assert_string_equal(RUN(RESULT_DONE, DONE, "7", "scheduler", "4", "0"), "0");
        else if (script == 2)
            assert_string_equal(
                RUN(RESULT_ADOPT, LIST("epoch", "results"), "7", "scheduler", "new:2", "10"), "[]");
        else
            assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "7", "workers", "4", "10", ""),
                                "[0 1-1]");
        assert_string_equal(DO("GET epoch"), "7");
        assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "6", "100", "1", "{}"), "!FENCED");
    }
}

/* Alarms */

static void an_alarm_record_is_deleted_only_as_it_was_read(void **state)
{
    (void)state;
    DO("HSET alarms no_leader old stuck other");
    assert_string_equal(RUN(ALARM_END, LIST("alarms"), "no_leader", "older"), "0");
    assert_string_equal(RUN(ALARM_END, LIST("alarms"), "no_leader", "old"), "1");
    assert_string_equal(RUN(ALARM_END, LIST("alarms"), "no_leader", "old"), "0");
    assert_string_equal(DO("HGETALL alarms"), "[stuck other]");
}

static void one_program_reports_an_incident_once_in_a_while(void **state)
{
    (void)state;
    assert_string_equal(ALARM("alarms", "stuck", "a", "60000", "1"), "[1 1 ]");
    assert_string_equal(ALARM("alarms", "stuck", "b", "60000", "2"), "[0 1 ]");
    assert_string_equal(ALARM("alarms", "no_leader", "b", "60000", "3"), "[1 1 ]");
    assert_non_null(strstr(DO("HGET alarms stuck"), "\"by\":\"a\""));
    while (strstr(ALARM("alarms", "stuck", "b", "1", "4"), "[1 2 ]") == NULL)
        continue;
    assert_non_null(strstr(DO("HGET alarms stuck"), "\"by\":\"b\""));
    /* When it was raised stays; a record nobody can read is a new one. */
    DO("HSET alarms stuck {\"raised_ms\":\"7\",\"told_ms\":\"8\",\"times\":4}");
    assert_string_equal(ALARM("alarms", "stuck", "a", "60000", "5"), "[1 5 ]");
    assert_non_null(strstr(DO("HGET alarms stuck"), "\"raised_ms\":\"7\""));
    DO("HSET alarms stuck no_json");
    assert_string_equal(ALARM("alarms", "stuck", "a", "60000", "6"), "[1 1 ]");
}

/* Incidents */

#define INCIDENTS  LIST("incidents", "alarms", "leader", "instances")
#define SHARE(...) RUN(INCIDENT_SHARE, INCIDENTS, __VA_ARGS__)

/* A reply without the time of the server, and without those in it. */
static bool shares(const char *reply, const char *wanted)
{
    char text[1024];
    size_t len = 0;

    for (const char *c = reply; *c != '\0' && len + 1 < sizeof(text);) {
        size_t digits = strspn(c, "0123456789");

        text[len++] = digits >= 13 ? 'T' : *c;
        c += digits >= 13 ? digits : 1;
    }
    text[len] = '\0';
    if (strcmp(text, wanted) != 0)
        print_message("%s\n", text);
    return strcmp(text, wanted) == 0;
}

static void what_a_program_observes_is_known_to_all_until_it_is_over(void **state)
{
    (void)state;
    assert_true(shares(SHARE("a", "60000"), "[0 0 0 0 [] [] T]"));
    assert_true(INT("HEXISTS incidents checked_at") == 1);
    assert_true(shares(SHARE("a", "60000", "stuck", "of a"), "[0 0 0 0 [stuck T of a] [] T]"));
    assert_true(shares(SHARE("b", "60000"), "[0 0 0 0 [stuck T of a] [] T]"));
    (void)SHARE("b", "60000", "stuck", "of b");
    assert_int_equal(INT("HLEN incidents"), 3);
    /* It began when it was seen first, by this program. */
    DO("HSET incidents stuck@a %s",
       "{\"since_ms\":\"1234567890123\",\"until_ms\":\"9999999999999\",\"by\":\"a\"}");
    (void)SHARE("a", "60000", "stuck", "of a, still");
    assert_non_null(strstr(DO("HGET incidents stuck@a"), "of a, still"));
    assert_non_null(strstr(DO("HGET incidents stuck@a"), "\"since_ms\":\"1234567890123\""));
    /* An observation ends with its observer alone. */
    assert_true(shares(SHARE("a", "60000"), "[0 0 0 0 [stuck T of b] [] T]"));
    assert_true(shares(SHARE("b", "60000", "no_leader", "x"), "[0 0 0 0 [no_leader T x] [] T]"));
}

static void an_observation_that_nobody_repeats_ends(void **state)
{
    (void)state;
    DO("HSET incidents stuck@a {\"since_ms\":\"5\",\"until_ms\":\"6\",\"by\":\"a\"} old@b no_json "
       "list@c []");
    assert_true(shares(SHARE("b", "60000"), "[0 0 0 0 [] [] T]"));
    assert_string_equal(DO("HKEYS incidents"), "[checked_at]");
    /* One that had ended begins anew; one that had not keeps its beginning. */
    DO("HSET incidents stuck@a {\"since_ms\":\"5\",\"until_ms\":\"6\",\"by\":\"a\"}");
    assert_true(shares(SHARE("a", "60000", "stuck", ""), "[0 0 0 0 [stuck T ] [] T]"));
    DO("HSET incidents stuck@a {\"since_ms\":\"5\",\"until_ms\":\"9999999999999\",\"by\":\"a\"}");
    assert_true(shares(SHARE("a", "60000", "stuck", ""), "[0 0 0 0 [stuck 5 ] [] T]"));
}

static void a_program_learns_who_is_alive_and_which_alarms_are_kept(void **state)
{
    (void)state;
    DO("SET leader s");
    DO("ZADD instances 9999999999999 scheduler:s 9999999999998 worker:v 9999999999997 worker:w 1 "
       "worker:dead "
       "9999999999996 notifier:n 9999999999995 stranger:x");
    DO("HSET alarms stuck record");
    assert_true(shares(SHARE("s", "60000"), "[1 1 2 1 [] [stuck record] T]"));
}

/* A cycle and its tasks */

#define TASK_OF(position, file)                                                                    \
    position, "4:" file, "http://h/" file, "cold", "D", "1", "0", ".pdf", ""

static void the_group_is_there_before_the_first_worker(void **state)
{
    (void)state;
    DO("XADD tasks 1-1 cycle 3");
    for (int i = 0; i < 2; i++) {
        RUN(CYCLE_OPEN, OPEN, "1", "4", "3", "then", "later", "workers");
        assert_string_equal(DO("XREADGROUP GROUP workers w1 STREAMS tasks >"),
                            i == 0 ? "[[tasks [[1-1 [cycle 3]]]]]" : "nil");
    }
}

static void a_second_publish_does_nothing(void **state)
{
    (void)state;
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "1", "4", "3", "then", "later", "workers"), "0");
    assert_string_equal(
        RUN(TASK_PUBLISH, PUBLISH, "1", "4", "2", TASK_OF("0", "a"), TASK_OF("1", "b")), "2");
    assert_string_equal(
        RUN(TASK_PUBLISH, PUBLISH, "1", "4", "2", TASK_OF("0", "a"), TASK_OF("1", "b")), "0");
    assert_string_equal(
        RUN(TASK_PUBLISH, PUBLISH, "1", "4", "3", TASK_OF("1", "b"), TASK_OF("2", "c")), "1");
    assert_int_equal(INT("XLEN tasks"), 3);
    assert_string_equal(DO("HGET cycle published"), "3");
}

static void the_next_leader_goes_on_where_the_last_one_stopped(void **state)
{
    (void)state;
    RUN(CYCLE_OPEN, OPEN, "1", "4", "3", "then", "later", "workers");
    RUN(TASK_PUBLISH, PUBLISH, "1", "4", "2", TASK_OF("0", "a"), TASK_OF("1", "b"));
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "2", "4", "3", "then", "later", "workers"), "2");
    assert_string_equal(DO("HGET cycle epoch"), "2");
    assert_string_equal(RUN(TASK_PUBLISH, PUBLISH, "1", "4", "3", TASK_OF("2", "c")), "!FENCED");
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "2", "5", "9", "then", "later", "workers"), "0");
    assert_string_equal(DO("HMGET cycle number published planned"), "[5 0 9]");
}

/* PostgreSQL was restored without its newest cycle and gives its number out again. */
static void a_cycle_of_the_same_number_that_began_at_another_time_is_another(void **state)
{
    (void)state;
    RUN(CYCLE_OPEN, OPEN, "1", "4", "3", "then", "later", "workers");
    RUN(TASK_PUBLISH, PUBLISH, "1", "4", "2", TASK_OF("0", "a"), TASK_OF("1", "b"));
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "2", "4", "3", "now", "later", "workers"), "0");
    assert_string_equal(DO("HMGET cycle number published started_at"), "[4 0 now]");
    assert_string_equal(RUN(CYCLE_OPEN, OPEN, "2", "4", "3", "now", "later", "workers"), "0");
}

static void controls_are_published_once_and_first(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_string_equal(RUN(CYCLE_OPEN, OPEN, "1", "4", "3", "then", "later", "workers", "4:z",
                                "http://h/z", "control", "D", "0", "0", ".pdf", "", "4:y",
                                "http://h/y", "recheck", "D", "9", "1", ".html", ""),
                            "0");
    RUN(TASK_PUBLISH, PUBLISH, "1", "4", "1", TASK_OF("0", "a"));
    assert_int_equal(INT("XLEN tasks"), 3);
    assert_non_null(strstr(DO("XRANGE tasks - + COUNT 2"),
                           "[task 4:y cycle 4 epoch 1 url http://h/y tier "
                           "recheck prefix D number 9 revision 1 ext .html]"));
}

static void tasks_of_a_cycle_redis_does_not_know_are_refused(void **state)
{
    (void)state;
    assert_string_equal(RUN(TASK_PUBLISH, PUBLISH, "1", "4", "1", TASK_OF("0", "a")), "!NOCYCLE");
    RUN(CYCLE_OPEN, OPEN, "1", "5", "3", "then", "later", "workers");
    assert_string_equal(RUN(TASK_PUBLISH, PUBLISH, "1", "4", "1", TASK_OF("0", "a")), "!NOCYCLE");
    assert_int_equal(INT("XLEN tasks"), 0);
}

static void tasks_a_redis_published_are_readable(void **state)
{
    (void)state;
    RUN(CYCLE_OPEN, OPEN, "1", "4", "3", "then", "later", "workers");
    RUN(TASK_PUBLISH, PUBLISH, "1", "4", "1", TASK_OF("0", "a"));
    assert_non_null(strstr(DO("XRANGE tasks - +"),
                           "[task 4:a cycle 4 epoch 1 url http://h/a tier cold prefix D number 1 "
                           "revision 0 ext .pdf]"));
}

static void give_tasks(void)
{
    DO("XADD tasks 1-1 task 4:a cycle 4");
    DO("XADD tasks 1-2 task 4:b cycle 4");
    DO("XGROUP CREATE tasks workers 0");
    DO("XREADGROUP GROUP workers w1 STREAMS tasks >");
}

static void a_result_counts_once(void **state)
{
    (void)state;
    give_tasks();
    assert_string_equal(
        RUN(TASK_FINISH, FINISH, "workers", "2", "task", "outcome", "1-1", "4:a", "miss"), "1");
    assert_string_equal(
        RUN(TASK_FINISH, FINISH, "workers", "2", "task", "outcome", "1-1", "4:a", "miss"), "0");
    assert_int_equal(INT("XLEN results"), 1);
    assert_int_equal(INT("XLEN tasks"), 1);
    assert_string_equal(RUN(TASK_FINISH, FINISH, "workers", "2", "task", "outcome", "1-1", "4:a",
                            "miss", "1-2", "4:b", "hit_old"),
                        "1");
    assert_non_null(strstr(DO("XRANGE results - +"), "[task 4:a outcome miss]"));
    assert_non_null(strstr(DO("XRANGE results - +"), "[task 4:b outcome hit_old]"));
    assert_int_equal(INT("XLEN results"), 2);
    assert_int_equal(INT("XLEN tasks"), 0);
}

static void where_nothing_is_there_is_nothing_to_claim(void **state)
{
    (void)state;
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "10"), "[]");
}

static void a_dead_workers_tasks_are_claimed_at_once_and_a_live_ones_stay(void **state)
{
    (void)state;
    give_tasks();
    DO("SET instance:w1 alive");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "10"), "[]");
    DO("DEL instance:w1");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "1"),
                        "[[1-1 [task 4:a cycle 4] 2 w1]]");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "10"),
                        "[[1-2 [task 4:b cycle 4] 2 w1]]");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "10"), "[]");
}

/* What a worker asks for is what it has room for, however many workers have died. */
static void a_claim_takes_no_more_than_was_asked_for(void **state)
{
    (void)state;
    give_tasks();
    DO("XADD tasks 1-3 task 4:c cycle 4");
    DO("XADD tasks 1-4 task 4:d cycle 4");
    DO("XREADGROUP GROUP workers w3 STREAMS tasks >");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "3"),
                        "[[1-1 [task 4:a cycle 4] 2 w1] [1-2 [task 4:b cycle 4] 2 w1] "
                        "[1-3 [task 4:c cycle 4] 2 w3]]");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "0"), "[]");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "60000", "9"),
                        "[[1-4 [task 4:d cycle 4] 2 w3]]");
}

static void a_silent_workers_tasks_are_claimed_after_the_visibility_time(void **state)
{
    (void)state;
    give_tasks();
    DO("SET instance:w1 alive");
    ps_test_sleep_ms(60);
    assert_string_equal(RUN(TASK_RENEW, TASKS, "workers", "w1", "1-2"), "[]");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "50", "10"),
                        "[[1-1 [task 4:a cycle 4] 2 w1]]");
    assert_string_equal(RUN(TASK_RENEW, TASKS, "workers", "w1", "1-1", "1-2", "9-9"), "[1-1 9-9]");
}

static void a_task_that_was_deleted_is_no_ones(void **state)
{
    (void)state;
    give_tasks();
    DO("XDEL tasks 1-1");
    assert_string_equal(RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "0", "10"),
                        "[[1-2 [task 4:b cycle 4] 2 w1]]");
    assert_int_equal(INT("XLEN tasks"), 1);
    assert_string_equal(DO("XPENDING tasks workers - + 9 w1"), "[]");
}

static void a_worker_finds_what_it_was_given_and_knows_nothing_of(void **state)
{
    (void)state;
    give_tasks();
    assert_string_equal(RUN(TASK_RECOVER, TASKS, "workers", "w1", "50000", "10"), "[]");
    assert_string_equal(RUN(TASK_RECOVER, TASKS, "workers", "w2", "0", "10"), "[]");
    assert_string_equal(RUN(TASK_RECOVER, TASKS, "workers", "w1", "0", "1"),
                        "[[1-1 [task 4:a cycle 4] 2 w1]]");
}

static void a_task_handed_back_is_a_fresh_entry_once(void **state)
{
    (void)state;
    give_tasks();
    RUN(TASK_CLAIM, TASKS, "workers", "w2", "instance:", "0", "1");
    assert_string_equal(RUN(TASK_RETURN, TASKS, "workers", "w1", "1-1", "1-2"), "1");
    assert_string_equal(RUN(TASK_RETURN, TASKS, "workers", "w1", "1-2"), "0");
    assert_int_equal(INT("XLEN tasks"), 2);
    assert_non_null(
        strstr(DO("XREADGROUP GROUP workers w3 STREAMS tasks >"), "[task 4:b cycle 4]"));
    assert_string_equal(DO("XPENDING tasks workers - + 9 w1"), "[]");
}

static void a_buried_task_leaves_a_reason_and_a_result_once(void **state)
{
    (void)state;
    give_tasks();
    assert_string_equal(RUN(TASK_BURY, BURY, "workers", "1-1", "delivered too often", "6", "w1",
                            "100", "task", "4:a", "outcome", "error"),
                        "1");
    assert_string_equal(RUN(TASK_BURY, BURY, "workers", "1-1", "delivered too often", "6", "w1",
                            "100", "task", "4:a"),
                        "0");
    assert_string_equal(RUN(TASK_BURY, BURY, "workers", "1-2", "no url", "1", "w1", "100"), "1");
    assert_int_equal(INT("XLEN results"), 1);
    assert_int_equal(INT("XLEN tasks"), 0);
    assert_non_null(strstr(DO("XRANGE tasks:dead - +"),
                           "[entry 1-1 reason delivered too often deliveries 6 worker w1 "
                           "task 4:a cycle 4]"));
}

/* Lua can unpack some 8000 values: an entry with more was deleted and never added again. */
static void an_entry_of_countless_fields_is_never_lost(void **state)
{
    enum { PAIRS = 5000, SIZE = 40 + PAIRS * 8 };
    char *command = ps_alloc(SIZE);
    size_t len = (size_t)snprintf(command, SIZE, "XADD tasks 1-1");

    (void)state;
    for (int i = 0; i < PAIRS; i++)
        len += (size_t)snprintf(command + len, SIZE - len, " k%d v", i);
    DO("XGROUP CREATE tasks workers 0 MKSTREAM");
    DO(command);
    DO("XADD tasks 1-2 task 4:b");
    DO("XREADGROUP GROUP workers w1 STREAMS tasks >");
    assert_string_equal(RUN(TASK_RETURN, TASKS, "workers", "w1", "1-1", "1-2"), "1");
    assert_int_equal(INT("XLEN tasks"), 2);
    assert_non_null(strstr(DO("XPENDING tasks workers - + 9"), "[1-1 w1 "));
    assert_string_equal(RUN(TASK_BURY, BURY, "workers", "1-1", "no task", "1", "w1", "100"), "1");
    assert_int_equal(INT("XLEN tasks"), 1);
    assert_non_null(strstr(DO("XRANGE tasks:dead - +"), "[entry 1-1 reason no task "));
    free(command);
}

static void only_an_idle_dead_consumer_is_removed(void **state)
{
    (void)state;
    give_tasks();
    DO("XGROUP CREATECONSUMER tasks workers w2");
    DO("XGROUP CREATECONSUMER tasks workers w3");
    DO("XGROUP CREATECONSUMER tasks workers w4");
    DO("SET instance:w3 alive");
    assert_string_equal(RUN(CONSUMER_REAP, TASKS, "workers", "instance:", "50000", "w4"), "[w4]");
    ps_test_sleep_ms(30);
    assert_string_equal(RUN(CONSUMER_REAP, TASKS, "workers", "instance:", "20", ""), "[w2]");
    assert_string_equal(RUN(CONSUMER_REAP, TASKS, "workers", "instance:", "20", "w1"), "[]");
    DO("DEL tasks");
    assert_string_equal(RUN(CONSUMER_REAP, TASKS, "workers", "instance:", "20", ""), "[]");
}

static void what_nobody_read_of_a_closed_cycle_is_withdrawn(void **state)
{
    (void)state;
    assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "1", "workers", "4", "10", ""), "[0 ]");
    give_tasks();
    DO("XADD tasks 2-1 task 4:c cycle 4");
    DO("XADD tasks 2-2 task 5:d cycle 5");
    DO("XADD tasks 2-3 cycle none");
    DO("XADD tasks 2-4 task 3:e cycle 3");
    assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "1", "workers", "4", "2", ""), "[1 2-2]");
    assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "1", "workers", "4", "2", "2-2"), "[1 2-4]");
    assert_string_equal(RUN(TASK_WITHDRAW, WITHDRAW, "1", "workers", "4", "2", "2-4"), "[0 ]");
    assert_int_equal(INT("XLEN tasks"), 4);
}

/* Results */

static void give_results(void)
{
    DO("XADD results 1-1 task 4:a");
    DO("XADD results 1-2 task 4:b");
    DO("XGROUP CREATE results scheduler 0");
    DO("XREADGROUP GROUP scheduler old:1 STREAMS results >");
}

static void a_new_leader_adopts_what_the_old_one_had_read(void **state)
{
    (void)state;
    give_results();
    DO("XDEL results 1-2");
    assert_string_equal(
        RUN(RESULT_ADOPT, LIST("epoch", "results"), "2", "scheduler", "new:2", "10"),
        "[[1-1 [task 4:a]]]");
    assert_string_equal(
        RUN(RESULT_ADOPT, LIST("epoch", "results"), "2", "scheduler", "new:2", "10"), "[]");
    assert_null(strstr(DO("XINFO CONSUMERS results scheduler"), "old:1"));
    assert_string_equal(DO("XPENDING results scheduler"), "[1 1-1 1-1 [[new:2 1]]]");
}

/* What a leader asks for is what one transaction stores, however many leaders came before it. */
static void no_more_results_are_adopted_than_asked_for(void **state)
{
    (void)state;
    give_results();
    DO("XADD results 1-3 task 4:c");
    DO("XADD results 1-4 task 4:d");
    DO("XREADGROUP GROUP scheduler old:2 STREAMS results >");
    assert_string_equal(RUN(RESULT_ADOPT, LIST("epoch", "results"), "3", "scheduler", "new:3", "3"),
                        "[[1-1 [task 4:a]] [1-2 [task 4:b]] [1-3 [task 4:c]]]");
    assert_string_equal(RUN(RESULT_ADOPT, LIST("epoch", "results"), "3", "scheduler", "new:3", "1"),
                        "[[1-4 [task 4:d]]]");
}

static void a_stored_result_leaves_and_the_cycle_says_so(void **state)
{
    (void)state;
    give_results();
    DO("HSET cycle number 4 finished 0");
    assert_string_equal(
        RUN(RESULT_DONE, DONE, "1", "scheduler", "4", "4", "finished", "1", "miss", "1", "1-1"),
        "1");
    assert_string_equal(
        RUN(RESULT_DONE, DONE, "1", "scheduler", "4", "2", "finished", "2", "1-1", "1-2"), "1");
    assert_int_equal(INT("XLEN results"), 0);
    assert_string_equal(DO("HMGET cycle finished miss"), "[2 1]");
    assert_string_equal(RUN(RESULT_DONE, DONE, "1", "scheduler", "3", "2", "finished", "9"), "0");
    assert_string_equal(DO("HGET cycle finished"), "2");
}

/* Pacing */

/* 8 permits wanted, no cap on what is in flight */
#define UNCAPPED "8", "0", "w", "0", "8", "5000", "0", "0"
/* No rate; a cap of 6 */
#define SHARE_OF(instance, busy, demand)                                                           \
    RUN(HOST_ADMIT, HOST, "0", "5", "0", "6", instance, busy, demand, "400", "0", "0")

static void requests_in_flight_are_shared_by_all(void **state)
{
    (void)state;
    assert_string_equal(SHARE_OF("a", "0", "9"), "[0 0 0 6]"); /* all that there is */
    assert_string_equal(SHARE_OF("b", "0", "9"), "[0 0 0 0]");
    assert_string_equal(SHARE_OF("a", "6", "9"), "[0 0 0 3]"); /* even, from now on */
    assert_string_equal(SHARE_OF("b", "0", "9"), "[0 0 0 0]"); /* but none of it has ended yet */
    assert_string_equal(SHARE_OF("a", "4", "9"), "[0 0 0 3]");
    assert_string_equal(SHARE_OF("b", "0", "9"), "[0 0 0 2]");
    assert_string_equal(SHARE_OF("a", "2", "9"), "[0 0 0 3]"); /* even */
    assert_string_equal(SHARE_OF("b", "2", "9"), "[0 0 0 3]");
    assert_string_equal(SHARE_OF("a", "3", "9"), "[0 0 0 3]");
    assert_string_equal(SHARE_OF("a", "1", "1"), "[0 0 0 1]"); /* wants no more */
    assert_string_equal(SHARE_OF("b", "3", "9"), "[0 0 0 5]");
    assert_string_equal(SHARE_OF("a", "0", "0"), "[0 0 0 0]"); /* goes */
    assert_string_equal(SHARE_OF("b", "5", "9"), "[0 0 0 6]");
    assert_null(strstr(DO("GET limit:h"), "\"a\""));
}

static void the_share_of_a_dead_worker_comes_back(void **state)
{
    (void)state;
    assert_string_equal(SHARE_OF("a", "0", "6"), "[0 0 0 6]");
    assert_string_equal(SHARE_OF("b", "0", "6"), "[0 0 0 0]");
    ps_test_sleep_ms(450);
    assert_string_equal(SHARE_OF("b", "0", "6"), "[0 0 0 6]");
}

/* As SHARE_OF, of a worker that stays present after it returned its share. */
#define SHARE_OF_PRESENT(instance, busy, demand)                                                   \
    RUN(HOST_ADMIT, HOST, "0", "5", "0", "8", instance, busy, demand, "400", "0", "5000")

/* Otherwise a worker that took the whole cap and hung would stop all others until its share ends.
 */
static void an_idle_worker_keeps_a_part_of_the_cap(void **state)
{
    (void)state;
    assert_string_equal(SHARE_OF_PRESENT("a", "0", "9"), "[0 0 0 8]"); /* it knows of nobody else */
    assert_string_equal(SHARE_OF_PRESENT("b", "0", "9"), "[0 0 0 0]");
    assert_string_equal(SHARE_OF_PRESENT("a", "0", "9"), "[0 0 0 4]");
    assert_string_equal(SHARE_OF_PRESENT("b", "0", "0"), "[0 0 0 0]"); /* idle */
    assert_string_equal(SHARE_OF_PRESENT("a", "4", "9"), "[0 0 0 6]");
    assert_string_equal(SHARE_OF_PRESENT("b", "0", "9"), "[0 0 0 2]"); /* at once */
    assert_string_equal(RUN(HOST_ADMIT, HOST, "0", "5", "0", "8", "b", "0", "0", "400", "0", "0"),
                        "[0 0 0 0]"); /* leaves */
    assert_string_equal(SHARE_OF_PRESENT("a", "6", "9"), "[0 0 0 8]");
}

/* 20 permits a second; a cap of 8 */
#define RATED_SHARE_OF(instance, wanted, busy, demand, permits)                                    \
    RUN(HOST_ADMIT, HOST, "20", "5", wanted, "8", instance, busy, demand, "60000", permits, "5000")

/* Redis' clock, less ${ago_ms}. */
static const char *redis_ms(int ago_ms, char text[32])
{
    long seconds = 0, micros = 0;

    (void)sscanf(DO("TIME"), "[%ld %ld", &seconds, &micros);
    (void)snprintf(text, 32, "%ld", seconds * 1000 + micros / 1000 - ago_ms);
    return text;
}

static void of_a_silent_worker_only_what_it_may_have_in_flight_counts(void **state)
{
    char seen[32], until[32], entry[256];

    (void)state;
    /* One request under way, one permit at hand, and the 4 that the burst allows: 6 of its share.
     */
    assert_string_equal(RATED_SHARE_OF("a", "4", "1", "8", "1"), "[4 0 0 8]");
    assert_non_null(strstr(DO("GET limit:h"), "\"used\":6"));
    assert_string_equal(RATED_SHARE_OF("b", "0", "0", "8", "0"), "[0 0 0 0]");

    (void)snprintf(entry, sizeof(entry),
                   "{\"in_flight\":{\"a\":{\"held\":8,\"want\":8,\"used\":6,"
                   "\"seen_ms\":%s,\"until_ms\":%s,\"since_ms\":0}}}",
                   redis_ms(3000, seen), redis_ms(-9000, until));
    DO("SET limit:h %s", entry);
    assert_string_equal(RATED_SHARE_OF("b", "0", "0", "8", "0"), "[0 0 0 2]");
    /* It runs again, with 6 under way: all that is left for it is what it uses. */
    assert_string_equal(RATED_SHARE_OF("a", "0", "6", "8", "0"), "[0 0 0 4]");
    assert_string_equal(RATED_SHARE_OF("b", "0", "2", "8", "0"), "[0 0 0 2]");

    /* Of a worker of the version before, which says nothing about it, the whole share counts. */
    (void)snprintf(entry, sizeof(entry),
                   "{\"in_flight\":{\"a\":{\"held\":7,\"want\":8,"
                   "\"until_ms\":%s,\"since_ms\":0}}}",
                   until);
    DO("SET limit:h %s", entry);
    assert_string_equal(RATED_SHARE_OF("b", "0", "0", "8", "0"), "[0 0 0 1]");
}

static void more_workers_than_requests_take_turns(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g" };
    int served = 0;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        (void)SHARE_OF(names[i], "0", "1");
    assert_string_equal(SHARE_OF("g", "0", "1"), "[0 0 0 0]");
    for (int i = 0; i < 20 && served == 0; i++) {
        ps_test_sleep_ms(100);
        for (size_t j = 0; j < PS_COUNT_OF(names); j++)
            (void)sscanf(SHARE_OF(names[j], "0", "1"), "[0 0 0 %d]",
                         j == 6 ? &served : &(int){ 0 });
    }
    assert_int_equal(served, 1);
}

static void permits_nobody_can_use_are_not_granted(void **state)
{
    (void)state;
    assert_string_equal(SHARE_OF("a", "0", "6"), "[0 0 0 6]");
    assert_string_equal(
        RUN(HOST_ADMIT, HOST, "100", "20", "8", "6", "b", "0", "6", "400", "0", "0"), "[0 0 0 0]");
    assert_string_equal(
        RUN(HOST_ADMIT, HOST, "100", "20", "1", "6", "b", "0", "1", "400", "0", "0"), "[0 0 0 0]");
    assert_string_equal(
        RUN(HOST_ADMIT, HOST, "100", "20", "8", "6", "a", "6", "6", "400", "0", "0"), "[4 0 0 3]");
}

/* What fills it could never be worked off without heartbeats and permits. */
static void a_full_redis_takes_what_workers_need(void **state)
{
    (void)state;
    DO("CONFIG SET maxmemory 1");
    assert_string_equal(DO("SET any thing"), "!OOM");
    assert_true(strtoll(RUN(INSTANCE_BEAT, BEAT("w1"), "60000", "worker:w1", "version", "1"), NULL,
                        10) > 0);
    assert_int_equal(INT("EXISTS instance:worker:w1"), 1);
    assert_string_equal(RUN(INSTANCE_BEAT, LIST("instance:scheduler:s", "instances"), "60000",
                            "scheduler:s", "version", "1"),
                        "!OOM");
    assert_in_range(INT("PTTL instance:worker:w1"), 1, 60000);
    assert_string_equal(
        RUN(HOST_ADMIT, HOST, "100", "20", "2", "6", "w", "0", "2", "5000", "0", "0"), "[2 0 0 2]");
    assert_in_range(strtol(RUN(HOST_PAUSE, HOST, "5000", "100", "429", "1"), NULL, 10), 4000, 5000);
    assert_int_equal(INT("EXISTS cooldown:h"), 1);
}

static void the_smallest_rate_is_kept_too(void **state)
{
    int wait = 0;

    (void)state;
    assert_int_equal(sscanf(RUN(HOST_ADMIT, HOST, "0.0005", "1", UNCAPPED), "[1 %d", &wait), 1);
    assert_in_range(wait, 1990000, 2000000);
}

/* With one permit in the slack, rounding decided whether any permit was ever granted. */
static void each_rate_and_burst_grants_permits(void **state)
{
    static const char *const rates[] = { "0.3", "1",    "3",    "7",    "11.3",
                                         "700", "1500", "3000", "99999" };
    static const char *const bursts[] = { "1", "2", "20" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rates); i++)
        for (size_t j = 0; j < PS_COUNT_OF(bursts); j++) {
            DO("FLUSHALL");
            assert_true(strncmp(RUN(HOST_ADMIT, HOST, rates[i], bursts[j], "200", "0", "a", "0",
                                    "0", "1000"),
                                "[0 ", 3) != 0);
        }
}

static void permits_are_granted_up_to_the_burst_and_then_at_the_rate(void **state)
{
    int granted = 0, wait = 0, paused = 0;

    (void)state;
    assert_int_equal(sscanf(RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED), "[%d %d %d -1]", &granted,
                            &wait, &paused),
                     3);
    assert_int_equal(granted, 4); /* not the fifth: one that is late would be one too many */
    assert_in_range(wait, 1, 50);
    assert_int_equal(paused, 0);
    ps_test_sleep_ms(wait + 2);
    assert_int_equal(sscanf(RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED), "[%d %d %d -1]", &granted,
                            &wait, &paused),
                     3);
    assert_in_range(granted, 1, 3);
    assert_string_equal(RUN(HOST_ADMIT, HOST, "0", "5", UNCAPPED), "[8 0 0 -1]");
}

static void a_pause_stops_everybody_and_the_longest_counts(void **state)
{
    int left = 0;

    (void)state;
    assert_string_equal(RUN(HOST_PAUSE, HOST, "300", "20", "429 w1", "1"), "300");
    assert_in_range(strtol(RUN(HOST_PAUSE, HOST, "100", "20", "429 w2", "1"), NULL, 10), 200, 300);
    assert_string_equal(DO("GET cooldown:h"), "429 w1");
    assert_string_equal(RUN(HOST_PAUSE, HOST, "900", "20", "429 w3", "1"), "900");
    assert_string_equal(DO("GET cooldown:h"), "429 w3");
    assert_int_equal(sscanf(RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED), "[0 %d 1 -1]", &left), 1);
    assert_in_range(left, 700, 900);
    assert_non_null(strstr(DO("GET limit:h"), "\"rate\":10.000")); /* cut once, not three times */
}

static void a_pause_keeps_the_shares_of_the_workers(void **state)
{
    (void)state;
    assert_string_equal(SHARE_OF("a", "0", "6"), "[0 0 0 6]");
    RUN(HOST_PAUSE, HOST, "5000", "20", "429", "1");
    assert_non_null(strstr(DO("GET limit:h"), "\"held\":6"));
}

/* PROBE_RATE_LIMIT=0: there is no rate to halve. */
static void a_pause_of_a_host_without_a_rate_sets_none(void **state)
{
    (void)state;
    assert_string_equal(RUN(HOST_PAUSE, HOST, "5000", "0", "429", "1"), "5000");
    assert_int_equal(INT("EXISTS limit:h"), 0);
    assert_int_equal(INT("EXISTS cooldown:h"), 1);
}

static void the_rate_is_never_cut_below_its_floor(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        RUN(HOST_PAUSE, HOST, "1", "200", "429", "10");
        ps_test_sleep_ms(3);
    }
    assert_non_null(strstr(DO("GET limit:h"), "\"rate\":10."));
}

static void a_limit_written_by_hand_does_no_harm(void **state)
{
    (void)state;
    DO("SET limit:h nonsense");
    assert_string_equal(RUN(HOST_ADMIT, HOST, "20", "5", "2", "0", "w", "0", "2", "5000", "0", "0"),
                        "[2 0 0 -1]");
    DO("SET limit:h {\"in_flight\":{\"x\":7,\"y\":{\"held\":\"z\",\"until_ms\":9e15}}}");
    assert_string_equal(SHARE_OF("a", "0", "6"), "[0 0 0 6]");
    DO("SET limit:h [1,2]");
    assert_string_equal(RUN(HOST_PAUSE, HOST, "1", "20", "429", "1"), "1");
}

/* A clock that was set back, or another server's after a failover: what it says is of the future.
 */
static void a_clock_that_goes_back_stops_nobody(void **state)
{
    char now[32], later_us[32], later_ms[32];
    int granted = 0, wait = 0;

    (void)state;
    (void)snprintf(now, sizeof(now), "%s", DO("TIME"));
    (void)snprintf(later_us, sizeof(later_us), "%ld000000", strtol(now + 1, NULL, 10) + 3600);
    (void)snprintf(later_ms, sizeof(later_ms), "%ld000", strtol(now + 1, NULL, 10) + 3600);
    DO("SET limit:h {\"tat_us\":%s,\"rate\":20,\"cut_us\":0}", later_us);
    (void)sscanf(RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED), "[%d %d", &granted, &wait);
    assert_in_range(granted + wait, 1, 60);
    ps_test_sleep_ms(60);
    (void)sscanf(RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED), "[%d %d", &granted, &wait);
    assert_int_equal(granted, 1); /* the bucket was empty, and fills at the rate */

    DO("SET limit:h {\"tat_us\":0,\"rate\":10,\"cut_us\":%s}", later_us);
    assert_int_equal(sscanf(RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED), "[%d %d", &granted, &wait),
                     2);
    assert_int_equal(granted, 4);
    ps_test_sleep_ms(1100); /* and the rate grows again, by 1 a second */
    RUN(HOST_ADMIT, HOST, "20", "5", UNCAPPED);
    assert_null(strstr(DO("GET limit:h"), later_us));

    DO("SET limit:h {\"tat_us\":0,\"rate\":0,\"cut_us\":0,\"in_flight\":{\"dead\":{\"held\":6,"
       "\"want\":6,\"until_ms\":%s,\"since_ms\":%s}}}",
       later_ms, later_ms);
    assert_string_equal(SHARE_OF("a", "0", "6"), "[0 0 0 0]");
    ps_test_sleep_ms(450);
    assert_string_equal(SHARE_OF("a", "0", "6"), "[0 0 0 6]");
}

static void a_heartbeat_always_has_an_end(void **state)
{
    long long before_ms = clock_ms();

    (void)state;
    is_time_after(
        RUN(INSTANCE_BEAT, BEAT("w"), "5000", "worker:w", "version", "1", "in_flight", "2"),
        before_ms, 0);
    is_time_after(DO("ZSCORE instances worker:w"), before_ms, 5000);
    assert_string_equal(DO("HMGET instance:worker:w version in_flight"), "[1 2]");
    assert_in_range(INT("PTTL instance:worker:w"), 4000, 5000);
}

static void who_beats_is_listed_until_its_heartbeat_ends(void **state)
{
    (void)state;
    RUN(INSTANCE_BEAT, BEAT("short"), "1", "worker:short", "version", "1");
    RUN(INSTANCE_BEAT, BEAT("long"), "60000", "worker:long", "version", "1");
    RUN(INSTANCE_BEAT, BEAT("long"), "50000", "worker:long", "version", "1");
    while (INT("EXISTS instance:worker:short") == 1)
        continue;
    RUN(INSTANCE_BEAT, BEAT("other"), "60000", "worker:other", "version", "1");
    assert_string_equal(DO("ZRANGE instances 0 -1"), "[worker:long worker:other]");
}

/* Messages */

static void the_list_takes_no_more_than_its_size_but_urgent_ones(void **state)
{
    (void)state;
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "1", "2", "0", "a", "0", "b", "0", "c", "1", "d"),
                        "[2 2]");
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "1", "2", "1", "d", "0", "c"), "[1 3]");
    assert_string_equal(DO("LRANGE notify 0 -1"), "[a b d]");
}

/* An urgent one is still found from the front while the list is short, and keeps its turn. */
static void an_alert_goes_to_the_front_of_a_list_of_half_a_window(void **state)
{
    static const char fill[] =
        "for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], 'x') end return 1";

    (void)state;
    DO("EVAL %s 1 notify 4999", fill);
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "1", "100000", "1", "a"), "[1 5000]");
    assert_string_equal(DO("LINDEX notify -1"), "a");
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "1", "100000", "1", "b"), "[1 5001]");
    assert_string_equal(DO("LINDEX notify 0"), "b");
}

/* 2: its channel has more than its share already. */
static void the_last_tenth_of_the_list_is_for_channels_within_their_share(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        RUN(MESSAGE_PUSH, PUSH, "1", "20", "2", "flood");
    assert_int_equal(INT("LLEN notify"), 18);
    assert_string_equal(RUN(MESSAGE_PUSH, PUSH, "1", "20", "0", "other", "2", "flood"), "[1 19]");
}

/* Room, room with what is kept for those that overtake; then the channels that are full. */
#define TAKE_BY(name, ...)                                                                         \
    RUN(MESSAGE_TAKE, LIST("notify", "notify:inflight:" name, "notify:holders"), name,             \
        TAKE_ROOM(__VA_ARGS__, ""))
#define TAKE_ROOM(most, of_all, ...)                                                               \
    most, of_all, "8", "channel:", "instance:", "30000", __VA_ARGS__

static void what_is_taken_is_held_and_settled_once(void **state)
{
    (void)state;
    DO("RPUSH notify a b c d");
    assert_string_equal(TAKE_BY("a", "3", "3"), "[1 a b c]");
    assert_string_equal(DO("SMEMBERS notify:holders"), "[a]");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "done", "a", "", "", ""), "1");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "done", "a", "", "", ""), "0");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "back", "b", "", "", ""), "1");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "dead", "c", "c with a reason", "", ""),
                        "1");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "dead", "c", "c with a reason", "", ""),
                        "0");
    assert_string_equal(DO("LRANGE notify 0 -1"), "[b d]");
    assert_string_equal(DO("LRANGE notify:dead 0 -1"), "[c with a reason]");
    assert_int_equal(INT("EXISTS notify:inflight:a"), 0);
}

/* Two messages of the same text were taken: the answer to one is not the answer to both. */
static void one_acknowledgement_is_of_one_message(void **state)
{
    (void)state;
    DO("RPUSH notify:inflight:a x x");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "done", "x", "", "", ""), "1");
    assert_int_equal(INT("LLEN notify:inflight:a"), 1);
    /* It says where the channel is, and that is kept for a week. */
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "done", "x", "", "", "C1"), "1");
    assert_in_range(INT("PTTL channel:C"), 604700000, 604800000);
    DO("RPUSH notify:dead y y");
    assert_string_equal(RUN(MESSAGE_REPLAY, REPLAY, "y", "y anew"), "1");
    assert_int_equal(INT("LLEN notify:dead"), 1);
}

#define FOR_C(n) "{\"id\":\"" n "\",\"channel\":\"C\",\"text\":\"\"}"
#define FOR_D(n) "{\"id\":\"" n "\",\"channel\":\"D\",\"text\":\"\\\"channel\\\":\\\"C\\\"\"}"

static void a_full_channel_does_not_stand_before_the_others(void **state)
{
    (void)state;
    DO("RPUSH notify %s %s %s", FOR_C("1"), FOR_D("2"), FOR_C("3"));
    assert_string_equal(TAKE_BY("a", "9", "9", "C"), "[2 " FOR_D("2") "]");
    assert_string_equal(DO("LRANGE notify 0 -1"), "[" FOR_C("1") " " FOR_C("3") "]");
}

#define MESSAGE(id, kind, channel)                                                                 \
    "{\"id\":\"" id "\",\"kind\":\"" kind "\",\"channel\":\"" channel "\"}"

static void what_a_dead_holder_held_is_said_before_what_follows_it(void **state)
{
    (void)state;
    DO("RPUSH notify %s %s %s", FOR_C("1"), FOR_C("2"), FOR_D("3"));
    assert_string_equal(TAKE_BY("a", "1", "1"), "[2 " FOR_C("1") "]");
    /* a is dead, and nobody has brought back what it held. */
    assert_string_equal(TAKE_BY("b", "9", "9"), "[1 " FOR_D("3") "]");
    assert_string_equal(RUN(MESSAGE_RECLAIM, RECLAIM, "instance:", "notify:inflight:", "b", "0"),
                        "1");
    assert_string_equal(TAKE_BY("b", "9", "9"), "[0 " FOR_C("1") " " FOR_C("2") "]");
    /* One that left nothing delays nobody, nor does a list that nobody would bring back. */
    DO("HSET channel:C holder c until_ms 99999999999999");
    DO("RPUSH notify:inflight:c x");
    DO("RPUSH notify %s", FOR_C("4"));
    assert_string_equal(TAKE_BY("b", "9", "9"), "[0 " FOR_C("4") "]");
}

/* A notifier has 128 MB in Kubernetes, and an entry of the list up to 512. */
static void what_is_longer_than_any_message_is_taken_cut(void **state)
{
    enum { LONG = 1024 * 1024 };
    char *text = ps_alloc(LONG + 1);

    (void)state;
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    DO("RPUSH notify %b %b", text, (size_t)PS_MESSAGE_JSON_MAX, text, (size_t)LONG);
    (void)TAKE_BY("a", "9", "9");
    assert_int_equal(INT("LLEN notify"), 0);
    assert_int_equal(INT("LLEN notify:inflight:a"), 2);
    assert_int_equal(INT("EVAL %s 0", "return #redis.call('LINDEX', 'notify:inflight:a', 0)"),
                     PS_MESSAGE_JSON_MAX);
    assert_int_equal(INT("EVAL %s 0", "return #redis.call('LINDEX', 'notify:inflight:a', 1)"),
                     PS_MESSAGE_JSON_MAX + 1); /* still too long: the notifier buries it */
    free(text);
}

static void alerts_overtake_everything_and_direct_messages_overtake_posts(void **state)
{
    static const char alert[] = "{\"text\":\"x\",\"channel\" : \"OPS\", \"kind\": \"ops_alert\"}";

    (void)state;
    DO("RPUSH notify %s %s %s %s %s", MESSAGE("1", "draft", "#C"), MESSAGE("2", "draft", "#C"),
       MESSAGE("3", "reply", "D1"), alert, MESSAGE("5", "watchlist", "U1"));
    DO("SET wanted %s", alert);
    assert_string_equal(
        TAKE_BY("a", "1", "3"),
        DO("EVAL %s 0", "return {2, redis.call('GET', 'wanted'), '" MESSAGE(
                            "3", "reply", "D1") "', '" MESSAGE("5", "watchlist", "U1") "'}"));
    /* Without room only what overtakes is taken. */
    DO("RPUSH notify %s", MESSAGE("6", "reply", "D2"));
    assert_string_equal(TAKE_BY("a", "0", "3"), "[2 " MESSAGE("6", "reply", "D2") "]");
    assert_string_equal(TAKE_BY("a", "9", "9"),
                        "[0 " MESSAGE("1", "draft", "#C") " " MESSAGE("2", "draft", "#C") "]");
    /* Full or not, an alert is taken. */
    DO("RPUSH notify %s", MESSAGE("7", "ops_alert", "#C"));
    assert_string_equal(TAKE_BY("a", "9", "9", "#C"), "[0 " MESSAGE("7", "ops_alert", "#C") "]");
}

/* The list is as long as given when the alert is pushed, and again when the recovery is. */
static void push_and_take_urgent(const char *before, const char *between)
{
    static const char fill[] = "for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], "
                               "'{\"kind\":\"draft\",\"channel\":\"#C\"}') end return 1";

    DO("DEL notify notify:inflight:a notify:holders channel:#O channel:#C");
    DO("EVAL %s 1 notify %s", fill, before);
    RUN(MESSAGE_PUSH, PUSH, "1", "1000000", "1", MESSAGE("1", "ops_alert", "#O"));
    DO("EVAL %s 1 notify %s", fill, between);
    RUN(MESSAGE_PUSH, PUSH, "1", "1000000", "1", MESSAGE("2", "ops_recovery", "#O"), "1",
        MESSAGE("3", "ops_alert", "#O"));
    (void)TAKE_BY("a", "0", "64");
    assert_string_equal(DO("LRANGE notify:inflight:a 0 -1"),
                        "[" MESSAGE("1", "ops_alert", "#O") " " MESSAGE(
                            "2", "ops_recovery", "#O") " " MESSAGE("3", "ops_alert", "#O") "]");
}

static void an_alert_is_delivered_before_its_recovery_however_long_the_list(void **state)
{
    static const char *const rows[][2] = {
        {"0",      "0"    },
        { "3",     "3"    },
        { "4999",  "9000" },
        { "11000", "11000"}
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        push_and_take_urgent(rows[i][0], rows[i][1]);
}

static void one_take_brings_a_few_of_each_channel(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        char message[64];

        (void)snprintf(message, sizeof(message), "{\"id\":\"%d\",\"channel\":\"#%s\"}", i,
                       i < 20 ? "C" : "D");
        DO("RPUSH notify %s", message);
    }
    (void)TAKE_BY("a", "64", "64");
    assert_int_equal(INT("LLEN notify"), 30 - 16);
    assert_non_null(strstr(DO("LINDEX notify:inflight:a 7"), "\"id\":\"7\""));
    assert_non_null(strstr(DO("LINDEX notify:inflight:a 8"), "\"id\":\"20\""));
}

static void a_channel_is_with_one_notifier_at_a_time(void **state)
{
    (void)state;
    DO("SET instance:a alive");
    DO("RPUSH notify %s %s", FOR_C("1"), FOR_D("2"));
    assert_string_equal(TAKE_BY("a", "1", "1"), "[1 " FOR_C("1") "]");
    assert_string_equal(TAKE_BY("a", "1", "1"), "[0 " FOR_D("2") "]");
    DO("RPUSH notify %s", FOR_C("3"));
    assert_string_equal(TAKE_BY("b", "9", "9"), "[1]");
    assert_string_equal(TAKE_BY("a", "9", "9"), "[0 " FOR_C("3") "]");
    DO("RPUSH notify %s", FOR_C("4"));
    DO("HSET channel:C until_ms 1"); /* silent for too long */
    assert_string_equal(TAKE_BY("b", "9", "9"), "[0 " FOR_C("4") "]");
    DO("RPUSH notify %s", FOR_C("5"));
    assert_string_equal(TAKE_BY("a", "9", "9"),
                        "[1]"); /* b never lived, but holds the one before */
    assert_string_equal(RUN(MESSAGE_RECLAIM, RECLAIM, "instance:", "notify:inflight:", "a", "0"),
                        "1");
    assert_string_equal(TAKE_BY("a", "9", "9"), "[0 " FOR_C("4") " " FOR_C("5") "]");
    assert_string_equal(RUN(CHANNEL_KEEP, CHANNEL, "b", "5000"), "0");
    assert_string_equal(RUN(CHANNEL_KEEP, CHANNEL, "a", "5000"), "1");
}

#define ADMIT_HELD(name, life, id, raw)                                                            \
    RUN(CHANNEL_ADMIT, LIST("channel:C", "notify:inflight:" name), name, life,                     \
        "instance:", "30000", "1000", id, raw)
/* Instance, life, message. */
#define ADMIT(name, life, id) ADMIT_HELD(name, life, id, "")

static void the_fleet_keeps_a_channels_pace_together(void **state)
{
    (void)state;
    assert_string_equal(ADMIT("a", "a/1", "m1"), "[0 0 0 ]");
    assert_in_range(strtol(ADMIT("a", "a/1", "m2") + 1, NULL, 10), 900, 1000);
    assert_in_range(strtol(ADMIT("b", "b/1", "m3") + 1, NULL, 10), 900, 1000);
    DO("SET instance:b alive");
    assert_string_equal(ADMIT("a", "a/1", "m2"), "[1000 2 0 ]"); /* it is with b now */
    DO("DEL instance:b");
    DO("HSET channel:C next_ms 99999999999999"); /* of a clock that went wrong */
    assert_string_equal(ADMIT("a", "a/1", "m2"), "[1000 0 0 ]");
}

static void the_times_of_a_channel_are_the_servers(void **state)
{
    long long before_ms = clock_ms();

    (void)state;
    RUN(CHANNEL_ADMIT, LIST("channel:C", "notify:inflight:a"), "a", "a/1", "instance:", "30000",
        "2000", "m1", "");
    is_time_after(DO("HGET channel:C until_ms"), before_ms, 30000);
    is_time_after(DO("HGET channel:C next_ms"), before_ms, 2000);
    RUN(CHANNEL_KEEP, CHANNEL, "a", "50000");
    is_time_after(DO("HGET channel:C until_ms"), before_ms, 50000);
    RUN(CHANNEL_ANSWER, CHANNEL, "m1", "7000");
    is_time_after(DO("HGET channel:C held_ms"), before_ms, 7000);
}

static void an_answer_without_a_pause_holds_nobody(void **state)
{
    (void)state;
    assert_string_equal(ADMIT("a", "a/1", "m1"), "[0 0 0 ]");
    assert_string_equal(RUN(CHANNEL_ANSWER, CHANNEL, "m1", "0"), "0");
    assert_int_equal(INT("HEXISTS channel:C held_ms"), 0);
    assert_int_equal(INT("HEXISTS channel:C sending:m1"), 0);
    assert_in_range(strtol(RUN(CHANNEL_ANSWER, CHANNEL, "m1", "1"), NULL, 10), 0, 1);
    assert_int_equal(INT("HEXISTS channel:C held_ms"), 1);
}

static void what_slack_asked_of_one_notifier_holds_all(void **state)
{
    const char *answer;

    (void)state;
    assert_string_equal(ADMIT("a", "a/1", "m1"), "[0 0 0 ]");
    assert_in_range(strtol(RUN(CHANNEL_ANSWER, CHANNEL, "m1", "30000"), NULL, 10), 29900, 30000);
    assert_in_range(strtol(RUN(CHANNEL_ANSWER, CHANNEL, "m1", "500"), NULL, 10), 29800, 30000);
    answer = ADMIT("b", "b/1", "m2");
    assert_in_range(strtol(answer + 1, NULL, 10), 29000, 30000);
    assert_non_null(strstr(answer, " 1 0 ]"));
    DO("HSET channel:C held_ms 1 next_ms 1");
    assert_string_equal(ADMIT("b", "b/1", "m1"), "[0 0 0 ]"); /* surely not taken: no doubt */
}

static void a_send_that_nobody_ended_is_doubtful(void **state)
{
    (void)state;
    assert_string_equal(ADMIT("a", "a/1", "m1"), "[0 0 0 ]");
    DO("HSET channel:C next_ms 1");
    assert_string_equal(ADMIT("a", "a/1", "m1"), "[0 0 0 ]"); /* its own doubt is its own affair */
    DO("HSET channel:C next_ms 1");
    assert_string_equal(ADMIT("a", "a/2", "m1"), "[0 0 1 ]"); /* the same name, another life */
    DO("HSET channel:C next_ms 1");
    assert_string_equal(ADMIT("b", "b/1", "m1"), "[0 0 1 ]");
    DO("RPUSH notify:inflight:a m1");
    assert_string_equal(RUN(MESSAGE_ACKNOWLEDGE, SETTLE, "done", "m1", "", "m1", "C123"), "1");
    DO("HSET channel:C next_ms 1");
    assert_string_equal(ADMIT("c", "c/1", "m1"), "[0 0 0 C123]");
    assert_in_range(INT("PTTL channel:C"), 604700000, 604800000);
}

/* One that lives was taken for dead: who has its messages now may have sent them. */
static void what_is_not_in_its_holders_list_any_more_is_doubtful(void **state)
{
    (void)state;
    DO("RPUSH notify:inflight:a x raw1 raw1 raw2");
    assert_string_equal(ADMIT_HELD("a", "a/1", "m2", "raw2"), "[0 0 0 ]");
    assert_string_equal(DO("LRANGE notify:inflight:a 0 -1"), "[raw2 x raw1 raw1]");
    DO("HSET channel:C next_ms 1");
    assert_string_equal(ADMIT_HELD("a", "a/1", "m3", "raw3"), "[0 0 1 ]");
    assert_string_equal(DO("LRANGE notify:inflight:a 0 -1"), "[raw2 x raw1 raw1]");
}

static void a_dead_holders_messages_come_back_in_their_order(void **state)
{
    (void)state;
    DO("RPUSH notify a b c");
    TAKE_BY("a", "2", "2");
    DO("SET instance:a alive");
    assert_string_equal(RUN(MESSAGE_RECLAIM, RECLAIM, "instance:", "notify:inflight:", "b", "0"),
                        "0");
    assert_string_equal(RUN(MESSAGE_RECLAIM, RECLAIM, "instance:", "notify:inflight:", "a", "0"),
                        "0");
    DO("DEL instance:a");
    assert_string_equal(RUN(MESSAGE_RECLAIM, RECLAIM, "instance:", "notify:inflight:", "b", "0"),
                        "2");
    assert_string_equal(DO("LRANGE notify 0 -1"), "[a b c]");
    assert_int_equal(INT("EXISTS notify:holders"), 0);
    TAKE_BY("a", "1", "1");
    DO("SET instance:a alive");
    assert_string_equal(RUN(MESSAGE_RECLAIM, RECLAIM, "instance:", "notify:inflight:", "a", "1"),
                        "1");
}

static void a_dead_message_is_replayed_or_dropped_once(void **state)
{
    (void)state;
    DO("RPUSH notify:dead x y");
    assert_string_equal(RUN(MESSAGE_REPLAY, REPLAY, "x", "x anew"), "1");
    assert_string_equal(RUN(MESSAGE_REPLAY, REPLAY, "x", "x anew"), "0");
    assert_string_equal(RUN(MESSAGE_REPLAY, REPLAY, "y", ""), "1");
    assert_string_equal(DO("LRANGE notify 0 -1"), "[x anew]");
    assert_int_equal(INT("EXISTS notify:dead"), 0);
}

#define PRUNE         LIST("epoch", "notify:dead")
#define LETTER(n, at) "{\"id\":\"" n "\",\"dead_at\":\"" at "\"}"

static void old_dead_letters_are_removed_in_slices(void **state)
{
    (void)state;
    DO("SET epoch 5");
    DO("RPUSH notify:dead %s pushed %s %s last", LETTER("a", "2026-05-01T00:00:00Z"),
       LETTER("b", "2026-05-02T00:00:00.123Z"), LETTER("c", "2026-06-01T00:00:00Z"));
    assert_non_null(
        strstr(RUN(DEAD_PRUNE, PRUNE, "4", "2026-05-20T00:00:00Z", "1000", "2"), "FENCED"));
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-01T00:00:00Z", "1000", "2"), "0");
    /* The entry without a time goes with the one that follows it, not before. */
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-20T00:00:00Z", "1000", "2"), "1");
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-20T00:00:00Z", "1000", "2"), "2");
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-20T00:00:00Z", "1000", "2"), "0");
    assert_string_equal(DO("LRANGE notify:dead 0 -1"),
                        "[" LETTER("c", "2026-06-01T00:00:00Z") " last]");
}

static void too_many_dead_letters_are_removed_whatever_their_age(void **state)
{
    (void)state;
    DO("RPUSH notify:dead %s %s %s %s", LETTER("a", "2026-05-01T00:00:00Z"), "pushed",
       /* a text that names a time */
       "{\"text\":\"\\\"dead_at\\\":\\\"2020-01-01\\\"\",\"dead_at\":\"2026-06-01T00:00:00Z\"}",
       LETTER("d", "2026-06-02T00:00:00Z"));
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-20T00:00:00Z", "3", "100"), "1");
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-20T00:00:00Z", "1", "1"), "1");
    assert_string_equal(RUN(DEAD_PRUNE, PRUNE, "5", "2026-05-20T00:00:00Z", "1", "100"), "1");
    assert_string_equal(DO("LRANGE notify:dead 0 -1"), "[" LETTER("d", "2026-06-02T00:00:00Z") "]");
}

/* The record of an alarm, while PostgreSQL takes no writes */

static void of_two_programs_one_reports_an_incident(void **state)
{
    (void)state;
    assert_string_equal(ALARM("alarm_records", "no_leader", "a", "60000", "a:1"), "[1 1 ]");
    assert_string_equal(ALARM("alarm_records", "no_leader", "b", "60000", "b:1"), "[0 1 ]");
    assert_string_equal(ALARM("alarm_records", "no_leader", "a", "60000", "a:2"), "[0 1 ]");
    assert_string_equal(ALARM("alarm_records", "no_workers", "b", "60000", "b:2"), "[1 1 ]");
    assert_string_equal(ALARM("alarm_records", "no_leader", "b", "0", "b:3"), "[1 2 ]");
}

static void an_alarm_is_recorded_with_the_servers_time(void **state)
{
    long long before_ms = clock_ms();
    const char *record;

    (void)state;
    RUN(ALARM_CLAIM, ALARMS, "no_leader", "a", "60000", "a:1");
    record = DO("HGET alarm_records no_leader");
    is_time_after(strstr(record, "\"raised_ms\":\"") + strlen("\"raised_ms\":\""), before_ms, 0);
    record = DO("HGET alarm_records no_leader");
    is_time_after(strstr(record, "\"told_ms\":\"") + strlen("\"told_ms\":\""), before_ms, 0);
}

static void a_claim_whose_answer_was_lost_gets_it_again(void **state)
{
    (void)state;
    assert_string_equal(ALARM("alarm_records", "no_leader", "a", "60000", "a:1"), "[1 1 ]");
    assert_string_equal(ALARM("alarm_records", "no_leader", "a", "60000", "a:1"), "[1 1 ]");
    DO("HSET alarm_records no_leader rubbish");
    assert_string_equal(ALARM("alarm_records", "no_leader", "a", "60000", "a:1"), "[1 1 ]");
    /* The record of a version that names no claims. */
    DO("HSET alarm_records no_leader {\"told_ms\":\"9999999999999\",\"times\":4}");
    assert_string_equal(ALARM("alarm_records", "no_leader", "a", "60000", "a:1"), "[0 4 ]");
}

static void an_alert_that_nobody_confirmed_takes_a_better_route(void **state)
{
    (void)state;
#define REROUTE(by, claim, route) /* nobody confirmed it for 0 ms */                               \
    RUN(ALARM_CLAIM, ALARMS, "stuck", by, "60000", claim, route, "0", "", "")
    assert_string_equal(ALARM("alarm_records", "stuck", "a", "60000", "a:1"), "[1 1 ]");
    assert_string_equal(REROUTE("b", "b:1", "1"), "[0 1 ]");
    assert_string_equal(
        RUN(ALARM_CLAIM, ALARMS, "stuck", "b", "60000", "b:1", "2", "60000", "", ""), "[0 1 ]");
    assert_string_equal(REROUTE("b", "b:1", "2"), "[1 1 ]");
    assert_string_equal(REROUTE("c", "c:1", "2"), "[0 1 ]");
    assert_string_equal(REROUTE("b", "b:1", "2"), "[1 1 ]"); /* its answer was lost */
    assert_string_equal(RUN(ALARM_CONFIRM, ALARMS, "stuck", "17.1", "C1"), "1");
    assert_string_equal(REROUTE("c", "c:1", "3"), "[0 1 17.1]");
    /* PostgreSQL refused the claim of the next route, and Redis had no record. */
    DO("DEL alarm_records");
    assert_string_equal(REROUTE("c", "c:1", "3"), "[1 0 ]");
#undef REROUTE
}

static void alerts_go_below_the_first_one(void **state)
{
    (void)state;
    assert_string_equal(RUN(ALARM_CONFIRM, ALARMS, "stuck", "17.1", "C1"), "0");
    assert_string_equal(ALARM("alarm_records", "stuck", "a", "60000", "a:1"), "[1 1 ]");
    assert_string_equal(RUN(ALARM_CONFIRM, ALARMS, "stuck", "17.1", "C1"), "1");
    assert_string_equal(ALARM("alarm_records", "stuck", "a", "0", "a:2"), "[1 2 17.1]");
    assert_string_equal(RUN(ALARM_CONFIRM, ALARMS, "stuck", "18.1", "C1"), "1");
    assert_string_equal(ALARM("alarm_records", "stuck", "a", "0", "a:3"), "[1 3 17.1]");
    /* PostgreSQL knew the first message before it went away. */
    assert_string_equal(
        RUN(ALARM_CLAIM, ALARMS, "no_leader", "a", "60000", "a:4", "1", "", "16.1", "C1"),
        "[1 1 16.1]");
    DO("HSET alarm_records stuck rubbish");
    assert_string_equal(RUN(ALARM_CONFIRM, ALARMS, "stuck", "17.1", "C1"), "0");
}

#define FLUSHED(test) cmocka_unit_test_setup(test, flush)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLUSHED(one_of_two_candidates_leads),
        FLUSHED(an_epoch_is_never_used_twice),
        FLUSHED(only_the_holder_renews_and_releases),
        FLUSHED(an_older_epoch_writes_nothing),
        FLUSHED(the_same_and_a_newer_epoch_write),
        FLUSHED(each_script_of_a_leader_stores_a_newer_epoch),
        FLUSHED(an_alarm_record_is_deleted_only_as_it_was_read),
        FLUSHED(one_program_reports_an_incident_once_in_a_while),
        FLUSHED(what_a_program_observes_is_known_to_all_until_it_is_over),
        FLUSHED(an_observation_that_nobody_repeats_ends),
        FLUSHED(a_program_learns_who_is_alive_and_which_alarms_are_kept),
        FLUSHED(the_group_is_there_before_the_first_worker),
        FLUSHED(a_second_publish_does_nothing),
        FLUSHED(the_next_leader_goes_on_where_the_last_one_stopped),
        FLUSHED(a_cycle_of_the_same_number_that_began_at_another_time_is_another),
        FLUSHED(controls_are_published_once_and_first),
        FLUSHED(tasks_of_a_cycle_redis_does_not_know_are_refused),
        FLUSHED(tasks_a_redis_published_are_readable),
        FLUSHED(a_result_counts_once),
        FLUSHED(where_nothing_is_there_is_nothing_to_claim),
        FLUSHED(a_dead_workers_tasks_are_claimed_at_once_and_a_live_ones_stay),
        FLUSHED(a_claim_takes_no_more_than_was_asked_for),
        FLUSHED(a_silent_workers_tasks_are_claimed_after_the_visibility_time),
        FLUSHED(a_task_that_was_deleted_is_no_ones),
        FLUSHED(a_worker_finds_what_it_was_given_and_knows_nothing_of),
        FLUSHED(a_task_handed_back_is_a_fresh_entry_once),
        FLUSHED(a_buried_task_leaves_a_reason_and_a_result_once),
        FLUSHED(an_entry_of_countless_fields_is_never_lost),
        FLUSHED(only_an_idle_dead_consumer_is_removed),
        FLUSHED(what_nobody_read_of_a_closed_cycle_is_withdrawn),
        FLUSHED(a_new_leader_adopts_what_the_old_one_had_read),
        FLUSHED(no_more_results_are_adopted_than_asked_for),
        FLUSHED(a_stored_result_leaves_and_the_cycle_says_so),
        FLUSHED(requests_in_flight_are_shared_by_all),
        FLUSHED(the_share_of_a_dead_worker_comes_back),
        FLUSHED(an_idle_worker_keeps_a_part_of_the_cap),
        FLUSHED(of_a_silent_worker_only_what_it_may_have_in_flight_counts),
        FLUSHED(more_workers_than_requests_take_turns),
        FLUSHED(permits_nobody_can_use_are_not_granted),
        FLUSHED(a_full_redis_takes_what_workers_need),
        FLUSHED(the_smallest_rate_is_kept_too),
        FLUSHED(each_rate_and_burst_grants_permits),
        FLUSHED(permits_are_granted_up_to_the_burst_and_then_at_the_rate),
        FLUSHED(a_pause_stops_everybody_and_the_longest_counts),
        FLUSHED(a_pause_keeps_the_shares_of_the_workers),
        FLUSHED(a_pause_of_a_host_without_a_rate_sets_none),
        FLUSHED(the_rate_is_never_cut_below_its_floor),
        FLUSHED(a_limit_written_by_hand_does_no_harm),
        FLUSHED(a_clock_that_goes_back_stops_nobody),
        FLUSHED(a_heartbeat_always_has_an_end),
        FLUSHED(who_beats_is_listed_until_its_heartbeat_ends),
        FLUSHED(the_list_takes_no_more_than_its_size_but_urgent_ones),
        FLUSHED(an_alert_goes_to_the_front_of_a_list_of_half_a_window),
        FLUSHED(the_last_tenth_of_the_list_is_for_channels_within_their_share),
        FLUSHED(what_is_taken_is_held_and_settled_once),
        FLUSHED(one_acknowledgement_is_of_one_message),
        FLUSHED(a_full_channel_does_not_stand_before_the_others),
        FLUSHED(what_a_dead_holder_held_is_said_before_what_follows_it),
        FLUSHED(what_is_longer_than_any_message_is_taken_cut),
        FLUSHED(alerts_overtake_everything_and_direct_messages_overtake_posts),
        FLUSHED(an_alert_is_delivered_before_its_recovery_however_long_the_list),
        FLUSHED(one_take_brings_a_few_of_each_channel),
        FLUSHED(a_channel_is_with_one_notifier_at_a_time),
        FLUSHED(the_fleet_keeps_a_channels_pace_together),
        FLUSHED(the_times_of_a_channel_are_the_servers),
        FLUSHED(an_answer_without_a_pause_holds_nobody),
        FLUSHED(what_slack_asked_of_one_notifier_holds_all),
        FLUSHED(a_send_that_nobody_ended_is_doubtful),
        FLUSHED(what_is_not_in_its_holders_list_any_more_is_doubtful),
        FLUSHED(a_dead_holders_messages_come_back_in_their_order),
        FLUSHED(a_dead_message_is_replayed_or_dropped_once),
        FLUSHED(old_dead_letters_are_removed_in_slices),
        FLUSHED(too_many_dead_letters_are_removed_whatever_their_age),
        FLUSHED(of_two_programs_one_reports_an_incident),
        FLUSHED(an_alarm_is_recorded_with_the_servers_time),
        FLUSHED(a_claim_whose_answer_was_lost_gets_it_again),
        FLUSHED(an_alert_that_nobody_confirmed_takes_a_better_route),
        FLUSHED(alerts_go_below_the_first_one),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
