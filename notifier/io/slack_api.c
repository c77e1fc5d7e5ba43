#include "notifier/io/slack_api.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 10 * 1000, ANSWER_MAX = 256 * 1024 };

struct call {
    ps_sink_fn fn;
    void *cookie;
    struct slack *slack;
    struct ps_timer *late; /* answers a send that could not leave */
    struct ps_slack_reply reply;
    struct call *prev, *next;
};

struct slack {
    struct ps_loop *loop;
    struct ps_http *http;
    char *url;
    char *authorization; /* a header, secret */
    struct call *calls;
};

static char *method_url(const char *api_url, const char *method)
{
    size_t len = strlen(api_url);

    return ps_alloc_format("%s%s%s", api_url, len > 0 && api_url[len - 1] == '/' ? "" : "/",
                           method);
}

static void call_destroy(struct call *call)
{
    struct slack *slack = call->slack;

    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        slack->calls = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    ps_timer_destroy(call->late);
    free(call);
}

static void finish(struct call *call)
{
    ps_sink_fn fn = call->fn;
    void *cookie = call->cookie;
    struct ps_slack_reply reply = call->reply;

    call_destroy(call);
    fn(cookie, &reply);
}

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_slack_answer answer = { .status = reply->status,
                                      .body = reply->body,
                                      .body_len = reply->body_len,
                                      .retry_after = reply->retry_after,
                                      .fault = err,
                                      .wall_ms = ps_clock_wall_ms() };

    ps_slack_reply_read(&answer, &call->reply);
    finish(call);
}

static void on_late(void *cookie)
{
    finish(cookie);
}

static char *body_of(const struct ps_notice *notice)
{
    cJSON *json = cJSON_CreateObject();
    char *text;

    ps_json_add_text(json, "channel", notice->channel);
    ps_json_add_text(json, "text", notice->text);
    if (notice->thread_ts != NULL)
        ps_json_add_text(json, "thread_ts", notice->thread_ts);
    ps_json_add_bool(json, "unfurl_links", false);
    ps_json_add_bool(json, "unfurl_media", false);
    text = ps_json_print(json);
    cJSON_Delete(json);
    return text;
}

static void slack_send(void *self, const struct ps_notice *notice, ps_sink_fn fn, void *cookie)
{
    struct slack *slack = self;
    struct call *call = ps_alloc_zero(1, sizeof(*call));
    const char *const headers[] = { "Content-Type: application/json; charset=utf-8",
                                    slack->authorization, NULL };
    char *body = body_of(notice);
    struct ps_http_request request = { .method = PS_HTTP_POST,
                                       .url = slack->url,
                                       .headers = headers,
                                       .body = body,
                                       .body_len = strlen(body),
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_body = ANSWER_MAX,
                                       .truncate_body = true };
    struct ps_err err;

    *call = (struct call){ .fn = fn, .cookie = cookie, .slack = slack, .next = slack->calls };
    if (call->next != NULL)
        call->next->prev = call;
    slack->calls = call;
    if (ps_http_send(slack->http, &request, on_answer, call, &err) == NULL) {
        struct ps_slack_answer answer = { .fault = &err };

        ps_slack_reply_read(&answer, &call->reply);
        call->late = ps_timer_create(slack->loop, on_late, call);
        ps_timer_set(call->late, 0);
    }
    free(body);
}

static void slack_destroy(void *self)
{
    struct slack *slack = self;

    ps_http_destroy(slack->http);
    while (slack->calls != NULL)
        call_destroy(slack->calls);
    free(slack->url);
    free(slack->authorization);
    free(slack);
}

struct ps_sink ps_slack_create(struct ps_loop *loop, const struct ps_slack_options *options)
{
    struct slack *slack = ps_alloc_zero(1, sizeof(*slack));
    /* The operator names the address: it may be a proxy inside. */
    struct ps_http_options http = { .user_agent = options->user_agent,
                                    .http2 = true,
                                    .allow_private = true,
                                    .ca_file = options->ca_file };

    slack->loop = loop;
    slack->http = ps_http_create(loop, &http);
    slack->url = method_url(options->api_url, "chat.postMessage");
    slack->authorization = ps_alloc_format("Authorization: Bearer %s", options->token);
    return (struct ps_sink){ .self = slack, .send = slack_send, .destroy = slack_destroy };
}
