#include "notifier/core/slack_event.h"

#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AUTH "\"authorizations\":[{\"user_id\":\"UBOT\",\"is_bot\":true}]"

#define FROM         "\"user\":\"U1\",\"channel\":\"D1\",\"ts\":\"1.2\","
#define WHERE(place) "\"type\":\"message\",\"channel_type\":\"" place "\"," FROM
#define IM           WHERE("im")
#define MPIM         WHERE("mpim")
#define MENTION      "\"type\":\"app_mention\"," FROM
#define THREAD       "\"thread_ts\":\"0.9\""

static char *callback(const char *event)
{
    return ps_alloc_format(
        "{\"type\":\"event_callback\",\"event_id\":\"Ev1\"," AUTH ",\"event\":{%s}}", event);
}

static void what_is_inbound(void **state)
{
    static const struct {
        const char *event;
        enum ps_place place;
        const char *words, *thread_ts;
    } rows[] = {
        {IM "\"text\":\" watchlist  add K\\u00f6ppe \"",                 PS_PLACE_DIRECT,  "watchlist  add Köppe",
         NULL                                                                                                            },
        { IM "\"text\":\"\u00a0why\u00a0 42\u2009\"",                    PS_PLACE_DIRECT,  "why  42",
         NULL                                                                                                            }, /* as copied */
        { IM "\"text\":\"hey <@UBOT> status\"," THREAD,                  PS_PLACE_DIRECT,  "status",                "0.9"},
        { MENTION "\"text\":\"<@UBOT> `status`\"",                       PS_PLACE_CHANNEL, "status",                NULL },
        { MENTION "\"text\":\"<@UBOT|paperscout>, \"",                   PS_PLACE_CHANNEL, "",                      NULL },
        { MENTION "\"text\":\"x <@UBOT>: help\"," THREAD,                PS_PLACE_CHANNEL, "help",                  "0.9"},
        { MPIM "\"text\":\"<@UBOT> &lt;a&gt; &amp;amp;\"",               PS_PLACE_GROUP,   "<a> &amp;",             NULL },
        { MPIM "\"text\":\"<@UBOT> <http://x|x.org> <mailto:a@b|a@b>\"", PS_PLACE_GROUP,
         "x.org a@b",                                                                                               NULL },
        { MPIM "\"text\":\"<@UBOT> <http://x> <#C1|p> <!here>\"",        PS_PLACE_GROUP,   "http://x #p",
         NULL                                                                                                            },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *body = callback(rows[i].event);
        struct ps_slack_event event;
        struct ps_err err;

        assert_true(ps_slack_event_read(body, strlen(body), &event, &err));
        assert_int_equal(event.call, PS_SLACK_INBOUND);
        assert_string_equal(event.inbound.id, "Ev1");
        assert_string_equal(strchr(event.inbound.said, ':'), ":1.2");
        assert_int_equal(event.inbound.place, rows[i].place);
        assert_string_equal(event.inbound.user, "U1");
        assert_string_equal(event.inbound.words, rows[i].words);
        assert_false(event.inbound.slash);
        if (rows[i].thread_ts == NULL)
            assert_null(event.inbound.thread_ts);
        else
            assert_string_equal(event.inbound.thread_ts, rows[i].thread_ts);
        ps_slack_event_clear(&event);
        free(body);
    }
}

static void what_is_not_for_us(void **state)
{
    static const struct {
        const char *event, *why;
    } rows[] = {
        {IM "\"text\":\"a\",\"bot_id\":\"B1\"",                                        "bot"    },
        { IM "\"text\":\"a\",\"bot_profile\":{}",                                      "bot"    },
        { MENTION "\"text\":\"<@UBOT> help\",\"bot_id\":\"B1\"",                       "bot"    },
        { IM "\"text\":\"a\",\"subtype\":\"message_changed\"",                         "subtype"},
        { MENTION "\"text\":\"<@UBOT> a\",\"subtype\":\"bot_message\"",                "subtype"},
        { MPIM "\"text\":\"status\"",                                                  "unnamed"},
        { MPIM "\"text\":\"<@UBOTX> status\"",                                         "unnamed"},
        { WHERE("channel") "\"text\":\"<@UBOT> status\"",                              "place"  },
        { WHERE("group") "\"text\":\"<@UBOT> status\"",                                "place"  },
        { "\"type\":\"message\"," FROM "\"text\":\"status\"",                          "place"  },
        { "\"type\":\"reaction_added\"," FROM "\"text\":\"status\"",                   "type"   },
        { IM "\"text\":7",                                                             "text"   },
        { "\"type\":\"app_mention\",\"channel\":\"D1\",\"ts\":\"1.2\",\"text\":\"a\"", "fields" },
        { "\"type\":\"app_mention\",\"user\":\"U 1\",\"ts\":\"1.2\",\"text\":\"a\"",   "fields" },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *body = callback(rows[i].event);
        struct ps_slack_event event;
        struct ps_err err;

        assert_true(ps_slack_event_read(body, strlen(body), &event, &err));
        assert_int_equal(event.call, PS_SLACK_IGNORED);
        assert_string_equal(event.why, rows[i].why);
        ps_slack_event_clear(&event);
        free(body);
    }
}

static void without_our_id_a_leading_name_counts(void **state)
{
    static const char named[] =
        "{\"type\":\"event_callback\",\"event_id\":\"Ev1\",\"event\":{\"type\":\"message\","
        "\"channel_type\":\"mpim\",\"user\":\"U1\",\"channel\":\"G1\",\"ts\":\"1.2\",\"text\":\" "
        "<@U7> "
        "status\"}}";
    struct ps_slack_event event;
    struct ps_err err;

    (void)state;
    assert_true(ps_slack_event_read(named, strlen(named), &event, &err));
    assert_int_equal(event.call, PS_SLACK_INBOUND);
    assert_string_equal(event.inbound.words, "status");
    ps_slack_event_clear(&event);
}

static void a_challenge_is_given_back(void **state)
{
    static const char body[] =
        "{\"token\":\"x\",\"challenge\":\"3eZbrw\",\"type\":\"url_verification\"}";
    struct ps_slack_event event;
    struct ps_err err;

    (void)state;
    assert_true(ps_slack_event_read(body, strlen(body), &event, &err));
    assert_int_equal(event.call, PS_SLACK_CHALLENGE);
    assert_string_equal(event.challenge, "3eZbrw");
    ps_slack_event_clear(&event);
}

static void what_slack_never_sends_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"type\":\"url_verification\"}",
        "{\"type\":\"url_verification\",\"challenge\":{}}",
        "{\"type\":\"event_callback\",\"event_id\":\"Ev1\"}",
        "{\"type\":\"event_callback\",\"event\":{}}",
        "{\"type\":\"event_callback\",\"event_id\":\"Ev 1\",\"event\":{}}",
        "{\"type\":\"event_callback\",\"event_id\":\"Ev1\",\"event\":{}} x",
        "\xff",
    };
    struct ps_slack_event event;
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_false(ps_slack_event_read(rows[i], strlen(rows[i]), &event, &err));
        assert_int_equal(err.category, PS_FAILURE_UNKNOWN);
        assert_int_equal(err.code, 0);
    }
    assert_false(ps_slack_event_read("{\"type\":\"\xff\"}", 12, &event, &err));
    assert_string_equal(err.what, "not UTF-8");
    assert_int_equal(err.code, 0);
    assert_true(ps_slack_event_read("{\"type\":\"app_rate_limited\"}", 27, &event, &err));
    assert_int_equal(event.call, PS_SLACK_IGNORED);
}

static void a_slash_command_is_answered_to_its_person(void **state)
{
    static const struct {
        const char *name;
        enum ps_place place;
    } rows[] = {
        {"directmessage",   PS_PLACE_DIRECT },
        { "mpdm-a--b--c-1", PS_PLACE_GROUP  },
        { "privategroup",   PS_PLACE_CHANNEL},
        { "general",        PS_PLACE_CHANNEL},
        { "",               PS_PLACE_CHANNEL}
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *body =
            ps_alloc_format("token=x&command=%%2Fpaperscout&trigger_id=13.7.ab&user_id=U1&"
                            "channel_id=C9&channel_name=%s&text=watchlist+add+K%%C3%%B6ppe",
                            rows[i].name);
        struct ps_slack_event event;
        struct ps_err err;

        assert_true(ps_slack_slash_read(body, strlen(body), &event, &err));
        assert_int_equal(event.call, PS_SLACK_INBOUND);
        assert_true(event.inbound.slash);
        assert_int_equal(event.inbound.place, rows[i].place);
        assert_string_equal(event.inbound.id, "/13.7.ab");
        assert_string_equal(event.inbound.channel, "U1");
        assert_string_equal(event.inbound.words, "watchlist add Köppe");
        assert_null(event.inbound.thread_ts);
        ps_slack_event_clear(&event);
        free(body);
    }
}

static void a_look_at_our_certificate_is_no_command(void **state)
{
    (void)state;
    assert_true(ps_slack_is_ssl_check("ssl_check=1&token=x", 19));
    assert_false(ps_slack_is_ssl_check("ssl_check=&token=x", 18));
    assert_false(ps_slack_is_ssl_check("text=ssl_check%3D1&token=ssl_check", 34));
    assert_false(ps_slack_is_ssl_check("", 0));
}

static void a_slash_command_needs_its_fields(void **state)
{
    static const char *const rows[] = { "",
                                        "user_id=U1&text=status",
                                        "trigger_id=1&text=status",
                                        "trigger_id=&user_id=U1",
                                        "trigger_id=1&user_id=U%0a1",
                                        "{\"user_id\":\"U1\"}" };
    struct ps_slack_event event;
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_false(ps_slack_slash_read(rows[i], strlen(rows[i]), &event, &err));
}

static void words_are_cut_at_a_whole_character(void **state)
{
    char text[2 * PS_INBOUND_EVENT_WORDS_MAX];
    char *plain;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "ö", 2);
    plain = ps_slack_plain(text + 1, sizeof(text) - 1); /* begins in the middle of one */
    assert_true(strlen(plain) <= PS_INBOUND_EVENT_WORDS_MAX &&
                strlen(plain) > PS_INBOUND_EVENT_WORDS_MAX - 3);
    assert_int_equal(strncmp(plain, "\xef\xbf\xbdö", 5), 0);
    free(plain);
}

static void places_and_sources_are_read_as_they_are_stored(void **state)
{
    static const enum ps_place places[] = { PS_PLACE_DIRECT, PS_PLACE_GROUP, PS_PLACE_CHANNEL };
    static const enum ps_source sources[] = { PS_SOURCE_MESSAGE, PS_SOURCE_HOME, PS_SOURCE_MODAL };
    enum ps_place place = PS_PLACE_DIRECT;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(places); i++) {
        assert_true(ps_place_parse(ps_place_name(places[i]), &place));
        assert_int_equal(place, places[i]);
    }
    assert_false(ps_place_parse("moon", &place));
    for (size_t i = 0; i < PS_COUNT_OF(sources); i++)
        assert_int_equal(ps_source_parse(ps_source_name(sources[i])), sources[i]);
    assert_int_equal(ps_source_parse("moon"), PS_SOURCE_MESSAGE);
    assert_int_equal(ps_source_parse(NULL), PS_SOURCE_MESSAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_inbound),
        cmocka_unit_test(what_is_not_for_us),
        cmocka_unit_test(without_our_id_a_leading_name_counts),
        cmocka_unit_test(a_challenge_is_given_back),
        cmocka_unit_test(what_slack_never_sends_is_refused),
        cmocka_unit_test(a_slash_command_is_answered_to_its_person),
        cmocka_unit_test(a_look_at_our_certificate_is_no_command),
        cmocka_unit_test(a_slash_command_needs_its_fields),
        cmocka_unit_test(words_are_cut_at_a_whole_character),
        cmocka_unit_test(places_and_sources_are_read_as_they_are_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
