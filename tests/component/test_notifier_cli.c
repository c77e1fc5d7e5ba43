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
    assert_int_equal(SEND("--no-wait", "C123", "hello <world>"), PS_EXIT_OK);
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
    bury("{\"raw\":\"{edited by hand}\",\"reason\":\"why\",\"attempts\":0}");
    bury(LETTER("m3", "C1", "three"));
    assert_int_equal(DEAD("replay", "2"), PS_EXIT_OK);
    assert_string_equal(nrig_redis(rig, "LINDEX paperscout:notify 0")->str, "{edited by hand}");
    assert_int_equal(DEAD("replay", "--all"), PS_EXIT_OK);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 3);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:dead"), 0);
    assert_int_equal(DEAD("replay", "--all"), PS_EXIT_OK);
}

static void dead_show_prints_all_of_it(void **state)
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

static void queue_lists_what_waits_and_what_is_on_hold(void **state)
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

/* Redis was flushed: PostgreSQL is the truth. */
static void dead_letters_outlive_redis(void **state)
{
    (void)state;
    (void)nrig_sql(rig,
                   "INSERT INTO outbox (dedupe_key, kind, channel, data, message_id, message_text,"
                   " queued_at, dead_at, dead_reason, created_at) SELECT 'k' || n, 'draft', 'C1',"
                   " '{}', 'o' || n, 'the text of ' || n, now(), now() + n * interval '1 s',"
                   " 'is_archived', '2026-11-23T09:00:00Z' FROM generate_series(1, 3) n");
    bury(LETTER("o1", "C1", "the copy in Redis"));
    assert_int_equal(RUN(ps_cmd_dead, "dead", "list"), PS_EXIT_OK);
    assert_non_null(strstr(output, "the copy in Redis"));
    assert_null(strstr(output, "the text of 1"));
    assert_non_null(strstr(output, "the text of 2"));
    (void)nrig_redis(rig, "DEL paperscout:notify:dead");
    assert_int_equal(RUN(ps_cmd_dead, "dead", "list"), PS_EXIT_OK);
    assert_non_null(strstr(output, "the text of 1"));
    assert_non_null(strstr(output, "is_archived"));
    assert_int_equal(DEAD("show", "o2"), PS_EXIT_OK);
    assert_non_null(strstr(output, "the text of 2"));
    assert_int_equal(DEAD("replay", "o2"), PS_EXIT_OK);
    assert_string_equal(nrig_sql(rig,
                                 "SELECT count(*) FROM outbox WHERE message_id = 'o2' AND dead_at"
                                 " IS NULL AND queued_at IS NULL"),
                        "1");
    assert_int_equal(DEAD("drop", "o3"), PS_EXIT_OK);
    assert_int_equal(RUN(ps_cmd_dead, "dead", "list"), PS_EXIT_OK);
    assert_non_null(strstr(output, "the text of 1"));
    assert_null(strstr(output, "the text of 2"));
    assert_null(strstr(output, "the text of 3"));
    assert_int_equal(DEAD("replay", "o9"), PS_EXIT_FAILED);
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

static void a_number_far_above_every_known_one_is_refused(void **state)
{
    (void)state;
    assert_int_equal(WATCHLIST("U1", "add", "9999"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "add", "123456"), PS_EXIT_FAILED);
    assert_non_null(strstr(output, "123456 is far above every known paper's number"));
    assert_int_equal(WATCHLIST("U1", "add", "P11500"), PS_EXIT_FAILED);
    (void)nrig_sql(rig,
                   "INSERT INTO papers (id, type, title, author, date, subgroup, link, "
                   "long_link, status) VALUES ('P11000R0', 'paper', '', '', '', '', '', '', '')");
    assert_int_equal(WATCHLIST("U1", "add", "P11500"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "add", "P12500"), PS_EXIT_FAILED);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM watchlist"), "2");
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

/* Each form that people type, through the command line into the database. */
static void a_watchlist_takes_what_people_type(void **state)
{
    static const struct {
        const char *typed, *list; /* what `list` shows; or the suggestion of a refusal */
        bool refused;
    } rows[] = {
        {"2300",                       "paper  2300\n",                 false},
        { "P2300",                     "paper  P2300\n",                false},
        { "p2300r10",                  "paper  P2300\n",                false},
        { "D2300R11.pdf",              "paper  P2300\n",                false},
        { "https://wg21.link/p2300",   "paper  P2300\n",                false},
        { "https://wg21.link/p2300r4", "paper  P2300\n",                false},
        { "N5007",                     "paper  N5007\n",                false},
        { "LWG4000",                   "issue  LWG4000\n",              false},
        { "CWG2345",                   "issue  CWG2345\n",              false},
        { "  Bjarne   Stroustrup \t",  "author bjarne stroustrup\n",    false},
        { "K\u00f6ppe",                "author k\u00f6ppe\n",           false},
        { "o\u2019dwyer",              "author o'dwyer\n",              false},
        { "author Niebler",            "author niebler\n",              false},
        { "subgroup LEWG",             "subgroup lewg\n",               false},
        { "LEWG",                      "did you mean `subgroup LEWG`?", true },
        { "/^ranges/",                 "pattern ^ranges\n",             false},
        { "P3051 please",              "did you mean `P3051`?",         true },
        { "2300, P2301",               "paper  2300\npaper  P2301\n",   false},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        int added = WATCHLIST("U1", "add", rows[i].typed);

        assert_int_equal(added, rows[i].refused ? PS_EXIT_USAGE : PS_EXIT_OK);
        if (rows[i].refused)
            assert_non_null(strstr(output, rows[i].list));
        assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
        assert_string_equal(output, rows[i].refused ? "U1 watches nothing.\n" : rows[i].list);
        if (!rows[i].refused)
            assert_int_equal(WATCHLIST("U1", "remove", rows[i].typed), PS_EXIT_OK);
    }
    assert_int_equal(WATCHLIST("U1", "add", "Eric", "Niebler"), PS_EXIT_OK);
    assert_string_equal(output, "U1 now watches author eric niebler.\n");
    assert_int_equal(WATCHLIST("U1", "remove", "eric niebler"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "remove", "P2300,", "P2301"), PS_EXIT_FAILED);
    assert_string_equal(output, "U1 does not watch paper P2300.\nU1 does not watch paper P2301.\n");
}

static void an_author_is_found_again_by_any_spelling(void **state)
{
    (void)state;
    assert_int_equal(WATCHLIST("U1", "add", "K\u00f6ppe"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "add", "koeppe"), PS_EXIT_OK);
    assert_string_equal(output, "U1 watches author koeppe already.\n");
    assert_int_equal(WATCHLIST("U1", "mute", "Koppe"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
    assert_string_equal(output, "author k\u00f6ppe (muted)\n");
    assert_int_equal(WATCHLIST("U1", "unmute", "koeppe"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "remove", "KOPPE"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
    assert_string_equal(output, "U1 watches nothing.\n");
}

static void the_command_line_mutes_and_snoozes_and_sets_a_digest(void **state)
{
    (void)state;
    assert_int_equal(WATCHLIST("U1", "add", "P2300"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "mute", "p2300r1"), PS_EXIT_OK);
    assert_string_equal(output, "U1 has muted paper P2300.\n");
    assert_int_equal(WATCHLIST("U1", "snooze", "subgroup", "LEWG", "2h"), PS_EXIT_OK);
    assert_non_null(strstr(output, "U1 has snoozed subgroup lewg until 20"));
    assert_int_equal(WATCHLIST("U1", "snooze", "until", "2020-01-01"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "snooze", "LWG4000"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "mute", "3d"), PS_EXIT_OK);
    assert_non_null(strstr(output, "U1 has muted everything until 20"));
    assert_int_equal(WATCHLIST("U1", "digest", "daily", "7:30"), PS_EXIT_OK);
    assert_string_equal(output, "U1 gets matches in one message a day, at 07:30 UTC.\n");
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
    assert_non_null(strstr(output, "paper  P2300 (muted)\nsubgroup lewg (snoozed until 20"));
    assert_non_null(strstr(output, "\neverything (muted until 20"));
    assert_non_null(strstr(output, "UTC)\ndigest at 07:30 UTC each day\n"));
    assert_int_equal(WATCHLIST("U1", "list", "--json"), PS_EXIT_OK);
    assert_non_null(strstr(output, "{\"user\":\"U1\",\"entries\":[{\"kind\":\"paper\",\"value\":"
                                   "\"P2300\",\"watched\":true,\"muted\":true,\"snoozed\":false,"
                                   "\"until\":null},"));
    assert_non_null(strstr(output, "\"digest\":\"07:30\"}\n"));
    assert_int_equal(WATCHLIST("U1", "unmute", "P2300"), PS_EXIT_OK);
    assert_string_equal(output, "U1 is notified about paper P2300 again.\n");
    assert_int_equal(WATCHLIST("U1", "unmute", "P2300"), PS_EXIT_FAILED);
    assert_string_equal(output, "U1 has not muted or snoozed paper P2300.\n");
    assert_int_equal(WATCHLIST("U1", "unmute"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "digest", "off"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "digest", "now"), PS_EXIT_OK);
    assert_string_equal(output, "Nothing waits for a digest of U1.\n");
    assert_int_equal(WATCHLIST("U1", "digest", "weekly"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "digest"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U1", "list", "--jsn"), PS_EXIT_USAGE);
    assert_int_equal(WATCHLIST("U2", "list", "--json"), PS_EXIT_OK);
    assert_string_equal(output, "{\"user\":\"U2\",\"entries\":[],\"digest\":null}\n");
}

/* What a notifier of the version before stored as an author is read as watch_parse.c reads it. */
static void entries_that_were_stored_as_authors_get_their_meaning(void **state)
{
    static const char *const typed[] = {
        "p2300",
        "p2300r10",
        "d2300r11.pdf",
        "p42",
        "https://wg21.link/p2300",
        "https://wg21.link/p2300r4",
        "wg21.link/p2300/github",
        "https://isocpp.org/files/papers/d2301r1.pdf?x=1",
        "n5007",
        "lwg4000",
        "cwg2345",
        "lewg12",
        "2300, 2301",
        "p2300 and p2301",
        "p2300 p2302,n5007",
        "\"p2300\"",
        "p2300.",
        "bjarne   stroustrup",
        "k\u00f6ppe",
        "eric niebler",
        "author niebler",
        "subgroup lewg",
        "subgroup sg17",
        "subgroup sg14",
        "/^ranges/",
        "regex a b+",
        "o'dwyer",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(typed); i++) {
        char *sql = ps_alloc_format("%s", typed[i]), *quoted, *wanted;

        /* A quote is written twice in SQL. */
        quoted = ps_alloc_zero(2, strlen(sql) + 1);
        for (size_t from = 0, to = 0; sql[from] != '\0'; from++) {
            if (sql[from] == '\'')
                quoted[to++] = '\'';
            quoted[to++] = sql[from];
        }
        free(sql);
        sql = ps_alloc_format("DELETE FROM watchlist; DELETE FROM watch_rule; DELETE FROM mute; "
                              "INSERT INTO watchlist (user_id, entry) VALUES ('U1', '%s'); "
                              "INSERT INTO mute (user_id, kind, value, snooze) VALUES "
                              "('U2', 'author', '%s', false); SELECT ps_watch_repair(); "
                              "SELECT ps_watch_repair()",
                              quoted, quoted);
        (void)nrig_sql(rig, "%s", sql);
        assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
        wanted = ps_alloc_text(output);
        assert_int_equal(WATCHLIST("U1", "remove", typed[i]), PS_EXIT_OK);
        assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
        if (strcmp(output, "U1 watches nothing.\n") != 0)
            fail_msg("\"%s\": %s", typed[i], output);
        assert_int_equal(WATCHLIST("U1", "add", typed[i]), PS_EXIT_OK);
        assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
        if (strcmp(output, wanted) != 0)
            fail_msg("\"%s\" was stored as %s and is %s", typed[i], wanted, output);
        assert_int_equal(WATCHLIST("U2", "unmute", typed[i]), PS_EXIT_OK);
        assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM mute"), "0");
        free(wanted);
        free(quoted);
        free(sql);
    }
    (void)nrig_sql(rig, "DELETE FROM watchlist; INSERT INTO watchlist (user_id, entry) VALUES "
                        "('U1', 'lewg'), ('U1', 'p3051 please'), ('U1', '2300')");
    (void)nrig_sql(rig, "SELECT ps_watch_repair()");
    assert_int_equal(WATCHLIST("U1", "list"), PS_EXIT_OK);
    assert_string_equal(output, "paper  2300\nauthor p3051 please\nsubgroup lewg\n");
}

/* The version before knows no papers by name: to it P2300 is the number. */
static void the_version_before_reads_papers_as_numbers(void **state)
{
    static const char rows[] = "SELECT string_agg(concat_ws(':', kind, value, watched, quiet), ' ' "
                               "ORDER BY kind, value) FROM watched";

    (void)state;
    assert_int_equal(WATCHLIST("U1", "add", "P0042,", "N5007,", "17"), PS_EXIT_OK);
    assert_int_equal(WATCHLIST("U1", "mute", "P42"), PS_EXIT_OK);
    assert_string_equal(nrig_sql(rig, "%s", rows), "number:17:t:f number:42:t:t paper:N5007:t:f");
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
        A_TEST(dead_letters_outlive_redis),
        A_TEST(dead_drop_forgets),
        A_TEST(dead_show_prints_all_of_it),
        A_TEST(queue_lists_what_waits_and_what_is_on_hold),
        A_TEST(a_watchlist_is_kept_by_person),
        A_TEST(a_watchlist_has_an_end),
        A_TEST(a_number_far_above_every_known_one_is_refused),
        A_TEST(watchlist_says_what_is_wrong),
        A_TEST(a_watchlist_takes_what_people_type),
        A_TEST(an_author_is_found_again_by_any_spelling),
        A_TEST(the_command_line_mutes_and_snoozes_and_sets_a_digest),
        A_TEST(entries_that_were_stored_as_authors_get_their_meaning),
        A_TEST(the_version_before_reads_papers_as_numbers),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
