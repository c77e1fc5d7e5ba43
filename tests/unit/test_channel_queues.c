#include "shared/core/alloc.h"
#include "tests/unit/queue_scene.h"

#include <stdlib.h>

static struct ps_channel_queues *make_with(int64_t interval_ms, int breaker_threshold)
{
    return ps_channel_queues_create(
        &(struct ps_channel_queues_options){ .interval_ms = interval_ms,
                                             .max_retries = 3,
                                             .retry_base_ms = 1000,
                                             .breaker_threshold = breaker_threshold,
                                             .breaker_cooldown_ms = 60000,
                                             .access_cooldown_ms = 60000 });
}

static struct ps_channel_queues *make(int64_t interval_ms)
{
    return make_with(interval_ms, 5);
}

static void add(struct ps_channel_queues *queues, const char *id, const char *channel)
{
    add_kind(queues, id, channel, "draft");
}

static struct ps_channel_queues_outcome answer(struct ps_channel_queues *queues,
                                               struct ps_outgoing_message *message,
                                               enum ps_slack_next next, int64_t after_ms,
                                               int64_t now_ms)
{
    struct ps_slack_response reply = { .next = next, .after_ms = after_ms };
    struct ps_channel_queues_outcome outcome;

    if (next != PS_SLACK_SENT)
        (void)ps_fail(&reply.err, PS_FAILURE_NETWORK, 500, "the answer of the test");
    ps_channel_queues_answered(queues, message, &reply,
                               (struct ps_channel_queues_time){ now_ms, 0.99 }, &outcome);
    return outcome;
}

static void sent(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                 int64_t now_ms)
{
    assert_int_equal(answer(queues, message, PS_SLACK_SENT, 0, now_ms).close, PS_CLOSE_SENT);
    ps_channel_queues_forget(queues, message);
}

static void claimed(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                    enum ps_claim claim, int64_t now_ms, enum ps_close close)
{
    struct ps_channel_queues_outcome outcome;

    ps_channel_queues_claimed(queues, message, claim, now_ms, &outcome);
    assert_int_equal(outcome.close, close);
    if (close != PS_CLOSE_NOT)
        ps_channel_queues_forget(queues, message);
}

static void one_request_a_channel_in_order_at_its_pace(void **state)
{
    struct ps_channel_queues *queues = make(1000);
    struct ps_outgoing_message *a, *b;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "m2", "A");
    add(queues, "m3", "B");
    b = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m3");
    a = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    expect_nothing(queues, 0);
    assert_true(ps_channel_queues_wake_ms(queues, 0, true) == INT64_MAX);
    sent(queues, a, 300);
    expect_nothing(queues, 300); /* spacing */
    assert_int_equal(ps_channel_queues_wake_ms(queues, 300, true), 1000);
    expect_nothing(queues, 999);
    a = expect(queues, 1000, PS_CHANNEL_QUEUES_SEND, "m2");
    sent(queues, b, 1000);
    sent(queues, a, 1200);
    assert_int_equal(ps_channel_queues_held(queues), 0);
    ps_channel_queues_destroy(queues);
}

static void retry_after_holds_its_channel_alone_and_costs_nothing(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *a, *b;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "m2", "A");
    a = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    for (int i = 0; i < 10; i++) { /* more often than there are retries */
        assert_int_equal(answer(queues, a, PS_SLACK_LATER, 60000, i * 60000).close, PS_CLOSE_NOT);
        expect_nothing(queues, i * 60000 + 59999);
        add(queues, "m3", "B");
        b = expect(queues, i * 60000 + 1, PS_CHANNEL_QUEUES_SEND, "m3");
        sent(queues, b, i * 60000 + 1);
        assert_int_equal(ps_channel_queues_wake_ms(queues, i * 60000 + 1, true), (i + 1) * 60000);
        a = expect(queues, (i + 1) * 60000, PS_CHANNEL_QUEUES_SEND, "m1"); /* its order is kept */
    }
    assert_int_equal(a->charged, 0);
    sent(queues, a, 600000);
    ps_channel_queues_destroy(queues);
}

static void a_failed_send_waits_and_keeps_its_place_until_it_is_dead(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;
    struct ps_channel_queues_outcome outcome;
    int64_t now_ms = 0;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "m2", "A");
    for (int attempt = 1; attempt <= 3; attempt++) {
        message = expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "m1");
        outcome = answer(queues, message, PS_SLACK_RETRY, 0, now_ms);
        assert_int_equal(outcome.close, PS_CLOSE_NOT);
        assert_in_range(outcome.wait_ms, 500 << (attempt - 1), 1000 << (attempt - 1));
        expect_nothing(queues, now_ms + outcome.wait_ms - 1);
        assert_int_equal(ps_channel_queues_wake_ms(queues, now_ms, true), now_ms + outcome.wait_ms);
        now_ms += outcome.wait_ms;
    }
    message = expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_RETRY, 0, now_ms).close, PS_CLOSE_DEAD);
    assert_int_equal(message->attempts, 4);
    assert_string_equal(message->reason, "the answer of the test");
    assert_int_equal(message->category, PS_FAILURE_NETWORK);
    ps_channel_queues_forget(queues, message);
    (void)expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "m2");
    ps_channel_queues_destroy(queues);
}

static void an_answer_that_names_a_pause_is_not_tried_before(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_RETRY, 45000, 0).wait_ms, 45000);
    expect_nothing(queues, 44999);
    (void)expect(queues, 45000, PS_CHANNEL_QUEUES_SEND, "m1");
    ps_channel_queues_destroy(queues);
}

static void what_slack_will_never_take_is_dead_at_once(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, 0).close, PS_CLOSE_DEAD);
    ps_channel_queues_destroy(queues);
}

static void the_outbox_is_asked_just_before_a_message_leaves(void **state)
{
    struct ps_channel_queues *queues = make(1000);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "A");
    add(queues, "o2", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1");
    add(queues, "m3", "A");
    expect_nothing(queues, 0); /* the others wait for the first */
    claimed(queues, message, PS_CLAIM_MINE, 10, PS_CLOSE_NOT);
    message = expect(queues, 10, PS_CHANNEL_QUEUES_SEND, "o1");
    sent(queues, message, 20);
    expect_nothing(queues, 20); /* no claim before it may go */
    (void)expect(queues, 1010, PS_CHANNEL_QUEUES_CLAIM, "o2");
    ps_channel_queues_destroy(queues);
}

static void a_claim_grown_old_is_made_anew(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1");
    claimed(queues, message, PS_CLAIM_MINE, 0, PS_CLOSE_NOT);
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "o1");
    (void)answer(queues, message, PS_SLACK_LATER, 5000, 100);
    message = expect(queues, 5100, PS_CHANNEL_QUEUES_SEND, "o1"); /* young enough */
    (void)answer(queues, message, PS_SLACK_LATER, 5000, 5200);
    (void)expect(queues, 10200, PS_CHANNEL_QUEUES_CLAIM, "o1");
    ps_channel_queues_destroy(queues);
}

static void what_the_outbox_says_of_a_message(void **state)
{
    static const struct {
        enum ps_claim claim;
        enum ps_close close;
    } rows[] = {
        {PS_CLAIM_SENT,     PS_CLOSE_DUPLICATE},
        { PS_CLAIM_UNKNOWN, PS_CLOSE_DEAD     }
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_channel_queues *queues = make(0);

        add(queues, "o1", "A");
        claimed(queues, expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"), rows[i].claim, 0,
                rows[i].close);
        assert_int_equal(ps_channel_queues_held(queues), 0);
        ps_channel_queues_destroy(queues);
    }
}

static void a_message_another_claimed_is_deferred_and_blocks_nobody(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "A");
    add(queues, "o2", "A");
    claimed(queues, expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_TAKEN, 0,
            PS_CLOSE_NOT);
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o2");
    claimed(queues, message, PS_CLAIM_MINE, 0, PS_CLOSE_NOT);
    sent(queues, expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "o2"), 0);
    expect_nothing(queues, PS_CHANNEL_QUEUES_DEFER_MS - 1);
    assert_int_equal(ps_channel_queues_wake_ms(queues, 0, true), PS_CHANNEL_QUEUES_DEFER_MS);
    claimed(queues, expect(queues, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_CLAIM, "o1"),
            PS_CLAIM_SENT, PS_CHANNEL_QUEUES_DEFER_MS, PS_CLOSE_DUPLICATE);
    ps_channel_queues_destroy(queues);
}

static void without_the_outbox_only_what_needs_no_claim_goes(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message = NULL;

    (void)state;
    add(queues, "o1", "A");
    add(queues, "o2", "A");
    add(queues, "m3", "A");
    assert_int_equal(ps_channel_queues_next(queues, 0, false, &message), PS_CHANNEL_QUEUES_SEND);
    assert_string_equal(message->content.id, "m3");
    sent(queues, message, 0);
    assert_int_equal(ps_channel_queues_next(queues, 0, false, &message), PS_CHANNEL_QUEUES_NOTHING);
    assert_true(ps_channel_queues_wake_ms(queues, 0, false) == INT64_MAX);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1");
    ps_channel_queues_destroy(queues);
}

static void a_claim_without_an_answer_is_asked_again_later(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_channel_queues_outcome outcome;
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "A");
    add(queues, "o2", "A");
    add(queues, "m3", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1");
    ps_channel_queues_claimed(queues, message, PS_CLAIM_FAILED, 0, &outcome);
    assert_true(outcome.wait_ms > 0);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m3"); /* and o2 keeps its place behind o1 */
    expect_nothing(queues, 0);
    ps_channel_queues_destroy(queues);
}

static void urgent_ones_go_before_what_is_not_under_way(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "m2", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    add_kind(queues, "a3", "A", "ops_alert");
    add_kind(queues, "a4", "A", "ops_alert");
    expect_nothing(queues, 0);
    sent(queues, message, 0);
    sent(queues, expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "a3"), 0);
    sent(queues, expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "a4"), 0);
    sent(queues, expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m2"), 0);
    ps_channel_queues_destroy(queues);
}

static void a_second_message_of_the_same_id_shares_the_end_of_the_first(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "A");
    add(queues, "o1", "A");
    assert_int_equal(ps_channel_queues_held(queues), 2);
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1");
    claimed(queues, message, PS_CLAIM_MINE, 0, PS_CLOSE_NOT);
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "o1");
    assert_int_equal(answer(queues, message, PS_SLACK_SENT, 0, 0).close, PS_CLOSE_SENT);
    add(queues, "o1", "A"); /* while the first is written down */
    assert_int_equal(ps_channel_queues_held(queues), 3);
    expect_nothing(queues, 100000);
    ps_channel_queues_forget(queues, message);
    assert_int_equal(ps_channel_queues_held(queues), 0);
    ps_channel_queues_destroy(queues);
}

static void the_breaker_lets_one_trial_through(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;
    char channel[8];

    (void)state;
    for (int i = 0; i < 7; i++) {
        (void)snprintf(channel, sizeof(channel), "C%d", i);
        add(queues, channel, channel);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ps_channel_queues_next(queues, 0, true, &message), PS_CHANNEL_QUEUES_SEND);
        assert_int_equal(answer(queues, message, PS_SLACK_RETRY, 0, 0).circuit_opened, i == 4);
    }
    expect_nothing(queues, 59999);
    assert_int_equal(ps_channel_queues_wake_ms(queues, 0, true), 60000);
    assert_true(ps_channel_queues_waits(queues, 1000, true));
    assert_int_equal(ps_channel_queues_next(queues, 60000, true, &message), PS_CHANNEL_QUEUES_SEND);
    expect_nothing(queues, 60000);
    assert_true(answer(queues, message, PS_SLACK_RETRY, 0, 60100).circuit_opened);
    expect_nothing(queues, 120099);
    assert_int_equal(ps_channel_queues_next(queues, 120100, true, &message),
                     PS_CHANNEL_QUEUES_SEND);
    assert_true(answer(queues, message, PS_SLACK_SENT, 0, 120100).circuit_closed);
    ps_channel_queues_forget(queues, message);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(ps_channel_queues_next(queues, 120100, true, &message),
                         PS_CHANNEL_QUEUES_SEND);
        sent(queues, message, 120100);
    }
    ps_channel_queues_destroy(queues);
}

static void a_long_outage_of_the_sink_kills_no_message(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;
    int64_t now_ms = 0;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "m2", "B");
    add(queues, "m3", "C");
    for (int failures = 0; now_ms < 30 * 60000; failures++) {
        assert_true(failures < 1000);
        now_ms = ps_channel_queues_wake_ms(queues, now_ms, true);
        assert_true(now_ms != INT64_MAX);
        assert_int_equal(ps_channel_queues_next(queues, now_ms, true, &message),
                         PS_CHANNEL_QUEUES_SEND);
        assert_int_equal(answer(queues, message, PS_SLACK_RETRY, 0, now_ms).close, PS_CLOSE_NOT);
    }
    assert_int_equal(ps_channel_queues_held(queues), 3);
    ps_channel_queues_destroy(queues);
}

static void a_message_that_breaks_the_sink_by_itself_ends_in_the_dead_list(void **state)
{
    struct ps_channel_queues *queues = make_with(0, 2);
    struct ps_outgoing_message *message;
    int64_t now_ms = 0;
    enum ps_close close = PS_CLOSE_NOT;

    (void)state;
    add(queues, "m1", "A");
    for (int i = 0; close == PS_CLOSE_NOT; i++) {
        assert_true(i < 200);
        now_ms = ps_channel_queues_wake_ms(queues, now_ms, true);
        message = expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "m1");
        close = answer(queues, message, PS_SLACK_RETRY, 0, now_ms).close;
    }
    assert_int_equal(close, PS_CLOSE_DEAD);
    assert_true(now_ms >= PS_CHANNEL_QUEUES_PATIENCE_MS);
    ps_channel_queues_destroy(queues);
}

static void a_fault_of_the_settings_stops_sending_and_burns_nothing(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *a, *b;
    struct ps_channel_queues_outcome outcome;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "m2", "B");
    add(queues, "m3", "C");
    b = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m3");
    a = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m2");
    assert_null(ps_channel_queues_fault(queues));
    outcome = answer(queues, a, PS_SLACK_STOP, 0, 0);
    assert_true(outcome.access_lost);
    assert_int_equal(outcome.close, PS_CLOSE_NOT);
    assert_string_equal(ps_channel_queues_fault(queues)->what, "the answer of the test");
    assert_false(answer(queues, b, PS_SLACK_STOP, 0, 10).access_lost); /* reported once */
    for (int minute = 1; minute <= 30; minute++) {
        expect_nothing(queues, minute * 61000 - 1001);
        assert_int_equal(ps_channel_queues_next(queues, minute * 61000, true, &a),
                         PS_CHANNEL_QUEUES_SEND);
        expect_nothing(queues, minute * 61000);
        (void)answer(queues, a, PS_SLACK_STOP, 0, minute * 61000);
    }
    assert_int_equal(ps_channel_queues_held(queues), 3);
    assert_int_equal(ps_channel_queues_next(queues, 31 * 61000, true, &a), PS_CHANNEL_QUEUES_SEND);
    outcome = answer(queues, a, PS_SLACK_SENT, 0, 31 * 61000);
    assert_true(outcome.access_back);
    assert_null(ps_channel_queues_fault(queues));
    ps_channel_queues_destroy(queues);
}

static struct ps_channel_queues_outcome refuse(struct ps_channel_queues *queues,
                                               struct ps_outgoing_message *message, int64_t now_ms)
{
    struct ps_slack_response reply = { .next = PS_SLACK_STOP, .of_channel = true };
    struct ps_channel_queues_outcome outcome;

    (void)ps_fail(&reply.err, PS_FAILURE_CONFIGURATION, 200, "no_permission");
    ps_channel_queues_answered(queues, message, &reply,
                               (struct ps_channel_queues_time){ now_ms, 0.99 }, &outcome);
    return outcome;
}

/* Not even that of the alerts, which overtake. */
static void a_channel_that_alone_has_no_access_does_not_stop_the_others(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;
    struct ps_channel_queues_outcome outcome;

    (void)state;
    add_kind(queues, "a1", "ALERTS", "ops_alert");
    add(queues, "m1", "B");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "a1");
    assert_true(refuse(queues, message, 0).access_lost);
    message = expect(queues, 60000, PS_CHANNEL_QUEUES_SEND, "m1"); /* the trial is another's */
    expect_nothing(queues, 60000);
    outcome = answer(queues, message, PS_SLACK_SENT, 0, 60000);
    assert_true(outcome.access_back);
    ps_channel_queues_forget(queues, message);
    message = expect(queues, 60000, PS_CHANNEL_QUEUES_SEND, "a1");
    outcome = refuse(queues, message, 60000);
    assert_int_equal(outcome.close, PS_CLOSE_DEAD);
    assert_string_equal(message->reason, "no_permission");
    assert_int_equal(message->category, PS_FAILURE_CONFIGURATION);
    assert_false(outcome.access_lost);
    assert_false(ps_channel_queues_shut(queues));
    ps_channel_queues_forget(queues, message);
    ps_channel_queues_destroy(queues);
}

/* Once access is back the channel is like any other, and where no other gets through nothing is
 * lost.
 */
static void a_channel_that_lost_access_and_has_it_again_is_as_any_other(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "A");
    for (int minute = 0; minute < 5; minute++) {
        message = expect(queues, minute * 60000, PS_CHANNEL_QUEUES_SEND, "m1");
        assert_int_equal(refuse(queues, message, minute * 60000).close, PS_CLOSE_NOT);
    }
    message = expect(queues, 300000, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_true(answer(queues, message, PS_SLACK_SENT, 0, 300000).access_back);
    ps_channel_queues_forget(queues, message);
    add(queues, "m2", "A");
    message = expect(queues, 300000, PS_CHANNEL_QUEUES_SEND, "m2");
    assert_true(refuse(queues, message, 300000).access_lost);
    assert_int_equal(ps_channel_queues_held(queues), 1);
    ps_channel_queues_destroy(queues);
}

static void refused_blocks_are_left_out_once_and_the_rest_stays(void **state)
{
    static const char raw[] =
        "{\"id\":\"m1\",\"kind\":\"dp_transition\",\"channel\":\"A\",\"text\":\"x\",\"thread_ts\":"
        "\"1.2\",\"broadcast\":true}";
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), NULL);
    struct ps_slack_response reply = { .next = PS_SLACK_NEVER, .of_blocks = true };
    struct ps_channel_queues_outcome outcome;

    (void)state;
    (void)ps_fail(&reply.err, PS_FAILURE_UNKNOWN, 200, "invalid_blocks");
    ps_channel_queues_add(queues, message);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_false(message->plain);
    ps_channel_queues_answered(queues, message, &reply, (struct ps_channel_queues_time){ 0, 0.99 },
                               &outcome);
    assert_int_equal(outcome.close, PS_CLOSE_NOT);
    assert_true(message->plain);
    assert_string_equal(message->content.thread_ts, "1.2");
    /* The pace is asked again meanwhile: it stays without blocks. */
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_LATER, 1000, 0).close, PS_CLOSE_NOT);
    assert_true(message->plain);
    (void)expect(queues, 1000, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, 1000).close, PS_CLOSE_NOT);
    assert_null(message->content.thread_ts);
    (void)expect(queues, 1000, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, 1000).close, PS_CLOSE_DEAD);
    ps_channel_queues_destroy(queues);
}

static void what_its_thread_refuses_is_said_in_the_channel(void **state)
{
    static const char raw[] =
        "{\"id\":\"m1\",\"kind\":\"dp_transition\",\"channel\":\"A\",\"text\":\"x\",\"thread_ts\":"
        "\"1.2\",\"broadcast\":true,\"update_ts\":\"1.2\",\"update_channel\":\"A\","
        "\"update_text\":\"y\"}";
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), NULL);

    (void)state;
    ps_channel_queues_add(queues, message);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, 0).close, PS_CLOSE_NOT);
    assert_null(message->content.update_ts);
    assert_string_equal(message->content.thread_ts, "1.2");
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, 0).close, PS_CLOSE_NOT);
    assert_null(message->content.thread_ts);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, 0).close, PS_CLOSE_DEAD);
    ps_channel_queues_destroy(queues);
}

static void a_trial_for_access_that_times_out_leaves_it_closed_off(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    (void)answer(queues, message, PS_SLACK_STOP, 0, 0);
    message = expect(queues, 60000, PS_CHANNEL_QUEUES_SEND, "m1");
    (void)answer(queues, message, PS_SLACK_RETRY, 0, 60000);
    assert_non_null(ps_channel_queues_fault(queues));
    expect_nothing(queues, 119999);
    (void)expect(queues, 120000, PS_CHANNEL_QUEUES_SEND, "m1");
    ps_channel_queues_destroy(queues);
}

static void the_rest_goes_back_newest_first(void **state)
{
    static const char *const want[] = { "m6", "o3", "o3", "o2" };
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *sending, *message;

    (void)state;
    add(queues, "m1", "A");
    add(queues, "o2", "A");
    add(queues, "o3", "B");
    sending = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o3");
    add(queues, "o3", "B");
    claimed(queues, sending, PS_CLAIM_TAKEN, 0, PS_CLOSE_NOT);
    sending = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    add(queues, "m6", "C");
    ps_channel_queues_stop(queues);
    expect_nothing(queues, 100000);
    for (size_t i = 0; i < PS_COUNT_OF(want); i++) {
        message = ps_channel_queues_take_back(queues);
        assert_non_null(message);
        assert_string_equal(message->content.id, want[i]);
        assert_null(message->duplicates);
        ps_outgoing_message_destroy(message);
    }
    assert_null(ps_channel_queues_take_back(queues));
    (void)answer(queues, sending, PS_SLACK_LATER, 1000, 0);
    message = ps_channel_queues_take_back(queues);
    assert_string_equal(message->content.id, "m1");
    ps_outgoing_message_destroy(message);
    assert_int_equal(ps_channel_queues_held(queues), 0);
    ps_channel_queues_destroy(queues);
}

static void count_full(void *cookie, const char *channel)
{
    assert_string_equal(channel, "A");
    (*(int *)cookie)++;
}

static void a_channel_that_holds_much_is_full(void **state)
{
    struct ps_channel_queues *queues = make(0);
    char id[8];
    int full = 0;

    (void)state;
    add(queues, "b1", "B");
    for (int i = 0; i < PS_CHANNEL_QUEUE_MAX; i++) {
        ps_channel_queues_full(queues, count_full, &full);
        assert_int_equal(full, 0);
        (void)snprintf(id, sizeof(id), "m%d", i);
        add(queues, id, "A");
    }
    ps_channel_queues_full(queues, count_full, &full);
    assert_int_equal(full, 1);
    ps_channel_queues_destroy(queues);
}

static struct ps_outgoing_message *superseded(struct ps_channel_queues *queues, const char *id)
{
    struct ps_outgoing_message *message = ps_channel_queues_take_superseded(queues);

    assert_non_null(message);
    assert_string_equal(message->content.id, id);
    return message;
}

static void of_the_alerts_of_one_incident_the_newest_is_sent(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *sending;

    (void)state;
    add_kind(queues, "alarm:redis_down:a:1", "A", "ops_alert");
    add_kind(queues, "alarm:redis:a:1", "A", "ops_alert");
    add_kind(queues, "alarm:redis_down:b:1", "B", "ops_alert");
    add_kind(queues, "alarm:redis_down:c:1", "A", "manual");
    add_kind(queues, "alarm:redis_down", "A", "ops_alert");
    assert_null(ps_channel_queues_take_superseded(queues));
    sending = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "alarm:redis_down:b:1");
    add_kind(queues, "alarm:redis_down:b:2", "B", "ops_alert");
    add_kind(queues, "alarm:redis_down:b:3", "B", "ops_recovery");
    ps_channel_queues_forget(queues, superseded(queues, "alarm:redis_down:b:2"));
    assert_null(ps_channel_queues_take_superseded(queues)); /* the first one is on its way */
    (void)answer(queues, sending, PS_SLACK_LATER, 1000, 0);
    ps_channel_queues_forget(queues, superseded(queues, "alarm:redis_down:b:1"));
    assert_null(ps_channel_queues_take_superseded(queues));
    add_kind(queues, "alarm:redis_down:a:2", "A", "ops_alert");
    ps_channel_queues_forget(queues, superseded(queues, "alarm:redis_down:a:1"));
    assert_null(ps_channel_queues_take_superseded(queues));
    ps_channel_queues_destroy(queues);
}

static void add_alarm(struct ps_channel_queues *queues, const char *id, const char *kind,
                      const char *created)
{
    char *raw = ps_alloc_format("{\"id\":\"%s\",\"kind\":\"%s\",\"channel\":\"A\",\"text\":\"x\","
                                "\"created_at\":\"2026-12-01T%s:00.000Z\"}",
                                id, kind, created);
    struct ps_err err;
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), &err);

    assert_non_null(message);
    ps_channel_queues_add(queues, message);
    free(raw);
}

/* Another notifier stopped and gave its alert back: it arrives after the all-clear. */
static void an_older_alert_that_arrives_late_replaces_no_all_clear(void **state)
{
    struct ps_channel_queues *queues = make(0);

    (void)state;
    add_alarm(queues, "alarm:redis_down:b:3", "ops_recovery", "10:05");
    add_alarm(queues, "alarm:redis_down:a:2", "ops_alert", "10:00");
    assert_null(ps_channel_queues_take_superseded(queues));
    add_alarm(queues, "alarm:redis_down:a:4", "ops_alert", "10:09");
    ps_channel_queues_forget(queues, superseded(queues, "alarm:redis_down:b:3"));
    ps_channel_queues_forget(queues, superseded(queues, "alarm:redis_down:a:2"));
    ps_channel_queues_destroy(queues);
}

/* 2,000 messages over 50 channels: one is held for a minute, one fails three times, one is gone.
   Every other is served at one a second, in order; nothing is lost or doubled. */
static void three_channels_worth_of_trouble_delay_nobody_else(void **state)
{
    enum { CHANNELS = 50, EACH = 40 };
    struct ps_channel_queues *queues = make(1000);
    int next[CHANNELS] = { 0 }, failures = 0, dead = 0;
    int64_t done_ms[CHANNELS] = { 0 };
    char id[24], channel[8];

    (void)state;
    for (int i = 0; i < CHANNELS * EACH; i++) {
        (void)snprintf(id, sizeof(id), "m%d-%d", i % CHANNELS, i / CHANNELS);
        (void)snprintf(channel, sizeof(channel), "C%d", i % CHANNELS);
        add(queues, id, channel);
    }
    for (int64_t now_ms = 0; now_ms != INT64_MAX;
         now_ms = ps_channel_queues_wake_ms(queues, now_ms, true)) {
        struct ps_outgoing_message *message;

        while (ps_channel_queues_next(queues, now_ms, true, &message) == PS_CHANNEL_QUEUES_SEND) {
            int at, number;

            assert_int_equal(sscanf(message->content.id, "m%d-%d", &at, &number), 2);
            assert_int_equal(number, next[at]); /* in order, once */
            if (at == 7 && now_ms < 60000) {
                (void)answer(queues, message, PS_SLACK_LATER, 60000 - now_ms, now_ms);
            } else if (at == 8 && failures < 3) {
                failures++;
                (void)answer(queues, message, PS_SLACK_RETRY, 0, now_ms);
            } else if (at == 9) {
                next[at]++;
                dead++;
                assert_int_equal(answer(queues, message, PS_SLACK_NEVER, 0, now_ms).close,
                                 PS_CLOSE_DEAD);
                ps_channel_queues_forget(queues, message);
            } else {
                next[at]++;
                done_ms[at] = now_ms;
                sent(queues, message, now_ms);
            }
        }
    }
    for (int i = 0; i < CHANNELS; i++) {
        assert_int_equal(next[i], EACH);
        if (i != 7 && i != 8 && i != 9)
            assert_int_equal(done_ms[i], (EACH - 1) * 1000);
    }
    assert_int_equal(done_ms[7], 60000 + (EACH - 1) * 1000);
    assert_int_equal(dead, EACH);
    assert_int_equal(ps_channel_queues_held(queues), 0);
    ps_channel_queues_destroy(queues);
}

/* A webhook that fails says nothing about Slack, and the other way round. */
static void a_webhook_has_breakers_of_its_own(void **state)
{
    struct ps_channel_queues *queues = make_with(0, 2);
    struct ps_outgoing_message *message;
    int64_t now_ms = 0;

    (void)state;
    add(queues, "w1", "webhook:team");
    for (int i = 0; i < 2; i++) {
        message = expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "w1");
        assert_true(answer(queues, message, PS_SLACK_RETRY, 0, now_ms).circuit_opened == (i == 1));
        now_ms += 10000;
    }
    expect_nothing(queues, now_ms); /* the webhook's circuit is open for a minute */
    assert_false(ps_channel_queues_shut(queues));
    assert_true(ps_channel_queues_waits(queues, now_ms, true));
    add(queues, "m1", "C1");
    message = expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "m1");
    (void)answer(queues, message, PS_SLACK_STOP, 0, now_ms); /* Slack takes nothing any more */
    assert_true(ps_channel_queues_shut(queues));
    assert_non_null(ps_channel_queues_fault(queues));
    now_ms = 71000;
    message = expect(queues, now_ms - 10000 + 59000, PS_CHANNEL_QUEUES_SEND, "w1");
    sent(queues, message, 120000);
    assert_true(
        ps_channel_queues_shut(queues)); /* what the webhook took says nothing about Slack */
    ps_channel_queues_destroy(queues);
}

static void a_webhook_without_access_keeps_its_messages_and_stops_nobody(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "w1", "webhook:gone");
    add(queues, "w2", "webhook:gone");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "w1");
    assert_int_equal(answer(queues, message, PS_SLACK_STOP, 0, 0).close, PS_CLOSE_NOT);
    expect_nothing(queues, 59999);
    assert_null(ps_channel_queues_fault(queues));
    add(queues, "w3", "webhook:other");
    message = expect(queues, 1000, PS_CHANNEL_QUEUES_SEND, "w3");
    sent(queues, message, 1000);
    for (int i = 1; i < 20; i++) { /* it is never given up */
        message = expect(queues, i * INT64_C(60000), PS_CHANNEL_QUEUES_SEND, "w1");
        assert_int_equal(answer(queues, message, PS_SLACK_STOP, 0, i * INT64_C(60000)).close,
                         PS_CLOSE_NOT);
    }
    message = expect(queues, 20 * INT64_C(60000), PS_CHANNEL_QUEUES_SEND, "w1");
    sent(queues, message, 20 * INT64_C(60000));
    message = expect(queues, 20 * INT64_C(60000), PS_CHANNEL_QUEUES_SEND, "w2");
    sent(queues, message, 20 * INT64_C(60000));
    ps_channel_queues_destroy(queues);
}

/* Opens the circuit of five failures, so that urgent messages may go to the webhook. */
static void shut(struct ps_channel_queues *queues)
{
    struct ps_outgoing_message *message;

    add(queues, "failing", "F");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "failing");
    (void)answer(queues, message, PS_SLACK_RETRY, 0, 0);
    assert_true(ps_channel_queues_shut(queues));
}

static void an_alert_that_the_webhook_delivered_is_not_sent_to_slack(void **state)
{
    struct ps_channel_queues *queues = make_with(0, 1);
    struct ps_outgoing_message *message;

    (void)state;
    add_kind(queues, "alert", "OPS", "ops_alert");
    add_kind(queues, "other", "OPS", "ops_recovery");
    add(queues, "draft", "A");
    assert_null(ps_channel_queues_reroute(queues)); /* Slack is there */
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "alert");
    (void)answer(queues, message, PS_SLACK_RETRY, 0, 0);
    assert_true(ps_channel_queues_shut(queues));
    assert_string_equal(ps_channel_queues_reroute(queues)->content.id, "alert");
    assert_string_equal(ps_channel_queues_reroute(queues)->content.id, "other");
    assert_null(ps_channel_queues_reroute(queues)); /* each once, and the draft never */
    assert_null(ps_channel_queues_take_rerouted(queues));
    ps_channel_queues_rerouted(queues, "draft");
    ps_channel_queues_rerouted(queues, "nobody");
    assert_null(ps_channel_queues_take_rerouted(queues));
    ps_channel_queues_rerouted(queues, "alert");
    message = ps_channel_queues_take_rerouted(queues);
    assert_string_equal(message->content.id, "alert");
    assert_null(ps_channel_queues_take_rerouted(queues));
    assert_int_equal(ps_channel_queues_held(queues), 3); /* one of them is closing */
    ps_channel_queues_forget(queues, message);
    assert_int_equal(ps_channel_queues_held(queues), 2);
    ps_channel_queues_destroy(queues);
}

static bool holds(const struct ps_channel_queues *queues, const char *id, const char *channel)
{
    char raw[256];

    (void)snprintf(raw, sizeof(raw),
                   "{\"id\":\"%s\",\"kind\":\"draft\",\"channel\":\"%s\",\"text\":\"x\"}", id,
                   channel);
    return ps_channel_queues_holds(queues, raw, strlen(raw));
}

static void a_message_is_found_by_its_text_wherever_it_is_held(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    assert_false(holds(queues, "m1", "A"));
    add(queues, "m1", "A");
    add(queues, "m2", "A");
    assert_true(holds(queues, "m1", "A"));
    assert_true(holds(queues, "m2", "A"));
    assert_false(holds(queues, "m1", "B"));
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_int_equal(answer(queues, message, PS_SLACK_SENT, 0, 0).close, PS_CLOSE_SENT);
    assert_true(holds(queues, "m1", "A")); /* until its outcome is stored */
    ps_channel_queues_forget(queues, message);
    assert_false(holds(queues, "m1", "A"));
    ps_channel_queues_destroy(queues);
}

static void add_created(struct ps_channel_queues *queues, const char *id, const char *channel,
                        const char *created)
{
    struct ps_outgoing_message *message;
    char raw[256];
    struct ps_err err;

    (void)snprintf(raw, sizeof(raw),
                   "{\"id\":\"%s\",\"kind\":\"draft\",\"channel\":\"%s\",\"text\":\"x\","
                   "\"created_at\":\"%s\"}",
                   id, channel, created);
    message = ps_outgoing_message_parse(raw, strlen(raw), &err);
    assert_non_null(message);
    ps_channel_queues_add(queues, message);
}

static void the_oldest_message_names_its_channel(void **state)
{
    struct ps_channel_queues *queues = make(0);
    const char *channel;

    (void)state;
    assert_int_equal(ps_channel_queues_oldest_ms(queues, &channel), 0);
    assert_string_equal(channel, "");
    add(queues, "m0", "Z"); /* without a time */
    assert_int_equal(ps_channel_queues_oldest_ms(queues, &channel), 0);
    add_created(queues, "m1", "A", "1970-01-01T00:00:20Z");
    add_created(queues, "m2", "B", "1970-01-01T00:00:10Z");
    add_created(queues, "m3", "C", "1970-01-01T00:00:30Z");
    assert_int_equal(ps_channel_queues_oldest_ms(queues, &channel), 10000);
    assert_string_equal(channel, "B");
    ps_channel_queues_destroy(queues);
}

static void count_channel(void *cookie, const char *channel)
{
    (void)channel;
    ++*(int *)cookie;
}

static void queues_that_only_wait_are_not_stuck(void **state)
{
    struct ps_channel_queues *queues = make(1000);
    struct ps_outgoing_message *message;
    int channels = 0;

    (void)state;
    assert_true(ps_channel_queues_waits(queues, 0, true));
    add(queues, "m1", "A");
    add(queues, "m2", "A");
    add(queues, "m3", "B");
    ps_channel_queues_each(queues, count_channel, &channels);
    assert_int_equal(channels, 2);
    assert_false(ps_channel_queues_waits(queues, 0, true)); /* one may be sent */
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m3");
    assert_int_equal(ps_channel_queues_sending(queues), 1);
    sent(queues, message, 0);
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_false(ps_channel_queues_waits(queues, 0, true)); /* in flight */
    assert_int_equal(answer(queues, message, PS_SLACK_SENT, 0, 0).close, PS_CLOSE_SENT);
    assert_int_equal(ps_channel_queues_sending(queues), 0);
    assert_false(ps_channel_queues_waits(queues, 0, true)); /* its outcome is not stored */
    ps_channel_queues_forget(queues, message);
    assert_true(ps_channel_queues_waits(queues, 999, true)); /* for the pace of A */
    assert_false(ps_channel_queues_waits(queues, 1000, true));
    channels = 0;
    ps_channel_queues_each(queues, count_channel, &channels);
    assert_int_equal(channels, 1);
    add(queues, "o4", "C");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o4");
    assert_int_equal(ps_channel_queues_claiming(queues), 1);
    assert_false(ps_channel_queues_waits(queues, 0, true)); /* for the outbox */
    ps_channel_queues_destroy(queues);
    queues = make_with(0, 1);
    shut(queues);
    assert_true(ps_channel_queues_waits(queues, 0, true)); /* for the breaker */
    ps_channel_queues_destroy(queues);
}

static void channels_on_hold_are_counted(void **state)
{
    struct ps_channel_queues *queues = make(0);
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    add(queues, "m2", "B");
    assert_int_equal(ps_channel_queues_on_hold(queues, 0), 0);
    (void)answer(queues, message, PS_SLACK_LATER, 60000, 0);
    assert_int_equal(ps_channel_queues_on_hold(queues, 59999), 1);
    assert_int_equal(ps_channel_queues_on_hold(queues, 60000), 0);
    ps_channel_queues_destroy(queues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_has_breakers_of_its_own),
        cmocka_unit_test(a_webhook_without_access_keeps_its_messages_and_stops_nobody),
        cmocka_unit_test(one_request_a_channel_in_order_at_its_pace),
        cmocka_unit_test(retry_after_holds_its_channel_alone_and_costs_nothing),
        cmocka_unit_test(a_failed_send_waits_and_keeps_its_place_until_it_is_dead),
        cmocka_unit_test(an_answer_that_names_a_pause_is_not_tried_before),
        cmocka_unit_test(what_slack_will_never_take_is_dead_at_once),
        cmocka_unit_test(the_outbox_is_asked_just_before_a_message_leaves),
        cmocka_unit_test(a_claim_grown_old_is_made_anew),
        cmocka_unit_test(what_the_outbox_says_of_a_message),
        cmocka_unit_test(a_message_another_claimed_is_deferred_and_blocks_nobody),
        cmocka_unit_test(without_the_outbox_only_what_needs_no_claim_goes),
        cmocka_unit_test(a_claim_without_an_answer_is_asked_again_later),
        cmocka_unit_test(urgent_ones_go_before_what_is_not_under_way),
        cmocka_unit_test(a_second_message_of_the_same_id_shares_the_end_of_the_first),
        cmocka_unit_test(the_breaker_lets_one_trial_through),
        cmocka_unit_test(a_long_outage_of_the_sink_kills_no_message),
        cmocka_unit_test(a_message_that_breaks_the_sink_by_itself_ends_in_the_dead_list),
        cmocka_unit_test(a_fault_of_the_settings_stops_sending_and_burns_nothing),
        cmocka_unit_test(a_channel_that_alone_has_no_access_does_not_stop_the_others),
        cmocka_unit_test(a_channel_that_lost_access_and_has_it_again_is_as_any_other),
        cmocka_unit_test(refused_blocks_are_left_out_once_and_the_rest_stays),
        cmocka_unit_test(what_its_thread_refuses_is_said_in_the_channel),
        cmocka_unit_test(a_trial_for_access_that_times_out_leaves_it_closed_off),
        cmocka_unit_test(the_rest_goes_back_newest_first),
        cmocka_unit_test(a_channel_that_holds_much_is_full),
        cmocka_unit_test(of_the_alerts_of_one_incident_the_newest_is_sent),
        cmocka_unit_test(an_older_alert_that_arrives_late_replaces_no_all_clear),
        cmocka_unit_test(three_channels_worth_of_trouble_delay_nobody_else),
        cmocka_unit_test(an_alert_that_the_webhook_delivered_is_not_sent_to_slack),
        cmocka_unit_test(a_message_is_found_by_its_text_wherever_it_is_held),
        cmocka_unit_test(the_oldest_message_names_its_channel),
        cmocka_unit_test(queues_that_only_wait_are_not_stuck),
        cmocka_unit_test(channels_on_hold_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
