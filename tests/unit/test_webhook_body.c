/* What is sent to a webhook: the body of each format, headers, signature; and what its answer
 * means. */
#include "notifier/core/markup.h"
#include "notifier/core/webhook_body.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now_ms = INT64_C(1796040000000); /* 2026-11-30T12:00:00Z */
static const char mrkdwn[] =
    "*New draft*\n\xe2\x80\xa2 <https://isocpp.org/files/papers/D1R0.pdf?a=1&amp;b=2|D1R0> a "
    "&lt;b&gt; &amp; *c* [d](e) \xe2\x80\x94 A. Author";

static struct ps_outgoing_message *message_of(const char *text)
{
    struct ps_message content = { .id = ps_alloc_text("o12"),
                                  .kind = PS_MESSAGE_DRAFT,
                                  .channel = ps_alloc_text("webhook:team"),
                                  .text = ps_alloc_text(text),
                                  .created_ms = now_ms - 5000 };
    struct ps_outgoing_message *message = ps_outgoing_message_own(&content);

    ps_message_clear(&content);
    return message;
}

static cJSON *make(enum ps_webhook_format format, const char *text, struct ps_webhook_request *out)
{
    struct ps_outgoing_message *message = message_of(text);
    struct ps_webhook webhook = { .name = "team",
                                  .url = ps_alloc_text("https://example.org/hook"),
                                  .secret = ps_alloc_text("s3cret"),
                                  .format = format };
    const struct ps_webhook_items items = {
        .data = {"{\"id\":\"D1R0\",\"url\":\"https://isocpp.org/D1R0.pdf\",\"title\":\"A title of "
                  "me@example.org\",\"author\":\"A. "
                  "Author\",\"draft\":true,\"modified\":\"2026-11-30T10:00:00Z\"}", "not json"},
        .len = 2
    };
    cJSON *body;

    ps_webhook_request_make(&webhook, message, &items, now_ms, out);
    body = ps_json_parse(out->body, strlen(out->body), NULL);
    assert_non_null(body);
    free(webhook.url);
    free(webhook.secret);
    ps_outgoing_message_destroy(message);
    return body;
}

static const char *header(const struct ps_webhook_request *request, const char *name)
{
    for (size_t i = 0; request->headers[i] != NULL; i++)
        if (strncmp(request->headers[i], name, strlen(name)) == 0)
            return request->headers[i] + strlen(name);
    return NULL;
}

/* The example of the Standard Webhooks specification. */
static void the_signature_is_that_of_the_specification(void **state)
{
    char signature[PS_WEBHOOK_SIGNATURE_TEXT];

    (void)state;
    ps_webhook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                    1614265330, "{\"test\": 2432232314}", signature);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void json_is_a_cloud_event(void **state)
{
    struct ps_webhook_request request;
    cJSON *body = make(PS_WEBHOOK_JSON, mrkdwn, &request);
    const cJSON *data = cJSON_GetObjectItem(body, "data");
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(data, "items"), 0);
    char signature[PS_WEBHOOK_SIGNATURE_TEXT];

    (void)state;
    assert_string_equal(ps_json_text(body, "specversion"), "1.0");
    assert_string_equal(ps_json_text(body, "id"), "o12");
    assert_string_equal(ps_json_text(body, "source"), "/paperscout");
    assert_string_equal(ps_json_text(body, "type"), "paperscout.draft");
    assert_string_equal(ps_json_text(body, "time"), "2026-11-30T11:59:55Z");
    assert_string_equal(ps_json_text(data, "text"),
                        "New draft\n\xe2\x80\xa2 D1R0 "
                        "(https://isocpp.org/files/papers/D1R0.pdf?a=1&b=2) a <b> & *c* "
                        "[d](e) \xe2\x80\x94 A. Author");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "items")), 1);
    assert_string_equal(ps_json_text(item, "id"), "D1R0");
    assert_string_equal(ps_json_text(item, "authors"), "A. Author");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(item, "draft")));
    assert_null(strstr(request.body, "me@example.org"));
    assert_string_equal(header(&request, "Content-Type: "),
                        "application/cloudevents+json; charset=utf-8");
    assert_string_equal(header(&request, "webhook-id: "), "o12");
    assert_string_equal(header(&request, "webhook-timestamp: "), "1796040000");
    ps_webhook_sign("s3cret", "o12", 1796040000, request.body, signature);
    assert_string_equal(header(&request, "webhook-signature: "), signature);
    assert_false(request.put);
    cJSON_Delete(body);
    ps_webhook_request_clear(&request);
}

static void markdown_acts_on_nothing_that_a_stranger_wrote(void **state)
{
    struct ps_webhook_request request;
    cJSON *body = make(PS_WEBHOOK_MATTERMOST, mrkdwn, &request);

    (void)state;
    assert_string_equal(
        ps_json_text(body, "text"),
        "**New draft**\n\xe2\x80\xa2 [D1R0](https://isocpp.org/files/papers/D1R0.pdf?a=1&b=2) a "
        "\\<b\\> & \\*c\\* \\[d\\]\\(e\\) \xe2\x80\x94 A\\. Author");
    cJSON_Delete(body);
    ps_webhook_request_clear(&request);
}

static void discord_mentions_nobody_and_is_cut_at_a_line(void **state)
{
    struct ps_webhook_request request;
    const cJSON *embed;
    char *text = ps_alloc_zero(8001, 1);
    cJSON *body;

    (void)state;
    for (int i = 0; i < 8000; i++)
        text[i] = i % 100 == 99 ? '\n' : 'x';
    body = make(PS_WEBHOOK_DISCORD, text, &request);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(
                         cJSON_GetObjectItem(body, "allowed_mentions"), "parse")),
                     0);
    embed = cJSON_GetArrayItem(cJSON_GetObjectItem(body, "embeds"), 0);
    assert_true(strlen(ps_json_text(embed, "description")) <= 4096);
    assert_true(strlen(ps_json_text(embed, "description")) > 3900);
    cJSON_Delete(body);
    ps_webhook_request_clear(&request);
    free(text);
}

static void teams_gets_an_adaptive_card_with_a_block_a_line(void **state)
{
    struct ps_webhook_request request;
    cJSON *body = make(PS_WEBHOOK_TEAMS, mrkdwn, &request);
    const cJSON *attachment = cJSON_GetArrayItem(cJSON_GetObjectItem(body, "attachments"), 0);
    const cJSON *card = cJSON_GetObjectItem(attachment, "content");

    (void)state;
    assert_string_equal(ps_json_text(body, "type"), "message");
    assert_string_equal(ps_json_text(attachment, "contentType"),
                        "application/vnd.microsoft.card.adaptive");
    assert_string_equal(ps_json_text(card, "type"), "AdaptiveCard");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(card, "body")), 2);
    cJSON_Delete(body);
    ps_webhook_request_clear(&request);
}

static void matrix_puts_with_the_id_as_transaction(void **state)
{
    struct ps_webhook_request request;
    cJSON *body = make(PS_WEBHOOK_MATRIX, mrkdwn, &request);

    (void)state;
    assert_true(request.put);
    assert_string_equal(request.url, "https://example.org/hook/send/m.room.message/o12");
    assert_string_equal(header(&request, "Authorization: "), "Bearer s3cret");
    assert_null(header(&request, "webhook-signature: "));
    assert_string_equal(ps_json_text(body, "msgtype"), "m.notice");
    assert_string_equal(ps_json_text(body, "formatted_body"),
                        "<strong>New draft</strong><br>\n\xe2\x80\xa2 <a "
                        "href=\"https://isocpp.org/files/papers/D1R0.pdf?a=1&amp;b=2\">D1R0</a> a "
                        "&lt;b&gt; &amp; *c* [d](e) \xe2\x80\x94 A. Author");
    cJSON_Delete(body);
    ps_webhook_request_clear(&request);
}

/* Text of any shape is converted without a byte outside it, and no markup of the target survives
 * unescaped. */
static void any_text_is_converted(void **state)
{
    static const char *const texts[] = { "",
                                         "*",
                                         "**",
                                         "*a",
                                         "<",
                                         "<http",
                                         "<http://",
                                         "<http://x",
                                         "<http://x|",
                                         "<http://x|y",
                                         "<http://x|y>",
                                         "&",
                                         "&am",
                                         "&amp",
                                         "&lt;script&gt;",
                                         "*a*\n*b*\n",
                                         "\n\n",
                                         "\xff\xfe",
                                         "<http://x|y> <http://z>",
                                         "<httpnoturl>" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (int markup = PS_MARKUP_PLAIN; markup <= PS_MARKUP_HTML; markup++) {
            char *exact = ps_alloc_text(texts[i]); /* so that a sanitizer sees a read beyond it */
            struct ps_buf out;

            ps_buf_init(&out, 4096);
            assert_true(ps_markup_convert(exact, (enum ps_markup)markup, &out));
            if (markup == PS_MARKUP_HTML)
                assert_null(strstr(ps_buf_str(&out), "<script"));
            ps_buf_clear(&out);
            free(exact);
        }
}

static void each_answer_means_something(void **state)
{
    static const struct {
        int status;
        const char *retry_after, *body;
        enum ps_slack_next next;
        bool doubtful;
        int64_t after_ms;
        enum ps_failure category;
    } cases[] = {
        {200,  NULL, "",                          PS_SLACK_SENT,  false, 0,                PS_FAILURE_UNKNOWN      },
        { 204, NULL, "",                          PS_SLACK_SENT,  false, 0,                PS_FAILURE_UNKNOWN      },
        { 202, "9",  "",                          PS_SLACK_SENT,  false, 0,                PS_FAILURE_UNKNOWN      },
        { 429, "7",  "",                          PS_SLACK_LATER, false, 7000,             PS_FAILURE_RATE_LIMIT   },
        { 429, NULL, "{\"retry_after_ms\":1500}", PS_SLACK_LATER, false, 1500,
         PS_FAILURE_RATE_LIMIT                                                                                     },
        { 429, NULL, "slow",                      PS_SLACK_LATER, false, PS_SLACK_HOLD_MS, PS_FAILURE_RATE_LIMIT   },
        { 503, "5",  "",                          PS_SLACK_LATER, false, 5000,             PS_FAILURE_RATE_LIMIT   },
        { 503, NULL, "",                          PS_SLACK_RETRY, true,  0,                PS_FAILURE_NETWORK      },
        { 500, NULL, "",                          PS_SLACK_RETRY, true,  0,                PS_FAILURE_NETWORK      },
        { 408, NULL, "",                          PS_SLACK_RETRY, true,  0,                PS_FAILURE_NETWORK      },
        { 401, NULL, "",                          PS_SLACK_STOP,  false, 0,                PS_FAILURE_CONFIGURATION},
        { 404, NULL, "",                          PS_SLACK_STOP,  false, 0,                PS_FAILURE_CONFIGURATION},
        { 302, NULL, "",                          PS_SLACK_STOP,  false, 0,                PS_FAILURE_CONFIGURATION},
        { 400, NULL, "",                          PS_SLACK_NEVER, false, 0,                PS_FAILURE_NETWORK      },
        { 413, NULL, "",                          PS_SLACK_NEVER, false, 0,                PS_FAILURE_NETWORK      },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ps_slack_outcome answer = { .status = cases[i].status,
                                                 .body = cases[i].body,
                                                 .body_len = strlen(cases[i].body),
                                                 .retry_after = cases[i].retry_after };
        struct ps_slack_response reply;

        ps_webhook_answer_read(&answer, &reply);
        if (reply.next != cases[i].next || reply.doubtful != cases[i].doubtful ||
            reply.after_ms != cases[i].after_ms ||
            (reply.next != PS_SLACK_SENT && reply.err.category != cases[i].category))
            fail_msg("%d", cases[i].status);
    }
}

static void a_fault_names_no_host(void **state)
{
    struct ps_err fault;
    struct ps_slack_response reply;

    (void)state;
    (void)ps_fail(&fault, PS_FAILURE_NETWORK, 7, "could not connect to secret.example.org");
    ps_webhook_answer_read(&(struct ps_slack_outcome){ .fault = &fault, .left = true }, &reply);
    assert_int_equal(reply.next, PS_SLACK_RETRY);
    assert_true(reply.doubtful);
    assert_string_equal(reply.err.what, "the webhook was not reached");
    fault.category = PS_FAILURE_TIMEOUT;
    ps_webhook_answer_read(&(struct ps_slack_outcome){ .fault = &fault }, &reply);
    assert_int_equal(reply.next, PS_SLACK_RETRY);
    assert_false(reply.doubtful); /* the request did not leave */
    assert_string_equal(reply.err.what, "the webhook did not answer in time");
    fault.category = PS_FAILURE_CONFIGURATION;
    ps_webhook_answer_read(&(struct ps_slack_outcome){ .fault = &fault }, &reply);
    assert_int_equal(reply.next, PS_SLACK_STOP);
    assert_non_null(strstr(reply.err.what, "WEBHOOK_ALLOW_PRIVATE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_that_of_the_specification),
        cmocka_unit_test(json_is_a_cloud_event),
        cmocka_unit_test(markdown_acts_on_nothing_that_a_stranger_wrote),
        cmocka_unit_test(discord_mentions_nobody_and_is_cut_at_a_line),
        cmocka_unit_test(teams_gets_an_adaptive_card_with_a_block_a_line),
        cmocka_unit_test(matrix_puts_with_the_id_as_transaction),
        cmocka_unit_test(any_text_is_converted),
        cmocka_unit_test(each_answer_means_something),
        cmocka_unit_test(a_fault_names_no_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
