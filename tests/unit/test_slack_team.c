#include "notifier/core/slack_team.h"
#include "notifier/core/socket_envelope.h"
#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void whose_words_count(void **state)
{
    static const struct {
        const char *own, *enterprise, *allowed, *installed, *person;
        bool serves;
    } rows[] = {
        {"T1",  "",   "",       "T1", NULL, true },
        { "T1", "",   "",       "T1", "T1", true },
        { "T1", "",   "",       "T1", "T2", false}, /* Slack Connect */
        { "T1", "",   "T3, T2", "T1", "T2", true },
        { "T1", "",   "T22",    "T1", "T2", false},
        { "T1", "",   "",       "T2", NULL, false}, /* another installation */
        { "T1", "",   "",       "T2", "T2", false},
        { "T1", "",   "T2",     "T2", "T2", true },
        { "T1", "E1", "",       "T1", "E1", true }, /* an organization's person */
        { "T1", "",   "",       "T1", "",   false},
        { "",   "",   "",       "T1", NULL, true }, /* our own is not known yet */
        { "",   "",   "",       "T1", "T1", true },
        { "",   "",   "",       "T1", "T2", false},
        { "T1", "",   "",       NULL, NULL, true },
        { "T1", "",   "",       NULL, "T2", false},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_team team;

        ps_slack_team_init(&team, rows[i].allowed);
        ps_slack_team_set(&team, rows[i].own, rows[i].enterprise);
        assert_int_equal(ps_slack_team_serves(&team, rows[i].installed, rows[i].person),
                         rows[i].serves);
        ps_slack_team_clear(&team);
    }
}

static void envelopes(void **state)
{
    static const struct {
        const char *text;
        enum ps_socket_kind kind;
        bool ok;
    } rows[] = {
        {"{\"type\":\"hello\",\"debug_info\":{\"approximate_connection_time\":18060}}",
         PS_SOCKET_HELLO,                                                                                     true },
        { "{\"type\":\"hello\"}",                                                       PS_SOCKET_HELLO,      true },
        { "{\"type\":\"disconnect\",\"reason\":\"refresh_requested\"}",                 PS_SOCKET_DISCONNECT,
         true                                                                                                      },
        { "{\"type\":\"disconnect\"}",                                                  PS_SOCKET_DISCONNECT, true },
        { "{\"type\":\"interactive\",\"envelope_id\":\"e\",\"payload\":{}}",            PS_SOCKET_OTHER,
         true                                                                                                      },
        { "{\"type\":\"events_api\",\"envelope_id\":\"e\",\"payload\":{}}",             PS_SOCKET_OTHER,      true },
        { "{\"type\":\"events_api\",\"envelope_id\":\"e\",\"payload\":{\"type\":\"event_callback\","
          "\"event_id\":\"Ev1\","
          "\"event\":{\"type\":\"message\",\"channel_type\":\"im\",\"user\":\"U1\",\"channel\":"
          "\"D1\",\"ts\":\"1.2\","
          "\"text\":\"hi\"}}}",                                                PS_SOCKET_EVENT,      true },
        { "{\"type\":\"slash_commands\",\"envelope_id\":\"e\",\"payload\":{\"trigger_id\":\"1.2\","
          "\"user_id\":\"U1\","
          "\"team_id\":\"T1\",\"text\":\"help\"}}",                            PS_SOCKET_EVENT,      true },
        { "{\"type\":\"events_api\",\"payload\":{}}",                                   PS_SOCKET_OTHER,      false},
        { "{}",                                                                         PS_SOCKET_OTHER,      false},
        { "[]",                                                                         PS_SOCKET_OTHER,      false},
        { "hello",                                                                      PS_SOCKET_OTHER,      false},
    };
    struct ps_socket_envelope envelope;
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_int_equal(
            ps_socket_envelope_read(rows[i].text, strlen(rows[i].text), &envelope, &err),
            rows[i].ok);
        if (rows[i].ok)
            assert_int_equal(envelope.kind, rows[i].kind);
        if (i == 0)
            assert_int_equal(envelope.lasts_ms, 18060000);
        ps_socket_envelope_clear(&envelope);
    }
}

static void acknowledgements(void **state)
{
    char *plain = ps_socket_envelope_acknowledge("e\"1", NULL);
    char *text =
        ps_socket_envelope_acknowledge("e1", "{\"response_type\":\"ephemeral\",\"text\":\"hi\"}");

    (void)state;
    assert_string_equal(plain, "{\"envelope_id\":\"e\\\"1\"}");
    assert_string_equal(text,
                        "{\"envelope_id\":\"e1\",\"payload\":{\"response_type\":\"ephemeral\","
                        "\"text\":\"hi\"}}");
    free(plain);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_words_count),
        cmocka_unit_test(envelopes),
        cmocka_unit_test(acknowledgements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
