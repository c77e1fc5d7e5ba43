#include "notifier/core/outgoing_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void an_outbox_id_is_o_and_digits(void **state)
{
    static const struct {
        const char *id;
        bool outbox;
    } rows[] = {
        {"o1",           true },
        { "o123456",     true },
        { "o",           false},
        { "m1",          false},
        { "o1x",         false},
        { "O1",          false},
        { "",            false},
        { "o-1",         false},
        { "1",           false},
        { "ops-stale-1", false},
        { "o 1",         false}
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(ps_outgoing_message_is_outbox(rows[i].id), rows[i].outbox);
}

static void a_message_keeps_the_text_it_was_taken_as(void **state)
{
    static const char raw[] =
        "{ \"text\":\"hi\", \"kind\":\"manual\",\"id\":\"o7\",  \"channel\":\"C1\"}";
    struct ps_err err;
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), &err);

    (void)state;
    assert_non_null(message);
    assert_string_equal(message->raw, raw);
    assert_int_equal(message->raw_len, strlen(raw));
    assert_true(message->outbox);
    assert_string_equal(message->content.channel, "C1");
    ps_outgoing_message_destroy(message);
}

static void what_is_no_notice_is_refused_with_a_reason(void **state)
{
    static const char *const rows[] = {
        "",
        "not JSON",
        "[]",
        "{}",
        "{\"id\":\"m1\",\"kind\":\"manual\",\"channel\":\"\",\"text\":\"hi\"}",
        "{\"id\":\"m1\",\"kind\":7,\"channel\":\"C1\",\"text\":\"hi\"}",
        "{\"id\":1,\"kind\":\"manual\",\"channel\":\"C1\",\"text\":\"hi\"}",
        "{\"id\":\"m1\",\"kind\":\"manual\",\"channel\":\"C1\"}",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_err err = { .what = "" };

        assert_null(ps_outgoing_message_parse(rows[i], strlen(rows[i]), &err));
        assert_string_not_equal(err.what, "");
    }
}

static struct ps_outgoing_message *parsed(const char *raw)
{
    struct ps_err err = { .what = "" };
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), &err);

    if (message == NULL)
        fail_msg("%s", err.what);
    return message;
}

/* What Slack refuses is left out of the next try, and only once: then the message has to end. */
static void what_is_dropped_is_dropped_once(void **state)
{
    struct ps_outgoing_message *message =
        parsed("{\"id\":\"m1\",\"kind\":\"draft\",\"channel\":\"C1\",\"text\":\"x\","
               "\"thread_ts\":\"1.2\",\"broadcast\":true,\"update_ts\":\"1.3\","
               "\"update_channel\":\"C2\",\"update_text\":\"y\","
               "\"response_url\":\"https://h/r\",\"trace\":\"t-1\"}");
    struct ps_outgoing_message *copy = ps_outgoing_message_own(&message->content);

    (void)state;
    ps_outgoing_message_destroy(message);
    message = copy;
    assert_string_equal(ps_outgoing_message_trace(message), "t-1");
    assert_true(ps_outgoing_message_drop_update(message));
    assert_null(message->content.update_ts);
    assert_null(message->content.update_channel);
    assert_null(message->content.update_text);
    assert_false(ps_outgoing_message_drop_update(message));
    assert_true(ps_outgoing_message_drop_response_url(message));
    assert_false(ps_outgoing_message_drop_response_url(message));
    assert_true(ps_outgoing_message_drop_thread(message));
    assert_null(message->content.thread_ts);
    assert_false(message->content.broadcast);
    assert_false(ps_outgoing_message_drop_thread(message));
    assert_true(ps_outgoing_message_drop_blocks(message));
    assert_false(ps_outgoing_message_drop_blocks(message));
    ps_outgoing_message_destroy(message);
}

/* A reply in a thread alone is never said to the whole channel. */
static void a_thread_without_a_broadcast_stays(void **state)
{
    struct ps_outgoing_message *message =
        parsed("{\"id\":\"m1\",\"kind\":\"reply\",\"channel\":\"C1\",\"text\":\"x\","
               "\"thread_ts\":\"1.2\"}");

    (void)state;
    assert_string_equal(ps_outgoing_message_trace(message), "");
    assert_false(ps_outgoing_message_drop_thread(message));
    assert_string_equal(message->content.thread_ts, "1.2");
    ps_outgoing_message_destroy(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outbox_id_is_o_and_digits),
        cmocka_unit_test(a_message_keeps_the_text_it_was_taken_as),
        cmocka_unit_test(what_is_no_notice_is_refused_with_a_reason),
        cmocka_unit_test(what_is_dropped_is_dropped_once),
        cmocka_unit_test(a_thread_without_a_broadcast_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
