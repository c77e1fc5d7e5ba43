/* The notifier on a real Redis and PostgreSQL, beside a Slack that misbehaves. */
#include "notifier/io/notifier.h"
#include "notifier/io/notifier_health.h"
#include "tests/support/notifier_rig.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SOON_MS = 15000 };

static struct notifier_rig *rig;

/* In place of io/daemon's. */
void ps_daemon_drained(struct ps_daemon *daemon)
{
    nrig_on_drained(daemon);
}

static int open_rig(void **state)
{
    (void)state;
    rig = notifier_rig_create();
    return 0;
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

static struct fake_slack *slack(void)
{
    return notifier_rig_slack(rig);
}

static int wanted;

static bool all_said(void *cookie)
{
    (void)cookie;
    return fake_slack_count(slack(), NULL) >= wanted;
}

static void expect_said(int count)
{
    wanted = count;
    assert_true(nrig_until(rig, all_said, NULL, SOON_MS));
}

static void expect_idle(void)
{
    assert_true(nrig_until(rig, nrig_idle, rig, SOON_MS));
}

static bool are_held(void *cookie)
{
    (void)cookie;
    return nrig_number(rig, "LLEN paperscout:notify:inflight:n1") == wanted;
}

static int64_t dead_count(void)
{
    return nrig_number(rig, "LLEN paperscout:notify:dead");
}

static bool some_dead(void *cookie)
{
    (void)cookie;
    return dead_count() >= wanted;
}

/* Of the n-th dead letter; "" when it has no such text. */
static const char *dead_field(int n, const char *field)
{
    static char text[2048];
    const struct redisReply *reply = nrig_redis(rig, "LINDEX paperscout:notify:dead %d", n);
    cJSON *json = ps_json_parse(reply->str, reply->len, NULL);
    const char *value = ps_json_text(json, field);

    (void)snprintf(text, sizeof(text), "%s", value != NULL ? value : "");
    cJSON_Delete(json);
    return text;
}

/* Texts "<channel>-0", "<channel>-1", … in the order of the outbox. */
static void fill(const char *channel, int from, int count)
{
    char text[96];

    for (int i = from; i < from + count; i++) {
        (void)snprintf(text, sizeof(text), "%s-%d", channel, i);
        (void)nrig_outbox(rig, channel, text);
    }
}

/* The pace itself is exact in unit.channel_pacing; between two arrivals there is what a new
   connection and a busy machine take. */
static void expect_in_order(const char *channel, int count, int64_t spacing_ms)
{
    int64_t before_ms = INT64_MIN / 2, at_ms;
    char text[64];

    assert_int_equal(fake_slack_count(slack(), channel), count);
    for (int i = 0; i < count; i++) {
        (void)snprintf(text, sizeof(text), "%s-%d", channel, i);
        assert_string_equal(fake_slack_text(slack(), channel, i, &at_ms), text);
        assert_true(at_ms - before_ms >= spacing_ms / 2);
        before_ms = at_ms;
    }
    assert_int_equal(fake_slack_most_at_once(slack(), channel), 1);
}

static void each_message_is_said_once_in_order_at_the_channels_pace(void **state)
{
    static const char *const settings[] = { "SLACK_CHANNEL_INTERVAL_MS=100", NULL };
    struct nrig_notifier *notifier;

    (void)state;
    fill("CAAA", 0, 6);
    fill("CBBB", 0, 6);
    fill("U123", 0, 3);
    notifier = nrig_start(rig, "n1", settings);
    expect_said(15);
    expect_idle();
    expect_in_order("CAAA", 6, 80);
    expect_in_order("CBBB", 6, 80);
    expect_in_order("U123", 3, 80);
    assert_string_equal(fake_slack_authorization(slack()), "Bearer xoxb-of-the-test");
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"
                                      " AND slack_ts LIKE '1500000000.%%' AND claimed_by = 'n1'"),
                        "15");
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_SENT), 15);
}

static void what_comes_later_is_seen_within_a_moment(void **state)
{
    (void)state;
    (void)nrig_start(rig, "n1", NULL);
    nrig_turn(rig, 600);
    nrig_manual(rig, "m1", "C1", "hello");
    expect_said(1);
    expect_idle();
}

static void retry_after_holds_its_channel_alone(void **state)
{
    struct nrig_notifier *notifier;
    int64_t held_ms, start_ms = ps_loop_now(notifier_rig_loop(rig));

    (void)state;
    fake_slack_rule(
        slack(),
        (struct slack_rule){ .channel = "CAAA", .times = 1, .status = 429, .retry_after = "2" });
    fill("CAAA", 0, 3);
    fill("CBBB", 0, 3);
    notifier = nrig_start(rig, "n1", NULL);
    expect_said(3);
    assert_int_equal(fake_slack_count(slack(), "CAAA"), 0);
    expect_said(6);
    expect_idle();
    expect_in_order("CAAA", 3, 0);
    expect_in_order("CBBB", 3, 0);
    (void)fake_slack_text(slack(), "CAAA", 0, &held_ms);
    assert_true(held_ms - start_ms >= 2000);
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_RATE_LIMITED), 1);
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_RETRIES), 0);
}

static void a_held_channel_leaves_the_list_to_the_others(void **state)
{
    (void)state;
    fake_slack_rule(
        slack(),
        (struct slack_rule){ .channel = "CAAA", .times = 1, .status = 429, .retry_after = "3" });
    fill("CAAA", 0, 300); /* far more than one take, and than a channel may hold */
    (void)nrig_start(rig, "n1", (const char *[]){ "SLACK_CHANNEL_INTERVAL_MS=0", NULL });
    nrig_turn(rig, 700);
    fill("CBBB", 0, 5);
    expect_said(5);
    assert_int_equal(fake_slack_count(slack(), "CAAA"), 0);
    assert_true(nrig_number(rig, "LLEN paperscout:notify:inflight:n1") <= 100);
    expect_said(305);
    expect_idle();
    expect_in_order("CAAA", 300, 0);
    expect_in_order("CBBB", 5, 0);
}

static void a_failing_answer_is_tried_again(void **state)
{
    struct nrig_notifier *notifier;

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .channel = "CAAA", .times = 2, .status = 500 });
    fill("CAAA", 0, 3);
    notifier = nrig_start(rig, "n1", NULL);
    expect_said(3);
    expect_idle();
    expect_in_order("CAAA", 3, 0);
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_RETRIES), 2);
    assert_int_equal(dead_count(), 0);
    assert_true(nrig_number(rig, "XLEN paperscout:failures") == 2);
}

static void a_message_slack_refuses_is_dead_with_the_reason(void **state)
{
    char reason[64];

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .channel = "CAAA", .error = "is_archived" });
    fill("CAAA", 0, 2);
    fill("CBBB", 0, 2);
    (void)nrig_start(rig, "n1", NULL);
    expect_said(2);
    wanted = 2;
    assert_true(nrig_until(rig, some_dead, NULL, SOON_MS));
    expect_idle();
    nrig_turn(rig, 300);
    assert_string_equal(dead_field(0, "id"), "o1");
    assert_string_equal(dead_field(0, "text"), "CAAA-0");
    assert_string_equal(dead_field(1, "text"), "CAAA-1");
    assert_string_equal(dead_field(1, "channel"), "CAAA");
    (void)snprintf(reason, sizeof(reason), "%s", dead_field(1, "reason"));
    assert_string_equal(reason, "is_archived");
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL"
                                      " AND dead_reason = 'is_archived' AND sent_at IS NULL"),
                        "2");
}

static void a_message_whose_blocks_slack_refuses_is_sent_as_text(void **state)
{
    struct nrig_notifier *notifier;

    (void)state;
    fake_slack_rule(
        slack(),
        (struct slack_rule){ .channel = "CAAA", .error = "invalid_blocks", .blocks_only = true });
    fake_slack_rule(slack(), (struct slack_rule){ .channel = "CBBB", .error = "invalid_blocks" });
    fill("CAAA", 0, 3);
    fill("CBBB", 0, 1);
    notifier = nrig_start(rig, "n1", NULL);
    expect_said(3);
    wanted = 1;
    assert_true(nrig_until(rig, some_dead, NULL, SOON_MS));
    expect_idle();
    expect_in_order("CAAA", 3, 0);
    /* Once with blocks, once without; where that is refused too the message is given up. */
    assert_int_equal(fake_slack_requests(slack()), 2 * 4);
    assert_int_equal(dead_count(), 1);
    assert_string_equal(dead_field(0, "channel"), "CBBB");
    assert_string_equal(dead_field(0, "reason"), "invalid_blocks");
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_RETRIES), 0);
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_SENT), 3);
}

static void retries_end_in_the_dead_list(void **state)
{
    static const char *const settings[] = { "MQ_MAX_RETRIES=1", NULL };

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .channel = "CAAA", .status = 500 });
    fill("CAAA", 0, 1);
    fill("CBBB", 0, 1);
    (void)nrig_start(rig, "n1", settings);
    wanted = 1;
    assert_true(nrig_until(rig, some_dead, NULL, SOON_MS));
    assert_string_equal(dead_field(0, "reason"), "HTTP status 500");
    assert_int_equal(fake_slack_requests(slack()), 3);
}

static bool has_reason(struct nrig_notifier *notifier, const char *want)
{
    cJSON *reasons = cJSON_CreateArray();
    const cJSON *reason;
    bool found = false;

    ps_notifier_reasons(nrig_self(notifier), reasons);
    cJSON_ArrayForEach (reason, reasons)
        found = found || strstr(reason->valuestring, want) != NULL;
    cJSON_Delete(reasons);
    return found;
}

static void bad_credentials_burn_no_message(void **state)
{
    struct nrig_notifier *notifier;

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .error = "invalid_auth" });
    fill("CAAA", 0, 4);
    fill("CBBB", 0, 4);
    notifier = nrig_start(rig, "n1", NULL);
    nrig_turn(rig, 2500);
    assert_true(has_reason(notifier, "invalid_auth"));
    assert_in_range(fake_slack_requests(slack()), 1, 2); /* the two that were under way */
    assert_int_equal(dead_count(), 0);
    nrig_signal(notifier, 1);
    nrig_turn(rig, 1000);
    assert_true(nrig_drained(notifier));
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 8);
}

static const char *circuit(struct nrig_notifier *notifier)
{
    return ps_breaker_state_name(
        ps_channel_queues_circuit(ps_notifier_queues(nrig_self(notifier))));
}

static void an_open_breaker_keeps_everything_and_closes_again(void **state)
{
    static const char *const settings[] = { "MQ_CIRCUIT_BREAKER_THRESHOLD=2",
                                            "MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=1", NULL };
    struct nrig_notifier *notifier;
    int requests;

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .status = 503 });
    fill("CAAA", 0, 3);
    fill("CBBB", 0, 3);
    fill("CCCC", 0, 3);
    notifier = nrig_start(rig, "n1", settings);
    nrig_turn(rig, 800);
    assert_string_equal(circuit(notifier), "open");
    requests = fake_slack_requests(slack());
    assert_in_range(requests, 2, 3); /* those that were under way when it opened */
    nrig_turn(rig, 1500);
    assert_in_range(fake_slack_requests(slack()), requests + 1, requests + 2); /* trials */
    fake_slack_repair(slack());
    expect_said(9);
    expect_idle();
    assert_string_equal(circuit(notifier), "closed");
    expect_in_order("CAAA", 3, 0);
    expect_in_order("CBBB", 3, 0);
    expect_in_order("CCCC", 3, 0);
    assert_int_equal(dead_count(), 0);
}

static void what_a_killed_notifier_held_is_said_by_another(void **state)
{
    struct nrig_notifier *first;
    int doubled = 0;
    char text[64];

    (void)state;
    fill("CAAA", 0, 20);
    fill("CBBB", 0, 20);
    first = nrig_start(rig, "n1", NULL);
    expect_said(13);
    nrig_kill(first); /* while requests are under way */
    assert_true(nrig_number(rig, "LLEN paperscout:notify:inflight:n1") > 0);
    nrig_turn(rig, 300); /* what it had asked PostgreSQL is done */
    /* What it had claimed is respected as long as a request of it can be under way. */
    (void)nrig_sql(rig, "UPDATE outbox SET claimed_at = now() - interval '31 seconds'"
                        " WHERE claimed_by IS NOT NULL");
    (void)nrig_start(rig, "n2", NULL);
    expect_said(40);
    expect_idle();
    for (int i = 0; i < 40; i++) {
        int times;

        (void)snprintf(text, sizeof(text), "C%s-%d", i < 20 ? "AAA" : "BBB", i % 20);
        times = fake_slack_times(slack(), text);
        assert_true(times >= 1); /* nothing is lost */
        doubled += times - 1;
    }
    assert_in_range(doubled, 0, 2); /* a request under way in each channel when it died */
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE sent_at IS NULL"), "0");
}

static void a_name_used_again_brings_back_what_it_held(void **state)
{
    (void)state;
    fill("CAAA", 0, 5);
    (void)nrig_redis(rig, "LMOVE paperscout:notify paperscout:notify:inflight:n1 LEFT RIGHT");
    (void)nrig_redis(rig, "LMOVE paperscout:notify paperscout:notify:inflight:n1 LEFT RIGHT");
    (void)nrig_redis(rig, "SADD paperscout:notify:holders n1");
    (void)nrig_start(rig, "n1", NULL);
    expect_said(5);
    expect_idle();
    expect_in_order("CAAA", 5, 0);
}

static void a_living_notifiers_messages_are_left_alone(void **state)
{
    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .channel = "CAAA", .delay_ms = 2500 });
    fill("CAAA", 0, 2);
    (void)nrig_start(rig, "n1", NULL);
    nrig_turn(rig, 800);
    (void)nrig_start(rig, "n2", NULL);
    expect_said(2);
    expect_idle();
    nrig_turn(rig, 500);
    expect_in_order("CAAA", 2, 0);
}

static void a_message_twice_in_the_list_is_said_once(void **state)
{
    const char *message;
    char copy[1024];

    (void)state;
    fill("CAAA", 0, 1);
    message = nrig_redis(rig, "LINDEX paperscout:notify 0")->str;
    (void)snprintf(copy, sizeof(copy), "%s", message);
    (void)nrig_redis(rig, "RPUSH paperscout:notify %s %s", copy, copy);
    fill("CAAA", 1, 1);
    (void)nrig_start(rig, "n1", NULL);
    expect_said(2);
    expect_idle();
    (void)nrig_redis(rig, "RPUSH paperscout:notify %s", copy); /* and again, much later */
    expect_idle();
    nrig_turn(rig, 300);
    expect_in_order("CAAA", 2, 0);
}

/* A notifier was taken for dead between Slack's answer and its acknowledgement: others brought the
 * message back, and it gets it again. It may not be sent as if nobody had (tests/model/outbox.pml,
 * TAKE_MARK). */
static void a_message_that_comes_back_to_its_sender_is_doubtful(void **state)
{
    struct nrig_notifier *notifier;

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .channel = "CAAA", .delay_ms = 700 });
    nrig_manual(rig, "m1", "CAAA", "once");
    notifier = nrig_start(rig, "n1", NULL);
    nrig_turn(rig, 400); /* it is being sent */
    (void)nrig_redis(rig, "LMOVE paperscout:notify:inflight:n1 away RIGHT LEFT");
    expect_said(1);
    nrig_turn(rig, 300);
    assert_int_equal((int)nrig_metric(notifier, PS_METRIC_NOTIFY_REPEATED), 0);
    (void)nrig_redis(rig, "LMOVE away paperscout:notify RIGHT LEFT");
    nrig_turn(rig, 300);
    expect_idle();
    assert_true(nrig_metric(notifier, PS_METRIC_NOTIFY_REPEATED) +
                    nrig_metric(notifier, PS_METRIC_NOTIFY_FOUND) >
                0);
}

static void what_another_notifier_is_sending_is_not_sent(void **state)
{
    (void)state;
    fill("CAAA", 0, 2);
    fill("CBBB", 0, 2);
    (void)nrig_redis(rig, "SET paperscout:instance:notifier:other alive");
    (void)nrig_sql(rig, "UPDATE outbox SET claimed_by = 'other', claimed_at = now() - "
                        "interval '100 seconds' WHERE id = 1");
    (void)nrig_sql(rig, "UPDATE outbox SET claimed_by = 'gone', claimed_at = now() WHERE id = 3");
    (void)nrig_start(rig, "n1", NULL);
    nrig_turn(rig, 1000);
    assert_int_equal(fake_slack_count(slack(), NULL), 0); /* nor the message after it */
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:inflight:n1"), 4);
}

static void what_a_dead_notifier_claimed_is_inherited_in_its_order(void **state)
{
    (void)state;
    fill("CAAA", 0, 3);
    (void)nrig_sql(rig, "UPDATE outbox SET claimed_by = 'gone', claimed_at = now() - "
                        "interval '31 seconds' WHERE id = 1");
    (void)nrig_start(rig, "n1", NULL);
    expect_said(3);
    expect_idle();
    expect_in_order("CAAA", 3, 0);
    assert_string_equal(nrig_sql(rig, "SELECT claimed_by FROM outbox WHERE id = 1"), "n1");
}

static void entries_that_are_no_message_block_nobody(void **state)
{
    static const char *const entries[] = {
        "not JSON at all",
        "{\"id\":\"m1\"}",
        "[]",
        "{\"id\":\"o1\",\"kind\":\"draft\",\"channel\":\"\",\"text\":\"no channel\"}",
        "{\"id\":\"o99\",\"kind\":\"draft\",\"channel\":\"CAAA\",\"text\":\"never decided\"}",
    };

    (void)state;
    (void)nrig_sql(rig, "INSERT INTO outbox (dedupe_key, kind, channel, data, message_id)"
                        " VALUES ('x', 'draft', '', '{}', 'o1')");
    for (size_t i = 0; i < PS_COUNT_OF(entries); i++)
        (void)nrig_redis(rig, "RPUSH paperscout:notify %s", entries[i]);
    (void)nrig_redis(rig, "RPUSH paperscout:notify %b", "\xFF\x00\x01", (size_t)3);
    nrig_manual(rig, "m2", "CAAA", "behind them");
    (void)nrig_start(rig, "n1", NULL);
    expect_said(1);
    wanted = 6;
    assert_true(nrig_until(rig, some_dead, NULL, SOON_MS));
    expect_idle();
    nrig_turn(rig, 300);
    assert_string_equal(fake_slack_text(slack(), "CAAA", 0, NULL), "behind them");
    assert_string_equal(dead_field(0, "raw"), entries[0]);
    for (int i = 0; i < 6; i++)
        assert_string_not_equal(dead_field(i, "reason"), "");
    assert_string_equal(nrig_sql(rig, "SELECT dead_reason IS NOT NULL FROM outbox"), "t");
}

/* What bears the id of a message of the outbox and is not it: it neither goes out in its name nor
 * ends it. */
static void an_id_alone_is_no_message_of_the_outbox(void **state)
{
    static const char *const others[] = {
        "{\"id\":\"o1\",\"kind\":\"manual\",\"channel\":\"CBBB\",\"text\":\"another channel\"}",
        ("{\"id\":\"o1\",\"kind\":\"manual\",\"channel\":\"CAAA\",\"text\":\"another time\","
         "\"created_at\":\"2020-01-01T00:00:00Z\"}"),
        "{\"id\":\"o1\",\"kind\":\"manual\",\"channel\":\"CBBB\"}",
        "{\"id\":\"o1\"}",
    };

    (void)state;
    assert_int_equal(nrig_outbox(rig, "CAAA", "the message"), 1);
    for (size_t i = 0; i < PS_COUNT_OF(others); i++)
        (void)nrig_redis(rig, "LPUSH paperscout:notify %s", others[i]);
    (void)nrig_start(rig, "n1", NULL);
    expect_said(1);
    wanted = (int)PS_COUNT_OF(others);
    assert_true(nrig_until(rig, some_dead, NULL, SOON_MS));
    expect_idle();
    assert_string_equal(fake_slack_text(slack(), "CAAA", 0, NULL), "the message");
    assert_string_equal(nrig_sql(rig, "SELECT sent_at IS NOT NULL AND dead_at IS NULL FROM outbox"),
                        "t");
}

static bool is_drained(void *cookie)
{
    return nrig_drained(cookie);
}

static void a_clean_stop_finishes_what_is_under_way_and_puts_the_rest_back(void **state)
{
    struct nrig_notifier *notifier;
    char text[64];
    int said[2];

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .delay_ms = 300 });
    fill("CAAA", 0, 10);
    fill("CBBB", 0, 10);
    notifier = nrig_start(rig, "n1", NULL);
    expect_said(2);
    nrig_turn(rig, 100); /* the next two are under way */
    nrig_signal(notifier, 1);
    fill("CCCC", 0, 1); /* not taken any more */
    assert_true(nrig_until(rig, is_drained, notifier, 3000));
    nrig_turn(rig, 200); /* the heartbeat's end */
    said[0] = fake_slack_count(slack(), "CAAA");
    said[1] = fake_slack_count(slack(), "CBBB");
    assert_in_range(said[0] + said[1], 3, 6);
    assert_int_equal(
        strtol(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"), NULL, 10),
        said[0] + said[1]);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:inflight:n1"), 0);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 21 - said[0] - said[1]);
    for (int i = 0; said[0] + said[1] < 20; i++) { /* in the order each channel had */
        const char *message = nrig_redis(rig, "LINDEX paperscout:notify %d", i)->str;
        int channel = strstr(message, "\"channel\":\"CAAA\"") != NULL ? 0 : 1;

        (void)snprintf(text, sizeof(text), "\"text\":\"%s-%d\"", channel == 0 ? "CAAA" : "CBBB",
                       said[channel]++);
        assert_non_null(strstr(message, text));
    }
    assert_string_equal(
        nrig_sql(rig,
                 "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND claimed_by IS NOT NULL"),
        "0");
    assert_int_equal(nrig_number(rig, "EXISTS paperscout:instance:notifier:n1"), 0);
}

static void a_second_signal_waits_for_no_answer(void **state)
{
    struct nrig_notifier *notifier;

    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .delay_ms = 8000 });
    fill("CAAA", 0, 5);
    notifier = nrig_start(rig, "n1", NULL);
    nrig_turn(rig, 800);
    nrig_signal(notifier, 1);
    nrig_turn(rig, 300);
    assert_false(nrig_drained(notifier));
    nrig_signal(notifier, 2);
    assert_true(nrig_until(rig, is_drained, notifier, 1000));
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 4);
    /* What has left may have been said: it is looked for again when its claim is old. */
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:inflight:n1"), 1);
}

static void without_postgresql_only_what_the_outbox_knows_waits(void **state)
{
    static const char *const settings[] = {
        "DATABASE_URL=postgresql://nobody:none@127.0.0.1:1/none", NULL
    };
    struct nrig_notifier *notifier;

    (void)state;
    fill("CAAA", 0, 2);
    nrig_manual(rig, "ops-1", "CAAA", "PostgreSQL is away");
    notifier = nrig_start(rig, "n1", settings);
    expect_said(1);
    assert_string_equal(fake_slack_text(slack(), "CAAA", 0, NULL), "PostgreSQL is away");
    nrig_turn(rig, 500);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:inflight:n1"), 2);
    nrig_signal(notifier, 1);
    assert_true(nrig_until(rig, is_drained, notifier, 3000));
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify"), 2);
}

static void a_mark_that_fails_is_made_again_and_nothing_said_twice(void **state)
{
    (void)state;
    (void)nrig_sql(rig, "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        " $$ BEGIN IF NEW.sent_at IS NOT NULL THEN RAISE 'not now'; END IF;"
                        " RETURN NEW; END $$");
    (void)nrig_sql(rig, "CREATE TRIGGER refuse BEFORE UPDATE ON outbox FOR EACH ROW"
                        " EXECUTE FUNCTION refuse()");
    fill("CAAA", 0, 2);
    (void)nrig_start(rig, "n1", NULL);
    expect_said(2);
    nrig_turn(rig, 1000);
    assert_int_equal(nrig_number(rig, "LLEN paperscout:notify:inflight:n1"), 2);
    (void)nrig_sql(rig, "DROP TRIGGER refuse ON outbox");
    expect_idle();
    expect_in_order("CAAA", 2, 0);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"),
                        "2");
}

static void a_copy_that_comes_while_its_message_is_closed_is_settled_too(void **state)
{
    const char *copy;
    char text[1024];

    (void)state;
    (void)nrig_sql(rig, "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                        " $$ BEGIN IF NEW.sent_at IS NOT NULL THEN RAISE 'not now'; END IF;"
                        " RETURN NEW; END $$");
    (void)nrig_sql(rig, "CREATE TRIGGER refuse BEFORE UPDATE ON outbox FOR EACH ROW"
                        " EXECUTE FUNCTION refuse()");
    fill("CAAA", 0, 1);
    copy = nrig_redis(rig, "LINDEX paperscout:notify 0")->str;
    (void)snprintf(text, sizeof(text), "%s", copy);
    (void)nrig_start(rig, "n1", NULL);
    expect_said(1);
    for (int i = 2; i <= 3; i++) {
        (void)nrig_redis(rig, "RPUSH paperscout:notify %s", text);
        wanted = i;
        assert_true(nrig_until(rig, are_held, NULL, SOON_MS));
    }
    (void)nrig_sql(rig, "DROP TRIGGER refuse ON outbox");
    expect_idle();
    expect_in_order("CAAA", 1, 0);
}

static void a_lost_connection_to_redis_loses_nothing(void **state)
{
    (void)state;
    fill("CAAA", 0, 30);
    fill("CBBB", 0, 30);
    (void)nrig_start(rig, "n1", NULL);
    for (int i = 1; i <= 5; i++) {
        expect_said(i * 8);
        (void)nrig_redis(rig, "CLIENT KILL TYPE normal SKIPME yes");
    }
    expect_said(60);
    expect_idle();
    expect_in_order("CAAA", 30, 0);
    expect_in_order("CBBB", 30, 0);
}

static void a_flushed_redis_loses_nothing_that_is_held(void **state)
{
    (void)state;
    fake_slack_rule(slack(), (struct slack_rule){ .delay_ms = 100 });
    fill("CAAA", 0, 6);
    (void)nrig_start(rig, "n1", NULL);
    expect_said(1);
    (void)nrig_redis(rig, "FLUSHALL");
    expect_said(6);
    nrig_turn(rig, 500); /* no list shows when the last mark is made */
    expect_in_order("CAAA", 6, 0);
    assert_string_equal(nrig_sql(rig, "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"),
                        "6");
}

static cJSON *field_of(struct nrig_notifier *notifier, const char *name)
{
    struct ps_err err;
    cJSON *value = NULL;

    for (size_t i = 0; i < PS_NOTIFIER_FIELDS; i++)
        if (strcmp(ps_notifier_fields[i].name, name) == 0)
            assert_true(ps_notifier_fields[i].read(nrig_self(notifier), &value, &err));
    assert_non_null(value);
    return value;
}

static double number_of(struct nrig_notifier *notifier, const char *name)
{
    cJSON *value = field_of(notifier, name);
    double number = cJSON_IsBool(value) ? cJSON_IsTrue(value) : value->valuedouble;

    cJSON_Delete(value);
    return number;
}

static void a_long_queue_shows_in_health_until_it_has_drained(void **state)
{
    static const char *const settings[] = { "MQ_BACKPRESSURE_THRESHOLD=20", "MQ_MAX_SIZE=200",
                                            NULL };
    struct nrig_notifier *notifier;

    (void)state;
    fake_slack_rule(
        slack(),
        (struct slack_rule){ .channel = "CAAA", .times = 1, .status = 429, .retry_after = "2" });
    fill("CAAA", 0, 120);
    notifier = nrig_start(rig, "n1", settings);
    nrig_turn(rig, 1000);
    assert_int_equal((int)number_of(notifier, "mq_depth"), 120); /* eight of them are held */
    assert_int_equal((int)number_of(notifier, "mq_max_size"), 200);
    assert_true(number_of(notifier, "mq_utilization") > 0.59 &&
                number_of(notifier, "mq_utilization") < 0.61);
    assert_int_equal((int)number_of(notifier, "mq_backpressure"), 1);
    assert_false(ps_notifier_stuck(nrig_self(notifier)));
    expect_said(120);
    expect_idle();
    nrig_turn(rig, 1200);
    assert_int_equal((int)number_of(notifier, "mq_backpressure"), 0);
    assert_int_equal((int)number_of(notifier, "mq_depth"), 0);
    assert_int_equal((int)number_of(notifier, "sent_total"), 120);
    assert_int_equal((int)number_of(notifier, "rate_limited_total"), 1);
    assert_int_equal((int)number_of(notifier, "dead_total"), 0);
}

static bool nothing_is_being_sent(void *cookie)
{
    (void)cookie;
    return nrig_number(rig, "EVAL %s 1 paperscout:channel:CAAA",
                       "local count = 0 for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do "
                       "if string.sub(name, 1, 8) == 'sending:' then count = count + 1 end end "
                       "return count") == 0;
}

static void a_message_of_its_own_is_not_being_sent_for_ever(void **state)
{
    static const char *const settings[] = { "NOTIFY_ON_STARTUP=true", "NOTIFICATION_CHANNEL=CAAA",
                                            NULL };

    (void)state;
    (void)nrig_start(rig, "n1", settings);
    expect_said(1);
    assert_int_equal(nrig_number(rig, "EXISTS paperscout:channel:CAAA"), 1);
    assert_true(nrig_until(rig, nothing_is_being_sent, NULL, SOON_MS));
}

static void two_notifiers_share_the_work(void **state)
{
    /* A take brings 64 messages, and their channels stay with the notifier. With 200 messages in 40
     * channels one notifier needs four takes for all of them, so the other one takes in between.
     * With ten channels two takes were enough, and on a busy machine one notifier did both. */
    static const char *const settings[] = { "SLACK_CHANNEL_INTERVAL_MS=100", NULL };
    char text[64];

    (void)state;
    (void)nrig_start(rig, "n1", settings);
    (void)nrig_start(rig, "n2", settings);
    nrig_turn(rig, 1500);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof(text), "C%d", i);
        fill(text, 0, 5);
    }
    expect_said(200);
    expect_idle();
    nrig_turn(rig, 200);
    assert_int_equal(fake_slack_count(slack(), NULL), 200); /* none twice */
    assert_string_equal(nrig_sql(rig, "SELECT count(DISTINCT claimed_by) FROM outbox"), "2");
}

#define A_TEST(name) cmocka_unit_test_setup(name, reset_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_TEST(each_message_is_said_once_in_order_at_the_channels_pace),
        A_TEST(what_comes_later_is_seen_within_a_moment),
        A_TEST(retry_after_holds_its_channel_alone),
        A_TEST(a_held_channel_leaves_the_list_to_the_others),
        A_TEST(a_failing_answer_is_tried_again),
        A_TEST(a_message_slack_refuses_is_dead_with_the_reason),
        A_TEST(a_message_whose_blocks_slack_refuses_is_sent_as_text),
        A_TEST(retries_end_in_the_dead_list),
        A_TEST(bad_credentials_burn_no_message),
        A_TEST(an_open_breaker_keeps_everything_and_closes_again),
        A_TEST(what_a_killed_notifier_held_is_said_by_another),
        A_TEST(a_name_used_again_brings_back_what_it_held),
        A_TEST(a_living_notifiers_messages_are_left_alone),
        A_TEST(a_message_twice_in_the_list_is_said_once),
        A_TEST(a_message_that_comes_back_to_its_sender_is_doubtful),
        A_TEST(what_another_notifier_is_sending_is_not_sent),
        A_TEST(what_a_dead_notifier_claimed_is_inherited_in_its_order),
        A_TEST(entries_that_are_no_message_block_nobody),
        A_TEST(an_id_alone_is_no_message_of_the_outbox),
        A_TEST(a_clean_stop_finishes_what_is_under_way_and_puts_the_rest_back),
        A_TEST(a_second_signal_waits_for_no_answer),
        A_TEST(without_postgresql_only_what_the_outbox_knows_waits),
        A_TEST(a_mark_that_fails_is_made_again_and_nothing_said_twice),
        A_TEST(a_copy_that_comes_while_its_message_is_closed_is_settled_too),
        A_TEST(a_lost_connection_to_redis_loses_nothing),
        A_TEST(a_flushed_redis_loses_nothing_that_is_held),
        A_TEST(a_long_queue_shows_in_health_until_it_has_drained),
        A_TEST(a_message_of_its_own_is_not_being_sent_for_ever),
        A_TEST(two_notifiers_share_the_work),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
