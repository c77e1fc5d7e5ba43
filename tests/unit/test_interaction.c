/* The table of interactions: what each button, menu, shortcut and modal does. */
#include "notifier/core/interaction.h"
#include "notifier/core/response_url.h"
#include "notifier/core/slack_team.h"
#include "notifier/core/user_command.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WHO     "\"team\":{\"id\":\"T1\"},\"user\":{\"id\":\"U1\",\"team_id\":\"T1\"}"
#define URL     "\"response_url\":\"https://hooks.slack.com/actions/T1/1/x\""
#define TRIGGER "\"trigger_id\":\"12.34.ab\""
#define IN_MESSAGE                                                                                 \
    "\"type\":\"block_actions\"," WHO "," URL "," TRIGGER                                          \
    ",\"container\":{\"type\":\"message\",\"message_ts\":\"17.5\",\"channel_id\":\"C1\"},"
#define IN_HOME                                                                                    \
    "\"type\":\"block_actions\"," WHO "," TRIGGER                                                  \
    ",\"container\":{\"type\":\"view\",\"view_id\":\"V1\"},"                                       \
    "\"view\":{\"id\":\"V1\",\"hash\":\"1.h\",\"type\":\"home\"},"
#define IN_MODAL                                                                                   \
    "\"type\":\"block_actions\"," WHO "," TRIGGER                                                  \
    ",\"view\":{\"id\":\"V2\",\"hash\":\"2.h\",\"type\":\"modal\"},"
#define BUTTON(id, value)                                                                          \
    "\"actions\":[{\"action_id\":\"" id "\",\"type\":\"button\",\"value\":\"" value "\"}]"
#define OPTION(value)                                                                              \
    "\"actions\":[{\"action_id\":\"menu\",\"type\":\"overflow\",\"selected_option\":{\"value\":"   \
    "\"" value "\"}}]"
#define SUBMIT(typed)                                                                              \
    "\"type\":\"view_submission\"," WHO "," TRIGGER                                                \
    ",\"view\":{\"id\":\"V2\",\"hash\":\"2.h\",\"type\":\"modal\",\"callback_id\":\"add_watch\","  \
    "\"state\":{\"values\":{\"entry\":{\"entry\":{\"type\":\"plain_text_input\",\"value\":"        \
    "\"" typed "\"}}}}}"
#define SHORTCUT(text)                                                                             \
    "\"type\":\"message_action\",\"callback_id\":\"why_message\"," WHO "," URL "," TRIGGER         \
    ",\"message_ts\":\"17.5\",\"message\":{\"text\":\"" text "\"}"

static bool read(const char *members, struct ps_slack_event *event)
{
    char *text = ps_alloc_format("{%s}", members);
    struct ps_err err = { .what = "" };
    cJSON *payload = ps_json_parse(text, strlen(text), &err);
    bool ok;

    assert_non_null(payload);
    ok = ps_interaction_read(payload, event, &err);
    assert_true(ok || err.what[0] != '\0');
    cJSON_Delete(payload);
    free(text);
    return ok;
}

static void each_action_is_a_command(void **state)
{
    static const struct {
        const char *payload, *words;
        enum ps_source source;
        enum ps_user_command_kind kind;
    } rows[] = {
        {IN_MESSAGE BUTTON("watch",     "P2300"),             "watch P2300",                                                  PS_SOURCE_MESSAGE,
         PS_USER_COMMAND_ADD },
        { IN_MESSAGE BUTTON("mute",                            "P2300"),                        "mute P2300",                                                   PS_SOURCE_MESSAGE,
         PS_USER_COMMAND_MUTE },
        { IN_MESSAGE BUTTON("snooze_day",          "P2300"),                             "snooze P2300 1d",                                                             PS_SOURCE_MESSAGE,
         PS_USER_COMMAND_MUTE },
        { IN_MESSAGE OPTION("watch LWG4000"),            "watch LWG4000",                                PS_SOURCE_MESSAGE,
         PS_USER_COMMAND_ADD                                                                                                     },
        { IN_MESSAGE OPTION("snooze_week N5007"),            "snooze N5007 1w",                                 PS_SOURCE_MESSAGE,
         PS_USER_COMMAND_MUTE},
        { IN_HOME BUTTON("remove",            "author k\u00f6ppe"),                                "unwatch author köppe",                                                                                             PS_SOURCE_HOME,
         PS_USER_COMMAND_REMOVE },
        { IN_HOME OPTION("remove subgroup lewg"),      "unwatch subgroup lewg",PS_SOURCE_HOME,
         PS_USER_COMMAND_REMOVE                                                                                                                                       },
        { IN_HOME BUTTON("unmute", "/a b+/"),                           "unmute /a b+/",                                                                                              PS_SOURCE_HOME,
         PS_USER_COMMAND_UNMUTE },
        { IN_HOME BUTTON("unmute",                    "all"),"unmute all",PS_SOURCE_HOME,                                                                                                                                           PS_USER_COMMAND_UNMUTE },
        { IN_HOME BUTTON("digest_off",      "x"), "digest off",                                                     PS_SOURCE_HOME,
         PS_USER_COMMAND_DIGEST_OFF },
        { IN_HOME "\"actions\":[{\"action_id\":\"digest_daily\",\"selected_time\":\"07:30\"}]",
         "digest daily 07:30",                     PS_SOURCE_HOME,                                                                          PS_USER_COMMAND_DIGEST_DAILY                                                                                                        },
        { SUBMIT("P2300 and N5007"),    "watch P2300 and N5007",                       PS_SOURCE_MODAL,
         PS_USER_COMMAND_ADD                                                                                                                                            },
        { SHORTCUT("*New draft* <https://x/D2300R1.pdf|D2300R1> by p2301r7, D2300R1"),
         "why D2300R1 P2301R7",                    PS_SOURCE_MESSAGE,PS_USER_COMMAND_WHY},
        { SHORTCUT("Good morning"),           "why message",                              PS_SOURCE_MESSAGE,                 PS_USER_COMMAND_WRONG                                                                                                                                           },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_event event;
        struct ps_user_command ask;

        assert_true(read(rows[i].payload, &event));
        assert_int_equal(event.call, PS_SLACK_INBOUND);
        assert_string_equal(event.inbound.words, rows[i].words);
        assert_int_equal(event.inbound.source, rows[i].source);
        assert_string_equal(event.inbound.id, "!12.34.ab");
        assert_string_equal(event.inbound.user, "U1");
        assert_string_equal(event.inbound.channel, "U1");
        assert_int_equal(event.inbound.place, PS_PLACE_DIRECT);
        assert_string_equal(event.installed_team, "T1");
        assert_string_equal(event.person_team, "T1");
        ps_user_command_parse(event.inbound.words, 1000, &ask);
        assert_int_equal(ask.kind, rows[i].kind);
        ps_slack_event_clear(&event);
    }
}

static void what_asks_for_nothing_is_ignored(void **state)
{
    static const char *const rows[] = {
        IN_MESSAGE BUTTON("open", "P2300"),
        IN_MESSAGE OPTION("open P2300"),
        IN_MESSAGE BUTTON("of_next_year", "P2300"),
        IN_MESSAGE OPTION("erase P2300"),
        IN_MESSAGE OPTION(""),
        IN_MESSAGE BUTTON("mute", ""),
        IN_MESSAGE OPTION("mute"),
        IN_MESSAGE OPTION("mute "),
        IN_MESSAGE BUTTON("why_message", "P2300"),
        "\"type\":\"message_action\",\"callback_id\":\"other\"," WHO "," TRIGGER,
        "\"type\":\"view_submission\"," WHO "," TRIGGER ",\"view\":{\"callback_id\":\"x\"}",
        "\"type\":\"view_closed\"," WHO,
        "\"type\":\"block_suggestion\"," WHO,
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_event event;

        assert_true(read(rows[i], &event));
        assert_int_equal(event.call, PS_SLACK_IGNORED);
        assert_non_null(event.why);
        ps_slack_event_clear(&event);
    }
}

static void what_slack_never_sends_is_refused(void **state)
{
    static const char *const rows[] = {
        "\"a\":1",
        "\"type\":7",
        "\"type\":\"block_actions\"," WHO "," TRIGGER,
        "\"type\":\"block_actions\"," WHO "," TRIGGER ",\"actions\":[{}]",
        "\"type\":\"block_actions\"," WHO "," BUTTON("mute", "P1"),
        "\"type\":\"block_actions\",\"user\":{\"id\":\"U 1\"}," TRIGGER "," BUTTON("mute", "P1"),
        "\"type\":\"block_actions\"," WHO "," BUTTON("add", "x"),
        "\"type\":\"block_actions\"," WHO "," TRIGGER "," BUTTON("entry", "x"),
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_event event;

        assert_false(read(rows[i], &event));
        assert_null(event.inbound.id);
        assert_null(event.view.user);
    }
}

static void views_are_asked_for(void **state)
{
    struct ps_slack_event event;

    (void)state;
    assert_true(read(IN_HOME BUTTON("add", "x"), &event));
    assert_int_equal(event.call, PS_SLACK_VIEW);
    assert_int_equal(event.view.act, PS_VIEW_ADD);
    assert_string_equal(event.view.trigger_id, "12.34.ab");
    ps_slack_event_clear(&event);
    assert_true(read(IN_MODAL BUTTON("entry", "P23"), &event));
    assert_int_equal(event.view.act, PS_VIEW_CHECK);
    assert_string_equal(event.view.view_id, "V2");
    assert_string_equal(event.view.view_hash, "2.h");
    assert_string_equal(event.view.typed, "P23");
    ps_slack_event_clear(&event);
}

/* The modal stays open and says what is wrong; nothing is stored. */
static void a_wrong_entry_is_answered_in_the_modal(void **state)
{
    static const struct {
        const char *payload, *part;
    } rows[] = {
        {SUBMIT("LEWG"), "subgroup LEWG"           },
        { SUBMIT("/(/"), "not a regular expression"},
        { SUBMIT(""),    "P2300"                   },
        { SUBMIT("x"),   "at least 2"              },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_event event;
        struct ps_err err;
        cJSON *json;
        const char *text;

        assert_true(read(rows[i].payload, &event));
        assert_int_equal(event.call, PS_SLACK_ANSWERED);
        json = ps_json_parse(event.answer, strlen(event.answer), &err);
        assert_string_equal(ps_json_text(json, "response_action"), "errors");
        text = ps_json_text(cJSON_GetObjectItem(json, "errors"), "entry");
        assert_non_null(strstr(text, rows[i].part));
        assert_null(strchr(text, '`'));
        cJSON_Delete(json);
        ps_slack_event_clear(&event);
    }
}

static char *said_of(const char *payload)
{
    struct ps_slack_event event;
    char *said;

    assert_true(read(payload, &event));
    said = ps_alloc_text(event.inbound.said);
    ps_slack_event_clear(&event);
    return said;
}

/* A second click has another trigger; what it means and where it was made is the same. */
static void a_second_click_says_the_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {IN_MESSAGE BUTTON("mute", "P1"),                     IN_MESSAGE OPTION("mute P1"), true },
        {  IN_MESSAGE BUTTON("mute",                   "P1"),  IN_MESSAGE BUTTON("mute",                        "P2"), false },
        { IN_MESSAGE BUTTON("mute",                   "P1"), IN_MESSAGE BUTTON("watch",                        "P1"), false },
        { IN_HOME BUTTON("mute",                   "P1"),  IN_MESSAGE BUTTON("mute",                        "P1"), false },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *a = said_of(rows[i].a), *b = said_of(rows[i].b);

        assert_int_equal(strcmp(a, b) == 0, rows[i].same);
        free(a);
        free(b);
    }
}

/* The menu of a message closes after a shortcut: a second use is a second question. */
static void each_use_of_a_shortcut_counts(void **state)
{
#define SHORTCUT_OF(trigger)                                                                       \
    "\"type\":\"message_action\",\"callback_id\":\"why_message\"," WHO                             \
    ",\"trigger_id\":\"" trigger "\",\"message_ts\":\"17.5\",\"message\":{\"text\":\"P1\"}"
    char *first = said_of(SHORTCUT_OF("7.1")), *retry = said_of(SHORTCUT_OF("7.1"));
    char *second = said_of(SHORTCUT_OF("7.2"));

    (void)state;
    assert_string_equal(first, retry);
    assert_string_not_equal(first, second);
    free(first);
    free(retry);
    free(second);
#undef SHORTCUT_OF
}

/* Members and guests of our workspace alike; nobody of another one, whatever they press. */
static void who_may(void **state)
{
    static const struct {
        const char *installed, *person;
        bool served;
    } rows[] = {
        {"T1",  "T1", true }, /* a member; a guest has the same */
        { "T1", NULL, true },
        { "T1", "T9", false}, /* Slack Connect */
        { "T9", "T9", false}, /* the app as installed elsewhere */
        { "T1", "T7", true }, /* SLACK_ALLOWED_TEAMS */
    };
    struct ps_slack_team team;

    (void)state;
    ps_slack_team_init(&team, "T7");
    ps_slack_team_set(&team, "T1", NULL);
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(ps_slack_team_serves(&team, rows[i].installed, rows[i].person),
                         rows[i].served);
    ps_slack_team_clear(&team);
}

static void answers_go_to_slack_alone(void **state)
{
    static const struct {
        const char *url, *api;
        bool ok;
    } rows[] = {
        {"https://hooks.slack.com/actions/T1/1/x", "https://slack.com/api/",     true },
        { "https://slack.com/x",                   "https://slack.com/api/",     true },
        { "http://hooks.slack.com/x",              "https://slack.com/api/",     false},
        { "https://hooks.slack.com.evil.org/x",    "https://slack.com/api/",     false},
        { "https://evil.org/hooks.slack.com",      "https://slack.com/api/",     false},
        { "https://hooks.slack.com@evil.org/x",    "https://slack.com/api/",     false},
        { "https://u:p@hooks.slack.com/x",         "https://slack.com/api/",     false},
        { "https://hooks.slack.com:8443/x",        "https://slack.com/api/",     false},
        { "https://169.254.169.254/latest",        "https://slack.com/api/",     false},
        { "file:///etc/passwd",                    "https://slack.com/api/",     false},
        { "",                                      "https://slack.com/api/",     false},
        { "https://hooks.slack.com/x",             "http://127.0.0.1:9000/api/", false},
        { "http://127.0.0.1:9000/hooks/1",         "http://127.0.0.1:9000/api/", true },
        { "http://127.0.0.1:9001/hooks/1",         "http://127.0.0.1:9000/api/", false},
        { "https://hooks.slack-gov.com/x",         "https://slack-gov.com/api/", true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(ps_response_url_ok(rows[i].url, rows[i].api), rows[i].ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_action_is_a_command),
        cmocka_unit_test(what_asks_for_nothing_is_ignored),
        cmocka_unit_test(what_slack_never_sends_is_refused),
        cmocka_unit_test(views_are_asked_for),
        cmocka_unit_test(a_wrong_entry_is_answered_in_the_modal),
        cmocka_unit_test(a_second_click_says_the_same),
        cmocka_unit_test(each_use_of_a_shortcut_counts),
        cmocka_unit_test(who_may),
        cmocka_unit_test(answers_go_to_slack_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
