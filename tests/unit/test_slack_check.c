#include "notifier/core/slack_check.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ps_slack_check_settings plain = {
    .bot_token = "xoxb-1",
    .app_token = "",
    .signing_secret = "",
    .api_url = "https://slack.com/api/",
    .channels = {{ "NOTIFICATION_CHANNEL", "#papers" }, { "OPS_ALERT_CHANNEL", "C1" }}
};

static const struct ps_slack_finding *last(const struct ps_slack_check *check)
{
    assert_true(check->len > 0);
    return &check->findings[check->len - 1];
}

/* Every problem says what to do, in a sentence. */
static void remedies_are_there(const struct ps_slack_check *check)
{
    for (size_t i = 0; i < check->len; i++) {
        const char *remedy = check->findings[i].remedy;

        if (check->findings[i].level != PS_SLACK_LEVEL_PROBLEM)
            continue;
        assert_non_null(remedy);
        assert_true(strlen(remedy) > 10 && strchr(".?", remedy[strlen(remedy) - 1]) != NULL);
    }
}

static void tokens_by_how_they_begin(void **state)
{
    static const struct {
        const char *token, *what;
    } rows[] = {
        {"",                              "is not set"         },
        { "xapp-1",                       "an app-level token" },
        { "xoxp-1",                       "a user token"       },
        { "xoxe.xoxb-1",                  "token rotation"     },
        { "xoxc-1",                       "browser"            },
        { "https://hooks.slack.com/x",    "webhook"            },
        { "8f742231b10e8888abcd99yyyzzz", "does not begin with"},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_check_settings settings = plain;
        struct ps_slack_check check;

        settings.bot_token = rows[i].token;
        ps_slack_check_init(&check, &settings);
        assert_false(ps_slack_check_begin(&check));
        assert_int_equal(check.fault, PS_SLACK_FAULT_SETTINGS);
        assert_non_null(strstr(last(&check)->what, rows[i].what));
        assert_null(rows[i].token[0] != '\0' ? strstr(last(&check)->what, rows[i].token) : NULL);
        remedies_are_there(&check);
        ps_slack_check_clear(&check);
    }
}

static void what_is_not_slack(void **state)
{
    struct ps_err err;
    struct ps_slack_check_answer answers[4] = { { .status = 404 }, { .status = 429 } };
    struct ps_slack_check check;
    cJSON *nonsense = ps_json_parse("{\"ok\":false}", 12, NULL);

    (void)state;
    (void)ps_fail(&err, PS_FAILURE_NETWORK, 7, "Could not resolve host");
    answers[2].fault = &err;
    answers[3] = (struct ps_slack_check_answer){ .status = 200, .json = nonsense };
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++) {
        ps_slack_check_init(&check, &plain);
        assert_false(ps_slack_check_auth(&check, &answers[i]));
        assert_int_equal(check.fault, PS_SLACK_FAULT_UNREACHED);
        remedies_are_there(&check);
        ps_slack_check_clear(&check);
    }
    cJSON_Delete(nonsense);
}

static bool auth(struct ps_slack_check *check, const char *body, const char *scopes)
{
    cJSON *json = ps_json_parse(body, strlen(body), NULL);
    struct ps_slack_check_answer answer = { .status = 200, .json = json, .scopes = scopes };
    bool ok = ps_slack_check_auth(check, &answer);

    cJSON_Delete(json);
    return ok;
}

static void scopes_that_are_missing(void **state)
{
    static const char body[] =
        "{\"ok\":true,\"team\":\"T\",\"team_id\":\"T1\",\"user\":\"paperscout\",\"bot_id\":\"B1\"}";
    struct ps_slack_check_settings settings = plain;
    struct ps_slack_check check;

    (void)state;
    ps_slack_check_init(&check, &settings); /* it only sends: one scope is enough */
    assert_true(auth(&check, body, "chat:write, other:scope"));
    assert_int_equal(check.fault, PS_SLACK_FAULT_NONE);
    ps_slack_check_clear(&check);
    settings.app_token = "xapp-1";
    ps_slack_check_init(&check, &settings); /* people can write to it */
    assert_true(auth(&check, body, "chat:write"));
    assert_int_equal(check.fault, PS_SLACK_FAULT_REFUSED);
    remedies_are_there(&check);
    ps_slack_check_clear(&check);
    ps_slack_check_init(&check, &settings);
    assert_false(auth(&check, "{\"ok\":true,\"team_id\":\"T1\",\"user\":\"jane\"}", "chat:write"));
    assert_int_equal(check.fault, PS_SLACK_FAULT_SETTINGS); /* a person's token */
    ps_slack_check_clear(&check);
}

static void forms_of_a_channel(void **state)
{
    static const struct {
        const char *value;
        enum ps_slack_channel_form form;
    } rows[] = {
        {"",               PS_SLACK_CHANNEL_UNSET },
        { "#papers",       PS_SLACK_CHANNEL_NAME  },
        { "papers",        PS_SLACK_CHANNEL_NAME  },
        { "#c++-papiere",  PS_SLACK_CHANNEL_NAME  },
        { "C0123ABC",      PS_SLACK_CHANNEL_ID    },
        { "G0123ABC",      PS_SLACK_CHANNEL_ID    },
        { "U0123ABC",      PS_SLACK_CHANNEL_PERSON},
        { "ops@a.example", PS_SLACK_CHANNEL_PERSON},
        { "#Papers",       PS_SLACK_CHANNEL_WRONG },
        { "c++ papers",    PS_SLACK_CHANNEL_WRONG },
        { "T0123ABC",      PS_SLACK_CHANNEL_WRONG },
        { "#",             PS_SLACK_CHANNEL_WRONG },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_check_settings settings = plain;
        struct ps_slack_check check;

        settings.channels[0].value = rows[i].value;
        ps_slack_check_init(&check, &settings);
        assert_int_equal(ps_slack_check_channel(&check, 0), rows[i].form);
        remedies_are_there(&check);
        ps_slack_check_clear(&check);
    }
}

/* The name that is nearest over all pages; a long workspace is not read to its end. */
static void pages_of_channels(void **state)
{
    static const char first[] =
        "{\"ok\":true,\"channels\":[{\"name\":\"paper\"},{\"name\":\"zebra\"}],"
        "\"response_metadata\":{\"next_cursor\":\"x\"}}";
    static const char second[] = "{\"ok\":true,\"channels\":[{\"name\":\"news\"}]}";
    cJSON *one = ps_json_parse(first, strlen(first), NULL);
    cJSON *two = ps_json_parse(second, strlen(second), NULL);
    struct ps_slack_check_answer answer = { .status = 200, .json = one };
    struct ps_slack_check check;
    char *cursor;

    (void)state;
    ps_slack_check_init(&check, &plain);
    assert_int_equal(ps_slack_check_channel(&check, 0), PS_SLACK_CHANNEL_NAME);
    cursor = ps_slack_check_page(&check, 0, &answer, false);
    assert_string_equal(cursor, "x");
    free(cursor);
    answer.json = two;
    assert_null(ps_slack_check_page(&check, 0, &answer, false));
    assert_non_null(strstr(last(&check)->remedy, "Did you mean #paper?"));
    ps_slack_check_clear(&check);
    ps_slack_check_init(&check, &plain);
    assert_int_equal(ps_slack_check_channel(&check, 0), PS_SLACK_CHANNEL_NAME);
    answer.json = one;
    assert_null(ps_slack_check_page(&check, 0, &answer, true));
    assert_int_equal(last(&check)->level, PS_SLACK_LEVEL_NOTE);
    ps_slack_check_clear(&check);
    cJSON_Delete(one);
    cJSON_Delete(two);
}

static char *connections(struct ps_slack_check *check, const char *body)
{
    cJSON *json = ps_json_parse(body, strlen(body), NULL);
    struct ps_slack_check_answer answer = { .status = 200, .json = json };
    char *url = ps_slack_check_connections(check, &answer);

    cJSON_Delete(json);
    return url;
}

static void what_socket_mode_answers(void **state)
{
    static const struct {
        const char *body, *what;
        enum ps_slack_fault fault;
    } rows[] = {
        {"{\"ok\":true}",                               "gave no address", PS_SLACK_FAULT_REFUSED },
        { "{\"ok\":true,\"url\":\"https://h\"}",        "gave no address", PS_SLACK_FAULT_REFUSED },
        { "{\"ok\":false,\"error\":\"invalid_auth\"}",  "(invalid_auth)",  PS_SLACK_FAULT_SETTINGS},
        { "{\"ok\":false,\"error\":\"token_revoked\"}", "(token_revoked)",
         PS_SLACK_FAULT_SETTINGS                                                                  },
        { "{\"ok\":false,\"error\":\"missing_scope\"}", "lacks the scope", PS_SLACK_FAULT_REFUSED },
        { "{\"ok\":false,\"error\":\"something_new\"}", ": something_new", PS_SLACK_FAULT_REFUSED },
    };
    struct ps_slack_check check;
    char *url;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        ps_slack_check_init(&check, &plain);
        assert_null(connections(&check, rows[i].body));
        assert_non_null(strstr(last(&check)->what, rows[i].what));
        assert_int_equal(check.fault, rows[i].fault);
        remedies_are_there(&check);
        ps_slack_check_clear(&check);
    }
    ps_slack_check_init(&check, &plain);
    url = connections(&check, "{\"ok\":true,\"url\":\"wss://h/?ticket=1\"}");
    assert_string_equal(url, "wss://h/?ticket=1");
    assert_int_equal(check.len, 0);
    free(url);
    ps_slack_check_clear(&check);
}

static void each_refusal_has_its_own_advice(void **state)
{
    static const char *const rows[][2] = {
        {"not_in_channel",                       "type /invite @bot in #papers"},
        { "channel_not_found",                   "Correct the channel's name"  },
        { "is_archived",                         "Unarchive #papers"           },
        { "restricted_action",                   "Allow @bot to post"          },
        { "restricted_action_read_only_channel", "Allow @bot to post"          },
        { "missing_scope",                       "Add chat:write"              },
        { "invalid_auth",                        "SLACK_BOT_TOKEN"             },
        { "not_authed",                          "SLACK_BOT_TOKEN"             },
        { "token_revoked",                       "SLACK_BOT_TOKEN"             },
        { "account_inactive",                    "SLACK_BOT_TOKEN"             },
        { "token_expired",                       "SLACK_BOT_TOKEN"             },
        { "not_allowed_token_type",              "SLACK_BOT_TOKEN"             },
    };
    char *remedy;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        remedy = ps_slack_remedy(rows[i][0], "#papers", "bot");
        if (remedy == NULL || strstr(remedy, rows[i][1]) == NULL)
            fail_msg("%s: %s", rows[i][0], remedy != NULL ? remedy : "(none)");
        free(remedy);
    }
    assert_null(ps_slack_remedy("something_new", "#papers", "bot"));
    remedy = ps_slack_remedy("not_in_channel", "#papers", "");
    assert_non_null(strstr(remedy, "@paperscout"));
    free(remedy);
}

static void other_settings_that_are_wrong_are_found_before_slack_is_asked(void **state)
{
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    static const struct {
        const char *app_token, *signing_secret, *what; /* what is NULL: nothing is wrong */
        bool shadow, console;
    } rows[] = {
        {"",        "",                                 NULL,                     false, false},
        { "xapp-1", secret,                             NULL,                     false, false},
        { "xoxb-1", "",                                 "is the bot token",       false, false},
        { "secret", "",                                 "no app-level token",     false, false},
        { "",       secret + 1,                         "does not look like one", false, false},
        { "",       "g123456789abcdef0123456789abcdef", "does not look like one", false, false},
        { "",       "",                                 "SHADOW is set",          true,  true },
        { "",       "",                                 "NOTIFY_SINK is console", false, true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_check_settings settings = plain;
        struct ps_slack_check check;

        settings.app_token = rows[i].app_token;
        settings.signing_secret = rows[i].signing_secret;
        settings.shadow = rows[i].shadow;
        settings.console = rows[i].console;
        ps_slack_check_init(&check, &settings);
        assert_true(ps_slack_check_begin(&check));
        assert_int_equal(check.len, rows[i].what != NULL ? 1 : 0);
        if (rows[i].what != NULL)
            assert_non_null(strstr(last(&check)->what, rows[i].what));
        remedies_are_there(&check);
        ps_slack_check_clear(&check);
    }
}

static void what_a_look_up_is_refused_with(void **state)
{
    static const struct {
        const char *body, *what;
        enum ps_slack_level level;
    } rows[] = {
        {"{\"ok\":false,\"error\":\"channel_not_found\"}", "no channel C1",
         PS_SLACK_LEVEL_PROBLEM                                                                  },
        { "{\"ok\":false,\"error\":\"missing_scope\"}",    "channels:read",   PS_SLACK_LEVEL_NOTE},
        { "{\"ok\":false,\"error\":\"something_new\"}",    "(something_new)", PS_SLACK_LEVEL_NOTE},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        cJSON *json = ps_json_parse(rows[i].body, strlen(rows[i].body), NULL);
        struct ps_slack_check_answer answer = { .status = 200, .json = json };
        struct ps_slack_check check;

        ps_slack_check_init(&check, &plain);
        ps_slack_check_info(&check, 1, &answer);
        assert_non_null(strstr(last(&check)->what, rows[i].what));
        assert_int_equal(last(&check)->level, rows[i].level);
        remedies_are_there(&check);
        ps_slack_check_clear(&check);
        cJSON_Delete(json);
    }
}

static void a_test_message_was_sent_or_says_why_not(void **state)
{
    static const char *const rows[][2] = {
        {"{\"ok\":true}",                               NULL               },
        { "{\"ok\":false,\"error\":\"is_archived\"}",   "Unarchive #papers"},
        { "{\"ok\":false,\"error\":\"something_new\"}", "Look the name up" },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        cJSON *json = ps_json_parse(rows[i][0], strlen(rows[i][0]), NULL);
        struct ps_slack_check_answer answer = { .status = 200, .json = json };
        struct ps_slack_check check;

        ps_slack_check_init(&check, &plain);
        ps_slack_check_sent(&check, "#papers", &answer);
        if (rows[i][1] == NULL)
            assert_int_equal(last(&check)->level, PS_SLACK_LEVEL_OK);
        else
            assert_non_null(strstr(last(&check)->remedy, rows[i][1]));
        ps_slack_check_clear(&check);
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_by_how_they_begin),
        cmocka_unit_test(what_is_not_slack),
        cmocka_unit_test(scopes_that_are_missing),
        cmocka_unit_test(forms_of_a_channel),
        cmocka_unit_test(pages_of_channels),
        cmocka_unit_test(what_socket_mode_answers),
        cmocka_unit_test(each_refusal_has_its_own_advice),
        cmocka_unit_test(other_settings_that_are_wrong_are_found_before_slack_is_asked),
        cmocka_unit_test(what_a_look_up_is_refused_with),
        cmocka_unit_test(a_test_message_was_sent_or_says_why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
