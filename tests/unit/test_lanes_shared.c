/* Lanes beside those of other notifiers: admissions, and messages that may have been sent. */
#include "notifier/core/lanes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ps_lanes *make(void)
{
    struct ps_lanes *lanes =
        ps_lanes_create(&(struct ps_lanes_options){ .interval_ms = 0,
                                                    .max_retries = 3,
                                                    .retry_base_ms = 1000,
                                                    .breaker_threshold = 5,
                                                    .breaker_cooldown_ms = 60000,
                                                    .access_cooldown_ms = 60000,
                                                    .can_look = true });

    ps_lanes_share(lanes, true);
    return lanes;
}

static void add(struct ps_lanes *lanes, const char *id, const char *kind, const char *channel)
{
    char raw[256];
    struct ps_err err;
    struct ps_message *message;

    (void)snprintf(raw, sizeof(raw),
                   "{\"id\":\"%s\",\"kind\":\"%s\",\"channel\":\"%s\",\"text\":\"x\"}", id, kind,
                   channel);
    message = ps_message_parse(raw, strlen(raw), &err);
    assert_non_null(message);
    ps_lanes_add(lanes, message);
}

static struct ps_message *expect(struct ps_lanes *lanes, int64_t now_ms, enum ps_lanes_move move,
                                 const char *id)
{
    struct ps_message *message = NULL;

    assert_int_equal(ps_lanes_next(lanes, now_ms, true, &message), move);
    assert_string_equal(message->notice.id, id);
    return message;
}

static void expect_nothing(struct ps_lanes *lanes, int64_t now_ms)
{
    struct ps_message *message = NULL;

    assert_int_equal(ps_lanes_next(lanes, now_ms, true, &message), PS_LANES_NOTHING);
}

static void admit(struct ps_lanes *lanes, struct ps_message *message, int64_t wait_ms,
                  bool doubtful, int64_t now_ms)
{
    ps_lanes_admitted(lanes, message,
                      &(struct ps_admission){ .wait_ms = wait_ms, .doubtful = doubtful }, now_ms);
}

static struct ps_lanes_outcome look(struct ps_lanes *lanes, struct ps_message *message,
                                    enum ps_slack_seen seen, enum ps_failure category,
                                    int64_t now_ms)
{
    struct ps_slack_look told = { .seen = seen, .ts = "1.2", .after_ms = 7000 };
    struct ps_lanes_outcome outcome;

    (void)ps_fail(&told.err, category, 0, "the look of the test");
    ps_lanes_looked(lanes, message, &told, (struct ps_lanes_time){ now_ms, 0.5 }, &outcome);
    return outcome;
}

static struct ps_lanes_outcome lose(struct ps_lanes *lanes, struct ps_message *message,
                                    int64_t now_ms)
{
    struct ps_slack_reply reply = { .next = PS_SLACK_RETRY, .doubtful = true };
    struct ps_lanes_outcome outcome;

    (void)ps_fail(&reply.err, PS_FAILURE_TIMEOUT, 0, "no answer");
    ps_lanes_answered(lanes, message, &reply, (struct ps_lanes_time){ now_ms, 0.5 }, &outcome);
    return outcome;
}

static void finish(struct ps_lanes *lanes, struct ps_message *message)
{
    struct ps_slack_reply reply = { .next = PS_SLACK_SENT, .ts = "1.1", .channel = "C9" };
    struct ps_lanes_outcome outcome;

    ps_lanes_answered(lanes, message, &reply, (struct ps_lanes_time){ 0, 0.5 }, &outcome);
    assert_int_equal(outcome.close, PS_CLOSE_SENT);
    assert_string_equal(message->slack_channel, "C9");
    ps_lanes_forget(lanes, message);
}

static void nothing_leaves_before_it_is_admitted(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;

    (void)state;
    add(lanes, "o1", "draft", "A");
    add(lanes, "m2", "draft", "A");
    message = expect(lanes, 0, PS_LANES_CLAIM, "o1");
    ps_lanes_claimed(lanes, message, PS_CLAIM_MINE, 0, &(struct ps_lanes_outcome){ 0 });
    message = expect(lanes, 0, PS_LANES_ADMIT, "o1");
    expect_nothing(lanes, 0); /* one of a channel is under way */
    admit(lanes, message, 800, false, 0);
    assert_int_equal(ps_lanes_on_hold(lanes, 0), 0); /* only what Slack asks for is a hold */
    expect_nothing(lanes, 799);
    assert_int_equal(ps_lanes_wake_ms(lanes, 0, true), 800);
    admit(lanes, expect(lanes, 800, PS_LANES_ADMIT, "o1"), 0, false, 800);
    message = expect(lanes, 800, PS_LANES_SEND, "o1");
    assert_false(message->repeated);
    finish(lanes, message);
    (void)expect(lanes, 900, PS_LANES_ADMIT, "m2"); /* each send has an admission of its own */
    ps_lanes_destroy(lanes);
}

static void without_an_answer_our_own_pace_counts(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;

    (void)state;
    add(lanes, "m1", "draft", "A");
    message = expect(lanes, 0, PS_LANES_ADMIT, "m1");
    ps_lanes_admitted(lanes, message, &(struct ps_admission){ .unknown = true }, 0);
    (void)expect(lanes, 0, PS_LANES_SEND, "m1");
    add(lanes, "m2", "draft", "B");
    ps_lanes_share(lanes, false);
    (void)expect(lanes, 0, PS_LANES_SEND, "m2");
    ps_lanes_destroy(lanes);
}

static void an_admission_that_was_not_used_grows_old(void **state)
{
    struct ps_lanes *lanes = make();

    (void)state;
    add(lanes, "m1", "draft", "A");
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m1"), 0, false, 0);
    (void)expect(lanes, PS_LANES_ADMIT_MS, PS_LANES_ADMIT, "m1");
    ps_lanes_destroy(lanes);
}

static void a_lost_answer_is_looked_for_before_anything_is_sent_again(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;
    struct ps_lanes_outcome outcome;
    int64_t now_ms;

    (void)state;
    add(lanes, "m1", "draft", "A");
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m1"), 0, false, 0);
    now_ms = lose(lanes, expect(lanes, 0, PS_LANES_SEND, "m1"), 0).wait_ms;
    admit(lanes, expect(lanes, now_ms, PS_LANES_ADMIT, "m1"), 0, false, now_ms);
    message = expect(lanes, now_ms, PS_LANES_LOOK, "m1");
    expect_nothing(lanes, now_ms);
    outcome = look(lanes, message, PS_SLACK_FOUND, PS_FAILURE_UNKNOWN, now_ms);
    assert_int_equal(outcome.close, PS_CLOSE_SENT);
    assert_string_equal(message->slack_ts, "1.2");
    assert_int_equal(message->attempts, 1);
    ps_lanes_destroy(lanes);
}

static void what_a_look_says(void **state)
{
    static const struct {
        enum ps_slack_seen seen;
        bool repeated;
    } rows[] = {
        {PS_SLACK_ABSENT,   false},
        { PS_SLACK_UNKNOWN, true }
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_lanes *lanes = make();
        struct ps_message *message;

        add(lanes, "m1", "draft", "A");
        admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m1"), 0, true, 0); /* another was at it */
        message = expect(lanes, 0, PS_LANES_LOOK, "m1");
        (void)look(lanes, message, rows[i].seen, PS_FAILURE_UNKNOWN, 0);
        message = expect(lanes, 0, PS_LANES_SEND, "m1");
        assert_int_equal(message->repeated, rows[i].repeated);
        ps_lanes_destroy(lanes);
    }
}

static void a_look_without_an_answer_is_made_again_but_not_for_ever(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;
    int64_t now_ms = 0;

    (void)state;
    add(lanes, "m1", "draft", "A");
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m1"), 0, true, 0);
    for (int i = 0; i < PS_LANES_LOOKS_MAX; i++) {
        message = expect(lanes, now_ms, PS_LANES_LOOK, "m1");
        now_ms += look(lanes, message, PS_SLACK_FAILED, PS_FAILURE_TIMEOUT, now_ms).wait_ms;
        if (now_ms - message->admitted_ms >= PS_LANES_ADMIT_MS)
            admit(lanes, expect(lanes, now_ms, PS_LANES_ADMIT, "m1"), 0, true, now_ms);
    }
    message = expect(lanes, now_ms, PS_LANES_SEND, "m1");
    assert_true(message->repeated);
    ps_lanes_destroy(lanes);
}

static void a_look_that_slack_slows_down_waits_and_costs_nothing(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;

    (void)state;
    add(lanes, "m1", "draft", "A");
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m1"), 0, true, 0);
    for (int i = 0; i < 10; i++) {
        message = expect(lanes, i * 7000, PS_LANES_LOOK, "m1");
        (void)look(lanes, message, PS_SLACK_FAILED, PS_FAILURE_RATE_LIMIT, i * 7000);
        expect_nothing(lanes, i * 7000 + 6999);
        admit(lanes, expect(lanes, (i + 1) * 7000, PS_LANES_ADMIT, "m1"), 0, false, (i + 1) * 7000);
    }
    assert_int_equal(message->charged, 0);
    (void)look(lanes, expect(lanes, 70000, PS_LANES_LOOK, "m1"), PS_SLACK_FOUND, PS_FAILURE_UNKNOWN,
               70000);
    ps_lanes_destroy(lanes);
}

static void a_look_without_access_stops_sending_and_the_doubt_stays(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;
    struct ps_lanes_outcome outcome;
    int64_t now_ms = 0;

    (void)state;
    add(lanes, "m1", "draft", "A");
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m1"), 0, true, 0);
    for (int i = 0; i < 2 * PS_LANES_LOOKS_MAX; i++) { /* as often as it takes */
        message = expect(lanes, now_ms, PS_LANES_LOOK, "m1");
        outcome = look(lanes, message, PS_SLACK_FAILED, PS_FAILURE_CONFIGURATION, now_ms);
        assert_int_equal(outcome.close, PS_CLOSE_NOT);
        assert_int_equal(outcome.access_lost, i == 0);
        assert_non_null(ps_lanes_fault(lanes));
        expect_nothing(lanes, now_ms + 59999);
        now_ms += 60000;
        admit(lanes, expect(lanes, now_ms, PS_LANES_ADMIT, "m1"), 0, false, now_ms);
    }
    assert_int_equal(message->charged, 0);
    message = expect(lanes, now_ms, PS_LANES_LOOK, "m1");
    outcome = look(lanes, message, PS_SLACK_FOUND, PS_FAILURE_UNKNOWN, now_ms);
    assert_true(outcome.access_back);
    assert_int_equal(outcome.close, PS_CLOSE_SENT);
    assert_null(ps_lanes_fault(lanes));
    ps_lanes_forget(lanes, message);
    ps_lanes_destroy(lanes);
}

/* Else all that waits would be sent at once, each cooldown, to be refused. */
static void a_look_that_reads_says_nothing_of_the_right_to_write(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_slack_reply refused = { .next = PS_SLACK_STOP };
    struct ps_message *a, *b, *message = NULL;
    struct ps_lanes_outcome outcome;

    (void)state;
    add(lanes, "m1", "draft", "A");
    add(lanes, "m2", "draft", "B");
    b = expect(lanes, 0, PS_LANES_ADMIT, "m2");
    a = expect(lanes, 0, PS_LANES_ADMIT, "m1");
    admit(lanes, a, 0, true, 0);
    admit(lanes, b, 0, false, 0);
    b = expect(lanes, 0, PS_LANES_SEND, "m2");
    ps_lanes_answered(lanes, b, &refused, (struct ps_lanes_time){ 0, 0.5 }, &outcome);
    assert_true(outcome.access_lost);
    a = expect(lanes, 60000, PS_LANES_ADMIT, "m1");
    b = expect(lanes, 60000, PS_LANES_ADMIT, "m2");
    admit(lanes, a, 0, true, 60000);
    admit(lanes, b, 0, false, 60000);
    a = expect(lanes, 60000, PS_LANES_LOOK, "m1");
    expect_nothing(lanes, 60000);
    assert_false(look(lanes, a, PS_SLACK_ABSENT, PS_FAILURE_UNKNOWN, 60000).access_back);
    assert_int_equal(ps_lanes_next(lanes, 60000, true, &message), PS_LANES_SEND);
    expect_nothing(lanes, 60000);
    ps_lanes_answered(lanes, message, &refused, (struct ps_lanes_time){ 60000, 0.5 }, &outcome);
    assert_false(outcome.access_lost); /* told before */
    expect_nothing(lanes, 119999);
    ps_lanes_destroy(lanes);
}

static void looks_tell_the_breaker_as_sends_do(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_lanes_outcome outcome;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char id[] = "m0", channel[] = "A0";

        id[1] = channel[1] = (char)('0' + i);
        add(lanes, id, "draft", channel);
        admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, id), 0, true, 0);
        outcome = look(lanes, expect(lanes, 0, PS_LANES_LOOK, id), PS_SLACK_FAILED,
                       PS_FAILURE_NETWORK, 0);
        assert_int_equal(outcome.circuit_opened, i == 4);
    }
    expect_nothing(lanes, 59999);
    ps_lanes_destroy(lanes);
}

static void who_claimed_it_before_says_whether_to_look(void **state)
{
    static const struct {
        enum ps_claim claim;
        bool again; /* this notifier had claimed it in this life */
        enum ps_lanes_move move;
    } rows[] = {
        {PS_CLAIM_MINE,       false, PS_LANES_SEND},
        { PS_CLAIM_KEPT,      false, PS_LANES_LOOK}, /* an earlier life of ours had it */
        { PS_CLAIM_INHERITED, false, PS_LANES_LOOK},
        { PS_CLAIM_KEPT,      true,  PS_LANES_SEND},
        { PS_CLAIM_INHERITED, true,  PS_LANES_LOOK},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_lanes *lanes = make();
        int64_t now_ms = 0;

        ps_lanes_share(lanes, false);
        add(lanes, "o1", "draft", "A");
        if (rows[i].again) {
            ps_lanes_claimed(lanes, expect(lanes, 0, PS_LANES_CLAIM, "o1"), PS_CLAIM_MINE, 0,
                             &(struct ps_lanes_outcome){ 0 });
            now_ms = PS_LANES_CLAIM_MS;
        }
        ps_lanes_claimed(lanes, expect(lanes, now_ms, PS_LANES_CLAIM, "o1"), rows[i].claim, now_ms,
                         &(struct ps_lanes_outcome){ 0 });
        (void)expect(lanes, now_ms, rows[i].move, "o1");
        ps_lanes_destroy(lanes);
    }
}

static void of_what_may_go_alerts_go_first_then_what_is_for_a_person(void **state)
{
    struct ps_lanes *lanes = make();

    (void)state;
    ps_lanes_share(lanes, false);
    add(lanes, "m1", "draft", "#papers");
    add(lanes, "m2", "reply", "U123");
    add(lanes, "m3", "draft", "C456");
    add(lanes, "m4", "ops_alert", "#ops");
    add(lanes, "m5", "watchlist", "D789");
    (void)expect(lanes, 0, PS_LANES_SEND, "m4");
    (void)expect(lanes, 0, PS_LANES_SEND, "m5");
    (void)expect(lanes, 0, PS_LANES_SEND, "m2");
    (void)expect(lanes, 0, PS_LANES_SEND, "m3");
    (void)expect(lanes, 0, PS_LANES_SEND, "m1");
    ps_lanes_destroy(lanes);
}

static void claim(struct ps_lanes *lanes, struct ps_message *message, enum ps_claim claim,
                  int64_t now_ms)
{
    struct ps_lanes_outcome outcome;

    ps_lanes_claimed(lanes, message, claim, now_ms, &outcome);
}

static bool elsewhere(struct ps_lanes *lanes, struct ps_message *message, int64_t now_ms)
{
    return ps_lanes_admitted(lanes, message,
                             &(struct ps_admission){ .wait_ms = 1000, .elsewhere = true }, now_ms);
}

/* A lost its channel to B after it had claimed o1. Row and channel as the outbox and Redis keep
   them: without a release B would never get o1, and A never the channel. */
static void a_claim_is_not_kept_without_the_channel(void **state)
{
    struct ps_lanes *a = make(), *b = make();
    struct ps_message *message;
    int64_t now_ms = 0;

    (void)state;
    add(a, "o1", "draft", "C");
    claim(a, expect(a, 0, PS_LANES_CLAIM, "o1"), PS_CLAIM_MINE, 0);
    add(b, "o1", "draft", "C");
    claim(b, expect(b, 0, PS_LANES_CLAIM, "o1"), PS_CLAIM_TAKEN, 0);
    assert_true(elsewhere(a, expect(a, 0, PS_LANES_ADMIT, "o1"), 0)); /* released now */
    for (; now_ms < 300000; now_ms += 1000) { /* asks for the channel, and for nothing else */
        if (now_ms > 0)
            assert_false(elsewhere(a, expect(a, now_ms, PS_LANES_ADMIT, "o1"), now_ms));
        expect_nothing(a, now_ms + 999);
    }
    message = expect(b, PS_LANES_ASIDE_MS, PS_LANES_CLAIM, "o1");
    claim(b, message, PS_CLAIM_MINE, PS_LANES_ASIDE_MS);
    admit(b, expect(b, PS_LANES_ASIDE_MS, PS_LANES_ADMIT, "o1"), 0, false, PS_LANES_ASIDE_MS);
    finish(b, expect(b, PS_LANES_ASIDE_MS, PS_LANES_SEND, "o1"));
    message = expect(a, now_ms, PS_LANES_ADMIT, "o1"); /* b is done with the channel */
    admit(a, message, 0, false, now_ms);
    claim(a, expect(a, now_ms, PS_LANES_CLAIM, "o1"), PS_CLAIM_SENT, now_ms);
    ps_lanes_forget(a, message);
    ps_lanes_destroy(a);
    ps_lanes_destroy(b);
}

static void an_old_claim_is_renewed_only_with_the_channel(void **state)
{
    struct ps_lanes *lanes = make();

    (void)state;
    add(lanes, "o1", "draft", "C");
    claim(lanes, expect(lanes, 0, PS_LANES_CLAIM, "o1"), PS_CLAIM_MINE, 0);
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "o1"), 30000, false, 0);
    admit(lanes, expect(lanes, 30000, PS_LANES_ADMIT, "o1"), 0, false, 30000);
    claim(lanes, expect(lanes, 30000, PS_LANES_CLAIM, "o1"), PS_CLAIM_KEPT, 30000);
    (void)expect(lanes, 30000, PS_LANES_SEND, "o1");
    ps_lanes_destroy(lanes);
}

static void what_another_claimed_keeps_its_place(void **state)
{
    struct ps_lanes *lanes = make();
    struct ps_message *message;

    (void)state;
    add(lanes, "o1", "draft", "C");
    add(lanes, "o2", "draft", "C");
    add(lanes, "m3", "reply", "C");
    claim(lanes, expect(lanes, 0, PS_LANES_CLAIM, "o1"), PS_CLAIM_TAKEN, 0);
    admit(lanes, expect(lanes, 0, PS_LANES_ADMIT, "m3"), 0, false,
          0); /* no message of the outbox */
    finish(lanes, expect(lanes, 0, PS_LANES_SEND, "m3"));
    expect_nothing(lanes, PS_LANES_ASIDE_MS - 1);
    message = expect(lanes, PS_LANES_ASIDE_MS, PS_LANES_CLAIM, "o1");
    claim(lanes, message, PS_CLAIM_INHERITED, PS_LANES_ASIDE_MS);
    admit(lanes, expect(lanes, PS_LANES_ASIDE_MS, PS_LANES_ADMIT, "o1"), 0, false,
          PS_LANES_ASIDE_MS);
    message = expect(lanes, PS_LANES_ASIDE_MS, PS_LANES_LOOK, "o1");
    (void)look(lanes, message, PS_SLACK_FOUND, PS_FAILURE_UNKNOWN, PS_LANES_ASIDE_MS);
    ps_lanes_forget(lanes, message);
    (void)expect(lanes, PS_LANES_ASIDE_MS, PS_LANES_CLAIM, "o2");
    ps_lanes_destroy(lanes);
}

/* Ten minutes in which Slack does not answer, at the default settings, then it does; time is the
   test's. doubtful: requests leave and nothing comes back, looks included. */
static void ride_out(bool doubtful)
{
    enum { MESSAGES = 100, CHANNELS = 20, MINUTES = 10 };
    struct ps_lanes *lanes =
        ps_lanes_create(&(struct ps_lanes_options){ .interval_ms = 1000,
                                                    .max_retries = 8,
                                                    .retry_base_ms = 1000,
                                                    .breaker_threshold = 5,
                                                    .breaker_cooldown_ms = 60000,
                                                    .access_cooldown_ms = 60000,
                                                    .can_look = true });
    struct ps_slack_reply no = { .next = PS_SLACK_RETRY, .doubtful = doubtful };
    struct ps_slack_look blind = { .seen = PS_SLACK_FAILED };
    int64_t now_ms = 0, back_ms = (int64_t)MINUTES * 60000;
    int sent = 0, requests = 0;

    (void)ps_fail(&no.err, PS_FAILURE_TIMEOUT, 0, "no answer");
    (void)ps_fail(&blind.err, PS_FAILURE_TIMEOUT, 0, "no answer");
    for (int i = 0; i < MESSAGES; i++) {
        char id[16], channel[16];

        (void)snprintf(id, sizeof(id), "m%d", i);
        (void)snprintf(channel, sizeof(channel), "C%d", i % CHANNELS);
        add(lanes, id, "draft", channel);
    }
    while (sent < MESSAGES) {
        struct ps_message *message;
        struct ps_lanes_outcome outcome = { .close = PS_CLOSE_NOT };
        struct ps_lanes_time time = { now_ms, 0.5 };
        enum ps_lanes_move what = ps_lanes_next(lanes, now_ms, true, &message);

        if (what == PS_LANES_NOTHING) {
            int64_t wake_ms = ps_lanes_wake_ms(lanes, now_ms, true);

            assert_true(wake_ms > now_ms && wake_ms < 3600000); /* it never stands still */
            now_ms = wake_ms;
            continue;
        }
        requests += now_ms < back_ms;
        if (what == PS_LANES_LOOK)
            ps_lanes_looked(lanes, message,
                            now_ms < back_ms ? &blind
                                             : &(struct ps_slack_look){ .seen = PS_SLACK_ABSENT },
                            time, &outcome);
        else
            ps_lanes_answered(lanes, message,
                              now_ms < back_ms ? &no
                                               : &(struct ps_slack_reply){ .next = PS_SLACK_SENT },
                              time, &outcome);
        assert_int_not_equal(outcome.close, PS_CLOSE_DEAD);
        if (outcome.close == PS_CLOSE_SENT) {
            assert_true(now_ms >= back_ms);
            ps_lanes_forget(lanes, message);
            sent++;
        }
    }
    printf("%d messages, %s for %d min: %d requests meanwhile, all said %lld s after it was back\n",
           MESSAGES, doubtful ? "silence" : "no connection", MINUTES, requests,
           (long long)(now_ms - back_ms) / 1000);
    assert_in_range(requests, MINUTES - 1, 5 + MINUTES);
    assert_in_range(now_ms - back_ms, 0, 60000 + 60000 + (MESSAGES / CHANNELS) * 1000);
    assert_int_equal(ps_lanes_held(lanes), 0);
    ps_lanes_destroy(lanes);
}

static void ten_minutes_without_slack_lose_nothing(void **state)
{
    (void)state;
    ride_out(false);
    ride_out(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_before_it_is_admitted),
        cmocka_unit_test(without_an_answer_our_own_pace_counts),
        cmocka_unit_test(an_admission_that_was_not_used_grows_old),
        cmocka_unit_test(a_lost_answer_is_looked_for_before_anything_is_sent_again),
        cmocka_unit_test(what_a_look_says),
        cmocka_unit_test(a_look_without_an_answer_is_made_again_but_not_for_ever),
        cmocka_unit_test(a_look_that_slack_slows_down_waits_and_costs_nothing),
        cmocka_unit_test(a_look_without_access_stops_sending_and_the_doubt_stays),
        cmocka_unit_test(a_look_that_reads_says_nothing_of_the_right_to_write),
        cmocka_unit_test(looks_tell_the_breaker_as_sends_do),
        cmocka_unit_test(who_claimed_it_before_says_whether_to_look),
        cmocka_unit_test(a_claim_is_not_kept_without_the_channel),
        cmocka_unit_test(an_old_claim_is_renewed_only_with_the_channel),
        cmocka_unit_test(what_another_claimed_keeps_its_place),
        cmocka_unit_test(ten_minutes_without_slack_lose_nothing),
        cmocka_unit_test(of_what_may_go_alerts_go_first_then_what_is_for_a_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
