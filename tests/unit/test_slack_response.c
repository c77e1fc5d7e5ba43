#include "notifier/core/slack_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ps_slack_response read_answer(int status, const char *body, const char *retry_after)
{
    /* 2026-11-23T09:05:07Z */
    struct ps_slack_outcome answer = { .status = status,
                                       .body = body,
                                       .body_len = strlen(body),
                                       .retry_after = retry_after,
                                       .wall_ms = INT64_C(1795424707000) };
    struct ps_slack_response reply;

    ps_slack_response_read(&answer, &reply);
    return reply;
}

static void what_an_answer_means(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum ps_slack_next next;
        enum ps_failure category;
        const char *what;
    } rows[] = {
        {200,  "{\"ok\":false,\"error\":\"channel_not_found\"}",      PS_SLACK_NEVER, PS_FAILURE_UNKNOWN,
         "channel_not_found"                                                                                                            },
        { 200, "{\"ok\":false,\"error\":\"is_archived\"}",            PS_SLACK_NEVER, PS_FAILURE_UNKNOWN,
         "is_archived"                                                                                                                  },
        { 200, "{\"ok\":false,\"error\":\"not_in_channel\"}",         PS_SLACK_NEVER, PS_FAILURE_UNKNOWN,
         "not_in_channel"                                                                                                               },
        { 200, "{\"ok\":false,\"error\":\"msg_too_long\"}",           PS_SLACK_NEVER, PS_FAILURE_UNKNOWN,
         "msg_too_long"                                                                                                                 },
        { 200, "{\"ok\":false,\"error\":\"no_text\"}",                PS_SLACK_NEVER, PS_FAILURE_UNKNOWN,
         "no_text"                                                                                                                      },
        { 200, "{\"ok\":false,\"error\":\"restricted_action\"}",      PS_SLACK_NEVER, PS_FAILURE_UNKNOWN,
         "restricted_action"                                                                                                            },
        { 200, "{\"ok\":false,\"error\":\"one_we_do_not_know\"}",     PS_SLACK_NEVER,
         PS_FAILURE_UNKNOWN,                                                                                    "one_we_do_not_know"    },
        { 200, "{\"ok\":false,\"error\":\"invalid_auth\"}",           PS_SLACK_STOP,  PS_FAILURE_CONFIGURATION,
         "invalid_auth"                                                                                                                 },
        { 401, "{\"ok\":false,\"error\":\"token_revoked\"}",          PS_SLACK_STOP,
         PS_FAILURE_CONFIGURATION,                                                                              "token_revoked"         },
        { 200, "{\"ok\":false,\"error\":\"account_inactive\"}",       PS_SLACK_STOP,
         PS_FAILURE_CONFIGURATION,                                                                              "account_inactive"      },
        { 200, "{\"ok\":false,\"error\":\"missing_scope\"}",          PS_SLACK_STOP,
         PS_FAILURE_CONFIGURATION,                                                                              "missing_scope"         },
        { 200, "{\"ok\":false,\"error\":\"internal_error\"}",         PS_SLACK_RETRY, PS_FAILURE_NETWORK,
         "internal_error"                                                                                                               },
        { 200, "{\"ok\":false,\"error\":\"fatal_error\"}",            PS_SLACK_RETRY, PS_FAILURE_NETWORK,
         "fatal_error"                                                                                                                  },
        { 200, "{\"ok\":false,\"error\":\"service_unavailable\"}",    PS_SLACK_RETRY,
         PS_FAILURE_NETWORK,                                                                                    "service_unavailable"   },
        { 200, "{\"ok\":false,\"error\":\"ratelimited\"}",            PS_SLACK_LATER, PS_FAILURE_RATE_LIMIT,
         "ratelimited"                                                                                                                  },
        { 200, "{\"ok\":false,\"error\":\"message_limit_exceeded\"}", PS_SLACK_LATER,
         PS_FAILURE_RATE_LIMIT,                                                                                 "message_limit_exceeded"},
        { 500, "",                                                    PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "HTTP status 500"       },
        { 503, "{\"ok\":true}",                                       PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "HTTP status 503"       },
        { 504, "",                                                    PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "HTTP status 504"       },
        { 408, "",                                                    PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "HTTP status 408"       },
        { 400, "",                                                    PS_SLACK_NEVER, PS_FAILURE_NETWORK,       "HTTP status 400"       },
        { 413, "",                                                    PS_SLACK_NEVER, PS_FAILURE_NETWORK,       "HTTP status 413"       },
        { 404, "<html>",                                              PS_SLACK_STOP,  PS_FAILURE_CONFIGURATION, "HTTP status 404"       },
        { 404, "{\"ok\":true,\"ts\":\"1.2\"}",                        PS_SLACK_STOP,  PS_FAILURE_CONFIGURATION,
         "HTTP status 404"                                                                                                              },
        { 403, "",                                                    PS_SLACK_STOP,  PS_FAILURE_CONFIGURATION, "HTTP status 403"       },
        { 302, "",                                                    PS_SLACK_STOP,  PS_FAILURE_CONFIGURATION, "HTTP status 302"       },
        { 200, "<html>a proxy</html>",                                PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "not Slack's JSON"      },
        { 200, "",                                                    PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "not Slack's JSON"      },
        { 200, "[]",                                                  PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "not Slack's JSON"      },
        { 200, "{}",                                                  PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "not Slack's JSON"      },
        { 200, "{\"ok\":\"true\",\"ts\":\"1.2\"}",                    PS_SLACK_RETRY, PS_FAILURE_NETWORK,
         "not Slack's JSON"                                                                                                             },
        { 200, "{\"ok\":false}",                                      PS_SLACK_RETRY, PS_FAILURE_NETWORK,       "not Slack's JSON"      },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_response reply = read_answer(rows[i].status, rows[i].body, NULL);

        assert_int_equal(reply.next, rows[i].next);
        assert_int_equal(reply.err.category, rows[i].category);
        assert_int_equal(reply.err.code, rows[i].status);
        assert_non_null(strstr(reply.err.what, rows[i].what));
    }
}

static void sent_gives_slacks_name_of_the_message(void **state)
{
    char body[256];
    struct ps_slack_response reply =
        read_answer(200, "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1503435956.000247\"}", NULL);

    (void)state;
    assert_int_equal(reply.next, PS_SLACK_SENT);
    assert_string_equal(reply.ts, "1503435956.000247");
    /* Sent is sent, whatever the ts looks like. */
    reply = read_answer(200, "{\"ok\":true}", NULL);
    assert_int_equal(reply.next, PS_SLACK_SENT);
    assert_string_equal(reply.ts, "");
    memset(body, '1', sizeof(body));
    memcpy(body, "{\"ok\":true,\"ts\":\"", 17);
    memcpy(body + sizeof(body) - 3, "\"}", 3);
    reply = read_answer(200, body, NULL);
    assert_int_equal(reply.next, PS_SLACK_SENT);
    assert_string_equal(reply.ts, "");
}

static void retry_after_in_both_forms(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *header;
        enum ps_slack_next next;
        int64_t after_ms;
    } rows[] = {
        {429,  "",                                                    "30",                            PS_SLACK_LATER, 30000               },
        { 429, "{\"ok\":false,\"error\":\"ratelimited\"}",            " 1 ",                           PS_SLACK_LATER, 1000                },
        { 429, "",                                                    "0",                             PS_SLACK_LATER, 0                   },
        { 429, "",                                                    NULL,                            PS_SLACK_LATER, PS_SLACK_HOLD_MS    },
        { 429, "",                                                    "soon",                          PS_SLACK_LATER, PS_SLACK_HOLD_MS    },
        { 429, "",                                                    "-5",                            PS_SLACK_LATER, PS_SLACK_HOLD_MS    },
        { 429, "",                                                    "99999999999999999999",          PS_SLACK_LATER, PS_SLACK_HOLD_MAX_MS},
        { 429, "",                                                    "86400",                         PS_SLACK_LATER, PS_SLACK_HOLD_MAX_MS},
        { 429, "",                                                    "Mon, 23 Nov 2026 09:05:27 GMT", PS_SLACK_LATER, 20000               },
        { 429, "",                                                    "Mon, 23 Nov 2026 09:04:27 GMT", PS_SLACK_LATER, 0                   },
        { 429, "",                                                    "Mon, 23 Nov 2027 09:04:27 GMT", PS_SLACK_LATER, PS_SLACK_HOLD_MAX_MS},
        { 503, "",                                                    "12",                            PS_SLACK_RETRY, 12000               },
        { 503, "",                                                    NULL,                            PS_SLACK_RETRY, 0                   },
        { 200, "{\"ok\":false,\"error\":\"ratelimited\"}",            "7",                             PS_SLACK_LATER, 7000                },
        { 200, "{\"ok\":false,\"error\":\"ratelimited\"}",            NULL,                            PS_SLACK_LATER, PS_SLACK_HOLD_MS    },
        { 200, "{\"ok\":false,\"error\":\"message_limit_exceeded\"}", NULL,                            PS_SLACK_LATER,
         PS_SLACK_HOLD_MS                                                                                                                  },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_response reply = read_answer(rows[i].status, rows[i].body, rows[i].header);

        assert_int_equal(reply.next, rows[i].next);
        assert_int_equal(reply.after_ms, rows[i].after_ms);
        assert_int_equal(reply.err.category,
                         rows[i].status == 503 ? PS_FAILURE_NETWORK : PS_FAILURE_RATE_LIMIT);
    }
}

static void a_transport_fault_is_tried_again_unless_settings_are_at_fault(void **state)
{
    static const struct {
        enum ps_failure category;
        enum ps_slack_next next;
    } rows[] = {
        {PS_FAILURE_TIMEOUT,        PS_SLACK_RETRY},
        { PS_FAILURE_NETWORK,       PS_SLACK_RETRY},
        { PS_FAILURE_UNKNOWN,       PS_SLACK_RETRY},
        { PS_FAILURE_CONFIGURATION, PS_SLACK_STOP }
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_err fault = { .category = rows[i].category, .code = 28, .what = "no answer" };
        struct ps_slack_outcome answer = { .fault = &fault };
        struct ps_slack_response reply;

        ps_slack_response_read(&answer, &reply);
        assert_int_equal(reply.next, rows[i].next);
        assert_int_equal(reply.err.category, rows[i].category);
        assert_string_equal(reply.err.what, "no answer");
    }
}

static void what_may_have_gone_through_and_what_may_be_a_channels_alone(void **state)
{
    static const struct {
        const char *error;
        bool doubtful, of_channel;
    } rows[] = {
        {"fatal_error",          true,  false},
        { "internal_error",      true,  false},
        { "service_unavailable", false, false},
        { "no_permission",       false, true },
        { "access_denied",       false, true },
        { "missing_scope",       false, true },
        { "invalid_auth",        false, false},
        { "token_revoked",       false, false},
        { "channel_not_found",   false, false}
    };
    char body[128];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_response reply;

        (void)snprintf(body, sizeof(body), "{\"ok\":false,\"error\":\"%s\"}", rows[i].error);
        reply = read_answer(200, body, NULL);
        assert_int_equal(reply.doubtful, rows[i].doubtful);
        assert_int_equal(reply.of_channel, rows[i].of_channel);
    }
}

static void a_refusal_of_the_blocks_differs_from_one_of_the_message(void **state)
{
    static const struct {
        const char *error;
        bool of_blocks;
    } rows[] = {
        {"invalid_blocks",         true },
        { "invalid_blocks_format", true },
        { "msg_blocks_too_long",   true },
        { "msg_too_long",          false},
        { "is_archived",           false},
        { "ratelimited",           false}
    };
    char body[128];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_response reply;

        (void)snprintf(body, sizeof(body), "{\"ok\":false,\"error\":\"%s\"}", rows[i].error);
        reply = read_answer(200, body, NULL);
        assert_int_equal(reply.of_blocks, rows[i].of_blocks);
        if (rows[i].of_blocks)
            assert_int_equal(reply.next, PS_SLACK_NEVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_answer_means),
        cmocka_unit_test(sent_gives_slacks_name_of_the_message),
        cmocka_unit_test(retry_after_in_both_forms),
        cmocka_unit_test(a_refusal_of_the_blocks_differs_from_one_of_the_message),
        cmocka_unit_test(what_may_have_gone_through_and_what_may_be_a_channels_alone),
        cmocka_unit_test(a_transport_fault_is_tried_again_unless_settings_are_at_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
