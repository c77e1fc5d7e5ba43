/* Channel queues beside those of other notifiers: admissions, and messages that may have been sent.
 */
#include "tests/unit/queue_scene.h"

static struct ps_channel_queues *make(void)
{
    struct ps_channel_queues *queues =
        ps_channel_queues_create(&(struct ps_channel_queues_options){ .interval_ms = 0,
                                                                      .max_retries = 3,
                                                                      .retry_base_ms = 1000,
                                                                      .breaker_threshold = 5,
                                                                      .breaker_cooldown_ms = 60000,
                                                                      .access_cooldown_ms = 60000,
                                                                      .can_look = true });

    ps_channel_queues_share(queues, true);
    return queues;
}

static void add(struct ps_channel_queues *queues, const char *id, const char *kind,
                const char *channel)
{
    add_kind(queues, id, channel, kind);
}

static void admit(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                  int64_t wait_ms, bool doubtful, int64_t now_ms)
{
    ps_channel_queues_admitted(queues, message,
                               &(struct ps_admission){ .wait_ms = wait_ms, .doubtful = doubtful },
                               now_ms);
}

static struct ps_channel_queues_outcome look(struct ps_channel_queues *queues,
                                             struct ps_outgoing_message *message,
                                             enum ps_slack_seen seen, enum ps_failure category,
                                             int64_t now_ms)
{
    struct ps_slack_look reply = { .seen = seen, .ts = "1.2", .after_ms = 7000 };
    struct ps_channel_queues_outcome outcome;

    (void)ps_fail(&reply.err, category, 0, "the look of the test");
    ps_channel_queues_looked(queues, message, &reply,
                             (struct ps_channel_queues_time){ now_ms, 0.5 }, &outcome);
    return outcome;
}

static struct ps_channel_queues_outcome lose(struct ps_channel_queues *queues,
                                             struct ps_outgoing_message *message, int64_t now_ms)
{
    struct ps_slack_response reply = { .next = PS_SLACK_RETRY, .doubtful = true };
    struct ps_channel_queues_outcome outcome;

    (void)ps_fail(&reply.err, PS_FAILURE_TIMEOUT, 0, "no answer");
    ps_channel_queues_answered(queues, message, &reply,
                               (struct ps_channel_queues_time){ now_ms, 0.5 }, &outcome);
    return outcome;
}

static void finish(struct ps_channel_queues *queues, struct ps_outgoing_message *message)
{
    struct ps_slack_response reply = { .next = PS_SLACK_SENT, .ts = "1.1", .channel = "C9" };
    struct ps_channel_queues_outcome outcome;

    ps_channel_queues_answered(queues, message, &reply, (struct ps_channel_queues_time){ 0, 0.5 },
                               &outcome);
    assert_int_equal(outcome.close, PS_CLOSE_SENT);
    assert_string_equal(message->slack_channel, "C9");
    ps_channel_queues_forget(queues, message);
}

static void nothing_leaves_before_it_is_admitted(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "draft", "A");
    add(queues, "m2", "draft", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1");
    ps_channel_queues_claimed(queues, message, PS_CLAIM_MINE, 0,
                              &(struct ps_channel_queues_outcome){ 0 });
    message = expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "o1");
    expect_nothing(queues, 0); /* one of a channel is under way */
    admit(queues, message, 800, false, 0);
    assert_int_equal(ps_channel_queues_on_hold(queues, 0),
                     0); /* only what Slack asks for is a hold */
    expect_nothing(queues, 799);
    assert_int_equal(ps_channel_queues_wake_ms(queues, 0, true), 800);
    admit(queues, expect(queues, 800, PS_CHANNEL_QUEUES_ADMIT, "o1"), 0, false, 800);
    message = expect(queues, 800, PS_CHANNEL_QUEUES_SEND, "o1");
    assert_false(message->repeated);
    finish(queues, message);
    (void)expect(queues, 900, PS_CHANNEL_QUEUES_ADMIT,
                 "m2"); /* each send has an admission of its own */
    ps_channel_queues_destroy(queues);
}

static void without_an_answer_our_own_pace_counts(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "draft", "A");
    message = expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1");
    ps_channel_queues_admitted(queues, message, &(struct ps_admission){ .unknown = true }, 0);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    add(queues, "m2", "draft", "B");
    ps_channel_queues_share(queues, false);
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m2");
    ps_channel_queues_destroy(queues);
}

static void an_admission_that_was_not_used_grows_old(void **state)
{
    struct ps_channel_queues *queues = make();

    (void)state;
    add(queues, "m1", "draft", "A");
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, false, 0);
    (void)expect(queues, PS_CHANNEL_QUEUES_ADMIT_MS, PS_CHANNEL_QUEUES_ADMIT, "m1");
    ps_channel_queues_destroy(queues);
}

static void a_lost_answer_is_looked_for_before_anything_is_sent_again(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;
    struct ps_channel_queues_outcome outcome;
    int64_t now_ms;

    (void)state;
    add(queues, "m1", "draft", "A");
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, false, 0);
    now_ms = lose(queues, expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1"), 0).wait_ms;
    admit(queues, expect(queues, now_ms, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, false, now_ms);
    message = expect(queues, now_ms, PS_CHANNEL_QUEUES_LOOK, "m1");
    expect_nothing(queues, now_ms);
    outcome = look(queues, message, PS_SLACK_FOUND, PS_FAILURE_UNKNOWN, now_ms);
    assert_int_equal(outcome.close, PS_CLOSE_SENT);
    assert_string_equal(message->slack_ts, "1.2");
    assert_int_equal(message->attempts, 1);
    ps_channel_queues_destroy(queues);
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
        struct ps_channel_queues *queues = make();
        struct ps_outgoing_message *message;

        add(queues, "m1", "draft", "A");
        admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, true,
              0); /* another was at it */
        message = expect(queues, 0, PS_CHANNEL_QUEUES_LOOK, "m1");
        (void)look(queues, message, rows[i].seen, PS_FAILURE_UNKNOWN, 0);
        message = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
        assert_int_equal(message->repeated, rows[i].repeated);
        ps_channel_queues_destroy(queues);
    }
}

static void a_look_without_an_answer_is_made_again_but_not_for_ever(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;
    int64_t now_ms = 0;

    (void)state;
    add(queues, "m1", "draft", "A");
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, true, 0);
    for (int i = 0; i < PS_CHANNEL_QUEUES_LOOKS_MAX; i++) {
        message = expect(queues, now_ms, PS_CHANNEL_QUEUES_LOOK, "m1");
        now_ms += look(queues, message, PS_SLACK_FAILED, PS_FAILURE_TIMEOUT, now_ms).wait_ms;
        if (now_ms - message->admitted_ms >= PS_CHANNEL_QUEUES_ADMIT_MS)
            admit(queues, expect(queues, now_ms, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, true, now_ms);
    }
    message = expect(queues, now_ms, PS_CHANNEL_QUEUES_SEND, "m1");
    assert_true(message->repeated);
    ps_channel_queues_destroy(queues);
}

static void a_look_that_slack_slows_down_waits_and_costs_nothing(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "m1", "draft", "A");
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, true, 0);
    for (int i = 0; i < 10; i++) {
        message = expect(queues, i * 7000, PS_CHANNEL_QUEUES_LOOK, "m1");
        (void)look(queues, message, PS_SLACK_FAILED, PS_FAILURE_RATE_LIMIT, i * 7000);
        expect_nothing(queues, i * 7000 + 6999);
        admit(queues, expect(queues, (i + 1) * 7000, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, false,
              (i + 1) * 7000);
    }
    assert_int_equal(message->charged, 0);
    (void)look(queues, expect(queues, 70000, PS_CHANNEL_QUEUES_LOOK, "m1"), PS_SLACK_FOUND,
               PS_FAILURE_UNKNOWN, 70000);
    ps_channel_queues_destroy(queues);
}

static void a_look_without_access_stops_sending_and_the_doubt_stays(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;
    struct ps_channel_queues_outcome outcome;
    int64_t now_ms = 0;

    (void)state;
    add(queues, "m1", "draft", "A");
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, true, 0);
    for (int i = 0; i < 2 * PS_CHANNEL_QUEUES_LOOKS_MAX; i++) { /* as often as it takes */
        message = expect(queues, now_ms, PS_CHANNEL_QUEUES_LOOK, "m1");
        outcome = look(queues, message, PS_SLACK_FAILED, PS_FAILURE_CONFIGURATION, now_ms);
        assert_int_equal(outcome.close, PS_CLOSE_NOT);
        assert_int_equal(outcome.access_lost, i == 0);
        assert_non_null(ps_channel_queues_fault(queues));
        expect_nothing(queues, now_ms + 59999);
        now_ms += 60000;
        admit(queues, expect(queues, now_ms, PS_CHANNEL_QUEUES_ADMIT, "m1"), 0, false, now_ms);
    }
    assert_int_equal(message->charged, 0);
    message = expect(queues, now_ms, PS_CHANNEL_QUEUES_LOOK, "m1");
    outcome = look(queues, message, PS_SLACK_FOUND, PS_FAILURE_UNKNOWN, now_ms);
    assert_true(outcome.access_back);
    assert_int_equal(outcome.close, PS_CLOSE_SENT);
    assert_null(ps_channel_queues_fault(queues));
    ps_channel_queues_forget(queues, message);
    ps_channel_queues_destroy(queues);
}

/* Else all that waits would be sent at once, each cooldown, to be refused. */
static void a_look_that_reads_says_nothing_of_the_right_to_write(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_slack_response refused = { .next = PS_SLACK_STOP };
    struct ps_outgoing_message *a, *b, *message = NULL;
    struct ps_channel_queues_outcome outcome;

    (void)state;
    add(queues, "m1", "draft", "A");
    add(queues, "m2", "draft", "B");
    b = expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m2");
    a = expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m1");
    admit(queues, a, 0, true, 0);
    admit(queues, b, 0, false, 0);
    b = expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m2");
    ps_channel_queues_answered(queues, b, &refused, (struct ps_channel_queues_time){ 0, 0.5 },
                               &outcome);
    assert_true(outcome.access_lost);
    a = expect(queues, 60000, PS_CHANNEL_QUEUES_ADMIT, "m1");
    b = expect(queues, 60000, PS_CHANNEL_QUEUES_ADMIT, "m2");
    admit(queues, a, 0, true, 60000);
    admit(queues, b, 0, false, 60000);
    a = expect(queues, 60000, PS_CHANNEL_QUEUES_LOOK, "m1");
    expect_nothing(queues, 60000);
    assert_false(look(queues, a, PS_SLACK_ABSENT, PS_FAILURE_UNKNOWN, 60000).access_back);
    assert_int_equal(ps_channel_queues_next(queues, 60000, true, &message), PS_CHANNEL_QUEUES_SEND);
    expect_nothing(queues, 60000);
    ps_channel_queues_answered(queues, message, &refused,
                               (struct ps_channel_queues_time){ 60000, 0.5 }, &outcome);
    assert_false(outcome.access_lost); /* reported before */
    expect_nothing(queues, 119999);
    ps_channel_queues_destroy(queues);
}

static void looks_count_for_the_breaker_as_sends_do(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_channel_queues_outcome outcome;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char id[] = "m0", channel[] = "A0";

        id[1] = channel[1] = (char)('0' + i);
        add(queues, id, "draft", channel);
        admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, id), 0, true, 0);
        outcome = look(queues, expect(queues, 0, PS_CHANNEL_QUEUES_LOOK, id), PS_SLACK_FAILED,
                       PS_FAILURE_NETWORK, 0);
        assert_int_equal(outcome.circuit_opened, i == 4);
    }
    expect_nothing(queues, 59999);
    ps_channel_queues_destroy(queues);
}

/* Slack is away for long: after the last look without an answer the message is sent, and that
 * send is the trial. To close the circuit would announce that Slack takes messages again. */
static void a_look_that_gives_up_does_not_close_the_circuit(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_channel_queues_outcome outcome;
    struct ps_outgoing_message *message;
    enum ps_channel_queues_move move;
    int64_t now_ms = 0;
    int sends = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char id[] = "m0", channel[] = "A0";

        id[1] = channel[1] = (char)('0' + i);
        add(queues, id, "draft", channel);
        admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, id), 0, true, 0);
        (void)look(queues, expect(queues, 0, PS_CHANNEL_QUEUES_LOOK, id), PS_SLACK_FAILED,
                   PS_FAILURE_NETWORK, 0);
    }
    for (int turn = 0; turn < 40 && sends < 3; turn++) {
        now_ms += 60000;
        while ((move = ps_channel_queues_next(queues, now_ms, true, &message)) !=
               PS_CHANNEL_QUEUES_NOTHING) {
            if (move == PS_CHANNEL_QUEUES_ADMIT) {
                admit(queues, message, 0, false, now_ms);
                continue;
            }
            outcome = move == PS_CHANNEL_QUEUES_LOOK
                          ? look(queues, message, PS_SLACK_FAILED, PS_FAILURE_NETWORK, now_ms)
                          : lose(queues, message, now_ms);
            sends += move == PS_CHANNEL_QUEUES_SEND;
            assert_false(outcome.circuit_closed);
            assert_int_not_equal(ps_channel_queues_circuit(queues)->state, PS_BREAKER_CLOSED);
        }
    }
    assert_int_equal(sends, 3); /* it does not hold the messages without end */
    ps_channel_queues_destroy(queues);
}

static void who_claimed_it_before_says_whether_to_look(void **state)
{
    static const struct {
        enum ps_claim claim;
        bool again; /* this notifier had claimed it in this life */
        enum ps_channel_queues_move move;
    } rows[] = {
        {PS_CLAIM_MINE,       false, PS_CHANNEL_QUEUES_SEND},
        { PS_CLAIM_KEPT,      false, PS_CHANNEL_QUEUES_LOOK}, /* an earlier life of ours had it */
        { PS_CLAIM_INHERITED, false, PS_CHANNEL_QUEUES_LOOK},
        { PS_CLAIM_KEPT,      true,  PS_CHANNEL_QUEUES_SEND},
        { PS_CLAIM_INHERITED, true,  PS_CHANNEL_QUEUES_LOOK},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_channel_queues *queues = make();
        int64_t now_ms = 0;

        ps_channel_queues_share(queues, false);
        add(queues, "o1", "draft", "A");
        if (rows[i].again) {
            ps_channel_queues_claimed(queues, expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"),
                                      PS_CLAIM_MINE, 0, &(struct ps_channel_queues_outcome){ 0 });
            now_ms = PS_CHANNEL_QUEUES_CLAIM_MS;
        }
        ps_channel_queues_claimed(queues, expect(queues, now_ms, PS_CHANNEL_QUEUES_CLAIM, "o1"),
                                  rows[i].claim, now_ms, &(struct ps_channel_queues_outcome){ 0 });
        (void)expect(queues, now_ms, rows[i].move, "o1");
        ps_channel_queues_destroy(queues);
    }
}

static void of_what_may_go_alerts_go_first_then_what_is_for_a_person(void **state)
{
    struct ps_channel_queues *queues = make();

    (void)state;
    ps_channel_queues_share(queues, false);
    add(queues, "m1", "draft", "#papers");
    add(queues, "m2", "reply", "U123");
    add(queues, "m3", "draft", "C456");
    add(queues, "m4", "ops_alert", "#ops");
    add(queues, "m5", "watchlist", "D789");
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m4");
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m5");
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m2");
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m3");
    (void)expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m1");
    ps_channel_queues_destroy(queues);
}

static void claim(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                  enum ps_claim claim, int64_t now_ms)
{
    struct ps_channel_queues_outcome outcome;

    ps_channel_queues_claimed(queues, message, claim, now_ms, &outcome);
}

static bool elsewhere(struct ps_channel_queues *queues, struct ps_outgoing_message *message,
                      int64_t now_ms)
{
    return ps_channel_queues_admitted(
        queues, message, &(struct ps_admission){ .wait_ms = 1000, .elsewhere = true }, now_ms);
}

/* A lost its channel to B after it had claimed o1. Row and channel as the outbox and Redis keep
   them: without a release B would never get o1, and A never the channel. */
static void a_claim_is_not_kept_without_the_channel(void **state)
{
    struct ps_channel_queues *a = make(), *b = make();
    struct ps_outgoing_message *message;
    int64_t now_ms = 0;

    (void)state;
    add(a, "o1", "draft", "C");
    claim(a, expect(a, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_MINE, 0);
    add(b, "o1", "draft", "C");
    claim(b, expect(b, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_TAKEN, 0);
    assert_true(elsewhere(a, expect(a, 0, PS_CHANNEL_QUEUES_ADMIT, "o1"), 0)); /* released now */
    for (; now_ms < 300000; now_ms += 1000) { /* asks for the channel, and for nothing else */
        if (now_ms > 0)
            assert_false(elsewhere(a, expect(a, now_ms, PS_CHANNEL_QUEUES_ADMIT, "o1"), now_ms));
        expect_nothing(a, now_ms + 999);
    }
    message = expect(b, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_CLAIM, "o1");
    claim(b, message, PS_CLAIM_MINE, PS_CHANNEL_QUEUES_DEFER_MS);
    admit(b, expect(b, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_ADMIT, "o1"), 0, false,
          PS_CHANNEL_QUEUES_DEFER_MS);
    finish(b, expect(b, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_SEND, "o1"));
    message = expect(a, now_ms, PS_CHANNEL_QUEUES_ADMIT, "o1"); /* b is done with the channel */
    admit(a, message, 0, false, now_ms);
    claim(a, expect(a, now_ms, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_SENT, now_ms);
    ps_channel_queues_forget(a, message);
    ps_channel_queues_destroy(a);
    ps_channel_queues_destroy(b);
}

static void an_old_claim_is_renewed_only_with_the_channel(void **state)
{
    struct ps_channel_queues *queues = make();

    (void)state;
    add(queues, "o1", "draft", "C");
    claim(queues, expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_MINE, 0);
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "o1"), 30000, false, 0);
    admit(queues, expect(queues, 30000, PS_CHANNEL_QUEUES_ADMIT, "o1"), 0, false, 30000);
    claim(queues, expect(queues, 30000, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_KEPT, 30000);
    (void)expect(queues, 30000, PS_CHANNEL_QUEUES_SEND, "o1");
    ps_channel_queues_destroy(queues);
}

static void what_another_claimed_keeps_its_place(void **state)
{
    struct ps_channel_queues *queues = make();
    struct ps_outgoing_message *message;

    (void)state;
    add(queues, "o1", "draft", "C");
    add(queues, "o2", "draft", "C");
    add(queues, "m3", "reply", "C");
    claim(queues, expect(queues, 0, PS_CHANNEL_QUEUES_CLAIM, "o1"), PS_CLAIM_TAKEN, 0);
    admit(queues, expect(queues, 0, PS_CHANNEL_QUEUES_ADMIT, "m3"), 0, false,
          0); /* no message of the outbox */
    finish(queues, expect(queues, 0, PS_CHANNEL_QUEUES_SEND, "m3"));
    expect_nothing(queues, PS_CHANNEL_QUEUES_DEFER_MS - 1);
    message = expect(queues, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_CLAIM, "o1");
    claim(queues, message, PS_CLAIM_INHERITED, PS_CHANNEL_QUEUES_DEFER_MS);
    admit(queues, expect(queues, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_ADMIT, "o1"), 0,
          false, PS_CHANNEL_QUEUES_DEFER_MS);
    message = expect(queues, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_LOOK, "o1");
    (void)look(queues, message, PS_SLACK_FOUND, PS_FAILURE_UNKNOWN, PS_CHANNEL_QUEUES_DEFER_MS);
    ps_channel_queues_forget(queues, message);
    (void)expect(queues, PS_CHANNEL_QUEUES_DEFER_MS, PS_CHANNEL_QUEUES_CLAIM, "o2");
    ps_channel_queues_destroy(queues);
}

/* Ten minutes in which Slack does not answer, at the default settings, then it does; time is the
   test's. doubtful: requests leave and nothing comes back, looks included. */
static void ride_out(bool doubtful)
{
    enum { MESSAGES = 100, CHANNELS = 20, MINUTES = 10 };
    struct ps_channel_queues *queues =
        ps_channel_queues_create(&(struct ps_channel_queues_options){ .interval_ms = 1000,
                                                                      .max_retries = 8,
                                                                      .retry_base_ms = 1000,
                                                                      .breaker_threshold = 5,
                                                                      .breaker_cooldown_ms = 60000,
                                                                      .access_cooldown_ms = 60000,
                                                                      .can_look = true });
    struct ps_slack_response no = { .next = PS_SLACK_RETRY, .doubtful = doubtful };
    struct ps_slack_look blind = { .seen = PS_SLACK_FAILED };
    int64_t now_ms = 0, back_ms = (int64_t)MINUTES * 60000;
    int sent = 0, requests = 0;

    (void)ps_fail(&no.err, PS_FAILURE_TIMEOUT, 0, "no answer");
    (void)ps_fail(&blind.err, PS_FAILURE_TIMEOUT, 0, "no answer");
    for (int i = 0; i < MESSAGES; i++) {
        char id[16], channel[16];

        (void)snprintf(id, sizeof(id), "m%d", i);
        (void)snprintf(channel, sizeof(channel), "C%d", i % CHANNELS);
        add(queues, id, "draft", channel);
    }
    while (sent < MESSAGES) {
        struct ps_outgoing_message *message;
        struct ps_channel_queues_outcome outcome = { .close = PS_CLOSE_NOT };
        struct ps_channel_queues_time time = { now_ms, 0.5 };
        enum ps_channel_queues_move what = ps_channel_queues_next(queues, now_ms, true, &message);

        if (what == PS_CHANNEL_QUEUES_NOTHING) {
            int64_t wake_ms = ps_channel_queues_wake_ms(queues, now_ms, true);

            assert_true(wake_ms > now_ms && wake_ms < 3600000); /* it never stands still */
            now_ms = wake_ms;
            continue;
        }
        requests += now_ms < back_ms;
        if (what == PS_CHANNEL_QUEUES_LOOK)
            ps_channel_queues_looked(
                queues, message,
                now_ms < back_ms ? &blind : &(struct ps_slack_look){ .seen = PS_SLACK_ABSENT },
                time, &outcome);
        else
            ps_channel_queues_answered(
                queues, message,
                now_ms < back_ms ? &no : &(struct ps_slack_response){ .next = PS_SLACK_SENT }, time,
                &outcome);
        assert_int_not_equal(outcome.close, PS_CLOSE_DEAD);
        if (outcome.close == PS_CLOSE_SENT) {
            assert_true(now_ms >= back_ms);
            ps_channel_queues_forget(queues, message);
            sent++;
        }
    }
    printf("%d messages, %s for %d min: %d requests meanwhile, all said %lld s after it was back\n",
           MESSAGES, doubtful ? "silence" : "no connection", MINUTES, requests,
           (long long)(now_ms - back_ms) / 1000);
    assert_in_range(requests, MINUTES - 1, 5 + MINUTES);
    assert_in_range(now_ms - back_ms, 0, 60000 + 60000 + (MESSAGES / CHANNELS) * 1000);
    assert_int_equal(ps_channel_queues_held(queues), 0);
    ps_channel_queues_destroy(queues);
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
        cmocka_unit_test(looks_count_for_the_breaker_as_sends_do),
        cmocka_unit_test(a_look_that_gives_up_does_not_close_the_circuit),
        cmocka_unit_test(who_claimed_it_before_says_whether_to_look),
        cmocka_unit_test(a_claim_is_not_kept_without_the_channel),
        cmocka_unit_test(an_old_claim_is_renewed_only_with_the_channel),
        cmocka_unit_test(what_another_claimed_keeps_its_place),
        cmocka_unit_test(ten_minutes_without_slack_lose_nothing),
        cmocka_unit_test(of_what_may_go_alerts_go_first_then_what_is_for_a_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
