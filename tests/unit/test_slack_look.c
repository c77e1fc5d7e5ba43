/* What answers say about a message that may have been sent. */
#include "notifier/core/slack_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGE(ts, id)                                                                            \
    "{\"ts\":\"" ts "\",\"metadata\":{\"event_type\":\"paperscout_message\",\"event_payload\":"    \
    "{\"id\":\"" id "\"}}}"

static void what_a_page_of_history_says(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum ps_slack_seen seen;
        const char *value; /* ts, cursor or fault */
    } rows[] = {
        {200,                                                              "{\"ok\":true,\"messages\":[" MESSAGE("3.1",   "o7") "," MESSAGE("2.1",                                    "o8") "]}",
         PS_SLACK_FOUND, "2.1" },
        { 200,                                                           "{\"ok\":true,\"messages\":[" MESSAGE("2.1",                                                                                                       "o88") ",{\"ts\":\"1\"}]}",
         PS_SLACK_ABSENT,                                                                                                                                                              "" },
        { 200,                                                  "{\"ok\":true,\"messages\":[],\"response_metadata\":{\"next_cursor\":\"\"}}",
         PS_SLACK_ABSENT,                                                                                                                                                      ""                                                                                          },
        { 200,
         "{\"ok\":true,\"messages\":[" MESSAGE(
              "2.1",                                                                                             "o9") "],\"response_metadata\":{\"next_cursor\":\"bmV4dA==\"}}",
         PS_SLACK_MORE,          "bmV4dA==" },
        { 200,
         "{\"ok\":true,\"messages\":[" MESSAGE(
              "2.1",                                                                                                   "o8") "],\"response_metadata\":{\"next_cursor\":\"bmV4dA==\"}}",
         PS_SLACK_FOUND,                                                                                                                                                                                                                                              "2.1" },
        { 200,                                                       "{\"ok\":false,\"error\":\"missing_scope\"}",PS_SLACK_UNKNOWN,                                                                                                                                                              "missing_scope"                },
        { 200,                                                             "{\"ok\":false,\"error\":\"not_in_channel\"}",        PS_SLACK_UNKNOWN,                                                                                                                "not_in_channel"                                        },
        { 200,                                                             "{\"ok\":false,\"error\":\"invalid_auth\"}", PS_SLACK_FAILED,                                    "invalid_auth"         },
        { 200,                                                             "{\"ok\":false,\"error\":\"unknown_method\"}",   PS_SLACK_UNKNOWN,                                              "unknown_method"                                                                                                 },
        { 200,                                                             "{\"ok\":true}", PS_SLACK_UNKNOWN,                                         "HTTP status 200"                                                                                },
        { 200,                                                             "<html>",                               PS_SLACK_FAILED,                                                                         "the answer is not Slack's"                                                                                                                    },
        { 404,                                                             "Not Found",                                      PS_SLACK_UNKNOWN,                                                   "HTTP status 404"                                                    },
        { 501,                                                             "Unsupported method",                                   PS_SLACK_UNKNOWN,                                        "HTTP status 501"                                                                         },
        { 200,                                                             "{\"ok\":false,\"error\":\"token_revoked\"}",                          PS_SLACK_FAILED,                                  "token_revoked"                                                                              },
        { 503,                                                             "",  PS_SLACK_FAILED,                    "HTTP status 503"                                                                        },
        { 200,                                                             "{\"ok\":false,\"error\":\"internal_error\"}",                                            PS_SLACK_FAILED,                                                                                      "internal_error"                                                                                                                                                      },
        { 429,                                                             "{\"ok\":false,\"error\":\"ratelimited\"}", PS_SLACK_FAILED, "ratelimited"},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_slack_outcome answer = { .status = rows[i].status,
                                           .body = rows[i].body,
                                           .body_len = strlen(rows[i].body),
                                           .retry_after = rows[i].status == 429 ? "7" : NULL };
        struct ps_slack_look look;

        ps_slack_look_read(&answer, "o8", &look);
        assert_int_equal(look.seen, rows[i].seen);
        switch (look.seen) {
        case PS_SLACK_FOUND:
            assert_string_equal(look.ts, rows[i].value);
            break;
        case PS_SLACK_MORE:
            assert_string_equal(look.cursor, rows[i].value);
            break;
        case PS_SLACK_ABSENT:
            break;
        case PS_SLACK_UNKNOWN:
        case PS_SLACK_FAILED:
            assert_string_equal(look.err.what, rows[i].value);
            break;
        }
        assert_int_equal(look.after_ms, rows[i].status == 429 ? 7000 : 0);
        if (look.seen == PS_SLACK_FAILED)
            assert_int_equal(look.err.category == PS_FAILURE_RATE_LIMIT, rows[i].status == 429);
        if (look.seen == PS_SLACK_FAILED)
            assert_int_equal(look.err.category == PS_FAILURE_CONFIGURATION,
                             strstr(rows[i].body, "_auth") != NULL ||
                                 strstr(rows[i].body, "_revoked") != NULL);
    }
}

static void no_answer_is_a_failed_look(void **state)
{
    struct ps_err fault = { .category = PS_FAILURE_TIMEOUT, .what = "too slow" };
    struct ps_slack_outcome answer = { .fault = &fault };
    struct ps_slack_look look;

    (void)state;
    ps_slack_look_read(&answer, "o8", &look);
    assert_int_equal(look.seen, PS_SLACK_FAILED);
    assert_int_equal(look.err.category, PS_FAILURE_TIMEOUT);
}

static void which_failures_leave_a_doubt(void **state)
{
    static const struct {
        int status;
        const char *body;
        bool left, doubtful;
    } rows[] = {
        {0,    "",                                            false, false}, /* no connection */
        { 0,   "",                                            true,  true },
        { 200, "{\"ok\":true",                                true,  true },
        { 500, "",                                            true,  false},
        { 502, "",                                            true,  true },
        { 503, "",                                            true,  false},
        { 504, "",                                            true,  true },
        { 200, "{\"ok\":false,\"error\":\"fatal_error\"}",    true,  true },
        { 200, "{\"ok\":false,\"error\":\"internal_error\"}", true,  true },
        { 429, "",                                            true,  false},
        { 200, "{\"ok\":false,\"error\":\"is_archived\"}",    true,  false},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_err fault = { .category = PS_FAILURE_NETWORK, .what = "gone" };
        struct ps_slack_outcome answer = { .status = rows[i].status,
                                           .body = rows[i].body,
                                           .body_len = strlen(rows[i].body),
                                           .left = rows[i].left,
                                           .fault = rows[i].status == 0 ? &fault : NULL };
        struct ps_slack_response reply;

        ps_slack_response_read(&answer, &reply);
        assert_int_equal(reply.doubtful, rows[i].doubtful);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_page_of_history_says),
        cmocka_unit_test(no_answer_is_a_failed_look),
        cmocka_unit_test(which_failures_leave_a_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
