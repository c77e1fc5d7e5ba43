#include "notifier/core/dead_letter.h"

#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-23T09:05:07Z */
#define WALL_MS INT64_C(1795424707000)

static struct ps_outgoing_message *make(void)
{
    static const char raw[] =
        "{\"id\":\"o7\",\"kind\":\"draft\",\"channel\":\"C1\",\"text\":\"D1R0 is there\","
        "\"thread_ts\":null,\"created_at\":\"2026-11-23T09:00:00Z\",\"trace\":\"t-1\"}";
    struct ps_err err;
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), &err);

    assert_non_null(message);
    message->attempts = 9;
    memcpy(message->reason, "is_archived", 12);
    return message;
}

static void a_letter_says_what_and_why(void **state)
{
    struct ps_outgoing_message *message = make();
    char *text = ps_dead_letter_format(message, WALL_MS);
    struct ps_dead_letter letter;

    (void)state;
    ps_dead_letter_parse(text, strlen(text), &letter);
    assert_string_equal(letter.id, "o7");
    assert_string_equal(letter.kind, "draft");
    assert_string_equal(letter.channel, "C1");
    assert_string_equal(letter.text, "D1R0 is there");
    assert_string_equal(letter.reason, "is_archived");
    assert_int_equal(letter.attempts, 9);
    assert_int_equal(letter.dead_ms, WALL_MS);
    assert_string_equal(ps_json_text(letter.json, "trace"), "t-1");
    ps_dead_letter_clear(&letter);
    free(text);
    ps_outgoing_message_destroy(message);
}

static void a_replayed_letter_is_the_message_again(void **state)
{
    struct ps_outgoing_message *message = make(), *again;
    char *text = ps_dead_letter_format(message, WALL_MS), *replay;
    struct ps_dead_letter letter;
    struct ps_err err;

    (void)state;
    ps_dead_letter_parse(text, strlen(text), &letter);
    replay = ps_dead_letter_replay(&letter);
    again = ps_outgoing_message_parse(replay, strlen(replay), &err);
    assert_non_null(again);
    assert_string_equal(again->content.id, "o7");
    assert_string_equal(again->content.text, message->content.text);
    assert_string_equal(again->content.trace, "t-1");
    assert_int_equal(again->content.created_ms, message->content.created_ms);
    assert_int_equal(again->content.kind, PS_MESSAGE_DRAFT);
    assert_null(strstr(replay, "reason"));
    ps_outgoing_message_destroy(again);
    free(replay);
    ps_dead_letter_clear(&letter);
    free(text);
    ps_outgoing_message_destroy(message);
}

static void a_replayed_letter_loses_nothing_of_its_message(void **state)
{
    static const char raw[] = "{\"id\":\"o7\",\"kind\":\"dp_transition\",\"channel\":\"#p\","
                              "\"text\":\"new\",\"thread_ts\":"
                              "\"1.2\",\"broadcast\":true,\"update_ts\":\"1.2\",\"update_channel\":"
                              "\"C1\",\"update_text\":"
                              "\"all\"}";
    struct ps_err err;
    struct ps_outgoing_message *message = ps_outgoing_message_parse(raw, strlen(raw), &err), *again;
    struct ps_dead_letter letter;
    char *text, *replay;

    (void)state;
    assert_non_null(message);
    text = ps_dead_letter_format(message, WALL_MS);
    ps_dead_letter_parse(text, strlen(text), &letter);
    replay = ps_dead_letter_replay(&letter);
    again = ps_outgoing_message_parse(replay, strlen(replay), &err);
    assert_non_null(again);
    assert_true(again->content.broadcast);
    assert_string_equal(again->content.thread_ts, "1.2");
    assert_string_equal(again->content.update_ts, "1.2");
    assert_string_equal(again->content.update_channel, "C1");
    assert_string_equal(again->content.update_text, "all");
    assert_null(strstr(replay, "reason"));
    assert_null(strstr(replay, "attempts"));
    assert_null(strstr(replay, "dead_at"));
    ps_outgoing_message_destroy(again);
    free(replay);
    ps_dead_letter_clear(&letter);
    free(text);
    ps_outgoing_message_destroy(message);
}

static void what_is_no_message_is_kept_as_it_is(void **state)
{
    static const char raw[] = "{\"id\":\"o9\",\"kind\":7,\"channel\":\"\",\"text\":\"hi\"}";
    char *text = ps_dead_letter_format_raw(raw, strlen(raw), "channel: missing", WALL_MS);
    struct ps_dead_letter letter;
    char *replay;

    (void)state;
    ps_dead_letter_parse(text, strlen(text), &letter);
    assert_string_equal(letter.id, "o9");
    assert_string_equal(letter.kind, "");
    assert_string_equal(letter.reason, "channel: missing");
    assert_string_equal(letter.text, raw);
    replay = ps_dead_letter_replay(&letter);
    assert_string_equal(replay, raw);
    free(replay);
    ps_dead_letter_clear(&letter);
    free(text);
}

static void bytes_that_are_no_text_still_make_a_letter(void **state)
{
    static const char raw[] = "\xFF\x00\x01 {";
    char *text = ps_dead_letter_format_raw(raw, sizeof(raw) - 1, "no JSON", WALL_MS);
    struct ps_dead_letter letter;

    (void)state;
    ps_dead_letter_parse(text, strlen(text), &letter);
    assert_non_null(letter.json);
    assert_string_equal(letter.reason, "no JSON");
    ps_dead_letter_clear(&letter);
    free(text);
}

static void an_entry_written_by_hand_shows_empty_fields(void **state)
{
    static const char *const rows[] = { "", "[1]", "no JSON", "{\"id\":5,\"attempts\":\"x\"}" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_dead_letter letter;
        char *replay;

        ps_dead_letter_parse(rows[i], strlen(rows[i]), &letter);
        assert_string_equal(letter.id, "");
        assert_string_equal(letter.text, "");
        assert_int_equal(letter.attempts, 0);
        assert_int_equal(letter.dead_ms, 0);
        replay = ps_dead_letter_replay(&letter);
        assert_true((replay != NULL) == (letter.json != NULL));
        free(replay);
        ps_dead_letter_clear(&letter);
    }
}

static void what_could_be_read_of_an_entry_that_is_no_message_is_kept(void **state)
{
    static const char raw[] = "{\"id\":\"o7\",\"kind\":\"draft\",\"channel\":\"C1\",\"text\":5,"
                              "\"trace\":\"t-1\",\"created_at\":\"never\"}";
    char *text = ps_dead_letter_format_raw(raw, strlen(raw), "no text", WALL_MS), *replay;
    struct ps_dead_letter letter;

    (void)state;
    ps_dead_letter_parse(text, strlen(text), &letter);
    assert_string_equal(letter.id, "o7");
    assert_string_equal(letter.kind, "draft");
    assert_string_equal(letter.channel, "C1");
    assert_string_equal(letter.reason, "no text");
    assert_string_equal(letter.text, raw);
    assert_string_equal(ps_json_text(letter.json, "trace"), "t-1");
    assert_int_equal(letter.attempts, 0);
    assert_int_equal(letter.created_ms, 0);
    assert_int_equal(letter.dead_ms, WALL_MS);
    replay = ps_dead_letter_replay(&letter);
    assert_string_equal(replay, raw);
    free(replay);
    ps_dead_letter_clear(&letter);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_says_what_and_why),
        cmocka_unit_test(a_replayed_letter_is_the_message_again),
        cmocka_unit_test(a_replayed_letter_loses_nothing_of_its_message),
        cmocka_unit_test(what_is_no_message_is_kept_as_it_is),
        cmocka_unit_test(bytes_that_are_no_text_still_make_a_letter),
        cmocka_unit_test(an_entry_written_by_hand_shows_empty_fields),
        cmocka_unit_test(what_could_be_read_of_an_entry_that_is_no_message_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
