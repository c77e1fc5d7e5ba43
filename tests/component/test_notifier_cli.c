/* The notifier's commands for people, on a real Redis and PostgreSQL. */
#include "notifier/cli/commands.h"
#include "shared/core/alloc.h"
#include "shared/core/message.h"
#include "shared/io/env.h"
#include "tests/support/notifier_rig.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct notifier_rig *rig;
static char output[65536]; /* of the last command, standard output and error */

static int open_rig(void **state)
{
    (void)state;
    rig = notifier_rig_create();
    return setenv("REDIS_URL", notifier_rig_redis_url(rig), 1) |
           setenv("DATABASE_URL", notifier_rig_pg_url(rig), 1);
}

static int close_rig(void **state)
{
    (void)state;
    notifier_rig_destroy(rig);
    return 0;
}

static int reset_rig(void **state)
{
    (void)state;
    notifier_rig_reset(rig);
    return 0;
}

static int run(int (*command)(int argc, char **argv, void *env), const char *const *words)
{
    char *argv[8];
    int argc = 0, status, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    struct ps_err fault;
    struct ps_env *env = ps_env_create(&fault);
    size_t len;

    assert_non_null(env);
    (void)fflush(NULL);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    while (words[argc] != NULL) {
        argv[argc] = ps_alloc_text(words[argc]);
        argc++;
    }
    status = command(argc, argv, env);
    (void)fflush(NULL);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    (void)close(out);
    (void)close(err);
    rewind(file);
    len = fread(output, 1, sizeof(output) - 1, file);
    output[len] = '\0';
    (void)fclose(file);
    while (argc > 0)
        free(argv[--argc]);
    ps_env_destroy(env);
    return status;
}

#define RUN(command, ...) run(command, (const char *[]){ __VA_ARGS__, NULL })
#define SEND(...)         RUN(ps_cmd_send, "send", __VA_ARGS__)
#define DEAD(...)         RUN(ps_cmd_dead, "dead", __VA_ARGS__)
#define WATCHLIST(...)    RUN(ps_cmd_watchlist, "watchlist", __VA_ARGS__)
#define NOTIFY_QUEUE(...) RUN(ps_cmd_queue, "queue", __VA_ARGS__)

static void send_queues_a_message_and_prints_its_id(void **state)
{
    const struct redisReply *reply;
    struct ps_message content;
    struct ps_err err;

    (void)state;
    assert_int_equal(SEND("C123", "hello <world>"), PS_EXIT_OK);
    reply = nrig_redis(rig, "LINDEX paperscout:notify 0");
    assert_true(ps_message_parse(reply->str, reply->len, &content, &err));
    assert_int_equal(content.kind, PS_MESSAGE_MANUAL);
    assert_string_equal(content.channel, "C123");
    assert_string_equal(content.text, "hello <world>");
    assert_int_equal(content.id[0], 'm');
    assert_int_equal(strlen(output), strlen(content.id) + 1);
    assert_memory_equal(output, content.id, strlen(content.id));
    ps_message_clear(&content);
}

static void send_refuses_what_no_notifier_would_take(void **state)
{
    char *huge = ps_alloc_zero(1, PS_MESSAGE_TEXT_MAX + 2);

    (void)state;
    memset(huge, 'x', PS_MESSAGE_TEXT_MAX + 1);
    assert_int_equal(SEND("C123"), PS_EXIT_USAGE);
    assert_int_equal(SEND("C123", "a", "b"), PS_EXIT_USAGE);
    assert_int_equal(SEND("", "text"), PS_EXIT_USAGE);
    assert_int_equal(SEND("C123", ""), PS_EXIT_USAGE);
    assert_int_equal(SEND("C123", huge), PS_EXIT_USAGE);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 0);
    free(huge);
}

static void send_says_when_redis_is_not_reached(void **state)
{
    (void)state;
    assert_int_equal(setenv("REDIS_URL", "redis://127.0.0.1:1/0", 1), 0);
    assert_int_equal(SEND("C123", "hello"), PS_EXIT_UNAVAILABLE);
    assert_int_equal(setenv("REDIS_URL", "nonsense", 1), 0);
    assert_int_equal(SEND("C123", "hello"), PS_EXIT_CONFIG);
    assert_int_equal(setenv("REDIS_URL", notifier_rig_redis_url(rig), 1), 0);
}

static void bury(const char *entry)
{
    (void)nrig_redis(rig, "RPUSH paperscout:notify:dead %s", entry);
}

#define LETTER(id, channel, text)                                                                  \
    "{\"id\":\"" id "\",\"kind\":\"draft\",\"channel\":\"" channel "\",\"text\":\"" text           \
    "\",\"thread_ts\":null,\"created_at\":\"2026-11-23T09:00:00Z\",\"trace\":null,"                \
    "\"reason\":\"is_archived\",\"attempts\":3,\"dead_at\":\"2026-11-23T09:05:07Z\"}"

static void dead_list_shows_what_and_why(void **state)
{
    (void)state;
    assert_int_equal(DEAD("list"), PS_EXIT_OK);
    assert_non_null(strstr(output, "no dead messages"));
    bury(LETTER("o1", "C1",
                "first line\\nsecond line of a text that is longer than what is shown "
                "of it in the table, so that it is cut"));
    bury("{\"raw\":\"not JSON\",\"reason\":\"message: not a JSON object\",\"attempts\":0}");
    bury("garbage");
    bury("{\"id\":\"m\\u001b[2J\",\"channel\":\"C\\u009b1m\",\"raw\":\"\\u001b]0;x\\u0007\","
         "\"reason\":\"why\",\"attempts\":0}");
    assert_int_equal(DEAD("list"), PS_EXIT_OK);
    assert_non_null(strstr(output, "m [2J")); /* a terminal shows it and does not obey */
    assert_null(strchr(output, 27));
    assert_null(strstr(output, "\xc2\x9b"));
    assert_non_null(strstr(output, "o1"));
    assert_non_null(strstr(output, "is_archived"));
    assert_non_null(strstr(output, "first line second line"));
    assert_null(strstr(output, "so that it is cut"));
    assert_non_null(strstr(output, "not JSON"));
    assert_non_null(strstr(output, "garbage"));
}

static void dead_replay_makes_a_message_of_the_outbox_open_again(void **state)
{
    struct ps_message content;
    struct ps_err err;
    const struct redisReply *reply;

    (void)state;
    (void)nrig_sql(
        rig, "INSERT INTO outbox (dedupe_key, kind, channel, data, message_id, dead_at,"
             " dead_reason, claimed_by, claimed_at, created_at) VALUES ('a', 'draft', 'C1', '{}',"
             " 'o1', now(), 'is_archived', 'n1', now(), '2026-11-23T09:00:00Z')");
    bury(LETTER("o1", "C2", "of another channel: this row it is not"));
    assert_int_equal(DEAD("replay", "o1"), PS_EXIT_OK);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE dead_at IS NULL"), "0");
    (void)nrig_redis(rig, "DEL paperscout:notify");
    bury(LETTER("o1", "C1", "one"));
    bury(LETTER("m2", "C1", "two"));
    assert_int_equal(DEAD("replay", "o1"), PS_EXIT_OK);
    assert_non_null(strstr(output, "1 queued again"));
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:dead"), 1);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE dead_at IS NULL"
                                      " AND dead_reason IS NULL AND claimed_by IS NULL"),
                        "1");
    reply = nrig_redis(rig, "LINDEX paperscout:notify 0");
    assert_true(ps_message_parse(reply->str, reply->len, &content, &err));
    assert_string_equal(content.text, "one");
    ps_message_clear(&content);
}

static void dead_replay_takes_a_number_or_all(void **state)
{
    (void)state;
    bury(LETTER("m1", "C1", "one"));
    bury("{\"raw\":\"{mended by hand}\",\"reason\":\"why\",\"attempts\":0}");
    bury(LETTER("m3", "C1", "three"));
    assert_int_equal(DEAD("replay", "2"), PS_EXIT_OK);
    assert_string_equal(nrig_redis(rig, "LINDEX paperscout:notify 0")->str, "{mended by hand}");
    assert_int_equal(DEAD("replay", "--all"), PS_EXIT_OK);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 3);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:dead"), 0);
    assert_int_equal(DEAD("replay", "--all"), PS_EXIT_OK);
}

static void dead_show_tells_all_of_it(void **state)
{
    (void)state;
    bury(LETTER("m1", "C1", "the whole text of it"));
    bury("garbage");
    assert_int_equal(DEAD("show", "m1"), PS_EXIT_OK);
    assert_non_null(strstr(output, "\"text\":\t\"the whole text of it\""));
    assert_non_null(strstr(output, "\"reason\":\t\"is_archived\""));
    assert_int_equal(DEAD("show", "2"), PS_EXIT_OK);
    assert_string_equal(output, "garbage\n");
    assert_int_equal(DEAD("show", "--all"), PS_EXIT_OK);
    assert_int_equal(DEAD("show", "m9"), PS_EXIT_FAILED);
    assert_int_equal(DEAD("show"), PS_EXIT_USAGE);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:dead"), 2);
}

static void queue_tells_what_waits_and_what_is_on_hold(void **state)
{
    (void)state;
    assert_int_equal(NOTIFY_QUEUE("--json"), PS_EXIT_OK);
    assert_string_equal(output, "{\"length\":0,\"in_flight\":0,\"dead\":0,\"oldest\":null,"
                                "\"channels\":[]}\n");
    nrig_manual(rig, "m1", "C1", "one");
    nrig_manual(rig, "m2", "C2", "two");
    nrig_manual(rig, "m3", "C2", "three");
    (void)nrig_redis(rig, "RPUSH paperscout:notify garbage");
    (void)nrig_redis(rig, "LMOVE paperscout:notify paperscout:notify:inflight:n1 LEFT RIGHT");
    (void)nrig_redis(rig, "SADD paperscout:notify:holders n1");
    (void)nrig_redis(rig, "HSET paperscout:channel:C1 holder n1 held_ms 99999999999999");
    (void)nrig_redis(rig, "HSET paperscout:channel:C9 holder n1 held_ms 1"); /* long over */
    bury("x");
    assert_int_equal(NOTIFY_QUEUE("--json"), PS_EXIT_OK);
    assert_non_null(strstr(output, "{\"length\":3,\"in_flight\":1,\"dead\":1,\"oldest\":\"20"));
    assert_non_null(strstr(output, "[{\"channel\":\"C2\",\"messages\":2,\"hold_ms\":0,"));
    assert_non_null(strstr(output, "{\"channel\":\"C1\",\"messages\":1,\"hold_ms\":9"));
    assert_non_null(strstr(output, "{\"channel\":\"?\",\"messages\":1"));
    assert_null(strstr(output, "C9"));
    assert_int_equal(RUN(ps_cmd_queue, "queue"), PS_EXIT_OK);
    assert_non_null(strstr(output, "queued     3"));
    assert_non_null(strstr(output, "C2"));
    assert_int_equal(NOTIFY_QUEUE("x"), PS_EXIT_USAGE);
}

static void dead_drop_forgets(void **state)
{
    (void)state;
    bury(LETTER("m1", "C1", "one"));
    bury(LETTER("m2", "C1", "two"));
    bury(LETTER("m3", "C1", "three"));
    assert_int_equal(DEAD("drop", "m2"), PS_EXIT_OK);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:dead"), 2);
    assert_int_equal(DEAD("drop", "m2"), PS_EXIT_FAILED);
    assert_int_equal(DEAD("drop", "9"), PS_EXIT_FAILED);
    assert_int_equal(DEAD("drop"), PS_EXIT_USAGE);
    assert_int_equal(DEAD("bury"), PS_EXIT_USAGE);
    assert_int_equal(DEAD("list", "x"), PS_EXIT_USAGE);
    assert_int_equal(DEAD("drop", "--all"), PS_EXIT_OK);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:dead"), 0);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 0);
}

static void a_watchlist_is_kept_by_person(void **state)
{
    (void)state;
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
    assert_string_equal(output, "U1 watches nothing.\n");
    assert_int_equal(WATCHLIST("U1", "add", " Niebler "), PS_EXIT_OK);
    assert_string_equal(output, "U1 now watches author niebler.\n");
    assert_int_equal(WATCHLIST("U1", "add", "02300"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "add", "42"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "add", "2300"), PS_EXIT_OK);
    assert_string_equal(output, "U1 watches paper 2300 already.\n");
    assert_int_equal(WATCHLIST("U2", "add", "x y"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
    assert_string_equal(output, "paper  42\npaper  2300\nauthor niebler\n");
    assert_int_equal(WATCHLIST("U1", "remove", "NIEBLER"), PS_EXIT_OK);
    assert_string_equal(output, "U1 no longer watches author niebler.\n");
    assert_int_equal(WATCHLIST("U1", "remove", "NIEBLER"), PS_EXIT_FAILED);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM watchlist"), "3");
    assert_int_equal(WATCHLIST("W0AB", "add", "42"), PS_EXIT_OK);
    assert_null(strstr(output, "note:"));
    assert_int_equal(WATCHLIST("Bjarne", "add", "42"), PS_EXIT_OK);
    assert_non_null(strstr(output, "note: Bjarne is no id of a Slack user"));
    assert_int_equal(WATCHLIST("#papers", "add", "42"), PS_EXIT_OK);
    assert_non_null(strstr(output, "note: #papers is no id of a Slack user"));
}

static void a_watchlist_has_an_end(void **state)
{
    (void)state;
    (void)nrig_sql(rig, "INSERT INTO watchlist (user_id, entry)"
                        " SELECT 'U1', n::text FROM generate_series(1, 200) n");
    assert_int_equal(WATCHLIST("U1", "add", "201"), PS_EXIT_FAILED);
    assert_non_null(strstr(output, "200 entries"));
    assert_int_equal(WATCHLIST("U1", "add", "200"), PS_EXIT_OK);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM watchlist"), "200");
    assert_int_equal(WATCHLIST("U2", "add", "201"), PS_EXIT_OK);
}

static void watchlist_says_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(WATCHLIST("U1"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "add"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "list", "x"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "adds", "x"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("", "list"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U 1", "list"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "add", "x"), PS_EXIT_USAGE);
    assert_non_null(strstr(output, "at least 2 characters"));
    assert_int_equal(WATCHLIST("U1", "add", "0"), PS_EXIT_USAGE);
    assert_int_equal(setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", 1), 0);
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_UNAVAILABLE);
    assert_int_equal(setenv("DATABASE_URL", notifier_rig_pg_url(rig), 1), 0);
}

#define A_TEST(name) cmocka_unit_test_setup(name, reset_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(send_queues_a_message_and_prints_its_id),
        A_TEST(send_refuses_what_no_notifier_would_take),
        A_TEST(send_says_when_redis_is_not_reached),
        A_TEST(dead_list_shows_what_and_why),
        A_TEST(dead_replay_makes_a_message_of_the_outbox_open_again),
        A_TEST(dead_replay_takes_a_number_or_all),
        A_TEST(dead_drop_forgets),
        A_TEST(dead_show_tells_all_of_it),
        A_TEST(queue_tells_what_waits_and_what_is_on_hold),
        A_TEST(a_watchlist_is_kept_by_person),
        A_TEST(a_watchlist_has_an_end),
        A_TEST(watchlist_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
