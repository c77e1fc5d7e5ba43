#include "notifier/io/slack_api.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/http_client.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { TIMEOUT_MS = 10 * 1000, ANSWER_MAX = 4 * 1024 * 1024 };

static const char json_type[] = "Content-Type: application/json; charset=utf-8",
                  form_type[] = "Content-Type: application/x-www-form-urlencoded";

struct ps_slack_api {
    struct ps_loop *loop;
    struct ps_http *http;
    char *api_url; /* with its slash */
    struct call *calls;
};

struct call {
    struct ps_slack_api *api;
    ps_slack_api_fn fn;
    void *cookie;
    struct ps_timer *late; /* answers a call that could not leave */
    struct ps_err err;     /* with it */
    struct call *prev, *next;
};

static void call_destroy(struct call *call)
{
    DL_DELETE(call->api->calls, call);
    ps_timer_destroy(call->late);
    free(call);
}

static void finish(struct call *call, const struct ps_slack_api_reply *reply)
{
    ps_slack_api_fn fn = call->fn;
    void *cookie = call->cookie;

    call_destroy(call);
    fn(cookie, reply);
}

static void on_late(void *cookie)
{
    struct call *call = cookie;
    struct ps_err err = call->err;

    finish(call, &(struct ps_slack_api_reply){ .fault = &err });
}

static void on_answer(void *cookie, const struct ps_http_reply *http, const struct ps_err *err)
{
    cJSON *json = err == NULL ? ps_json_parse(http->body, http->body_len, NULL) : NULL;
    struct ps_slack_api_reply reply = { .fault = err,
                                        .status = http->status,
                                        .json = cJSON_IsObject(json) ? json : NULL,
                                        .scopes = http->oauth_scopes,
                                        .retry_after = http->retry_after };

    finish(cookie, &reply);
    cJSON_Delete(json);
}

struct ps_slack_api *ps_slack_api_create(struct ps_loop *loop,
                                         const struct ps_slack_api_options *options)
{
    struct ps_slack_api *api = ps_alloc_zero(1, sizeof(*api));
    size_t len = strlen(options->api_url);
    bool slash = len > 0 && options->api_url[len - 1] == '/';
    /* The operator names the address: it may be a proxy inside. */
    struct ps_http_options http = { .user_agent = options->user_agent,
                                    .http2 = true,
                                    .allow_private = true,
                                    .proxy = options->proxy,
                                    .no_proxy = options->no_proxy,
                                    .ca_file = options->ca_file };

    api->loop = loop;
    api->http = ps_http_create(loop, &http);
    api->api_url = ps_alloc_format("%s%s", options->api_url, slash ? "" : "/");
    return api;
}

void ps_slack_api_destroy(struct ps_slack_api *api)
{
    if (api == NULL)
        return;
    ps_http_destroy(api->http);
    while (api->calls != NULL)
        call_destroy(api->calls);
    free(api->api_url);
    free(api);
}

static void send_request(struct ps_slack_api *api, const struct ps_http_request *request,
                         ps_slack_api_fn fn, void *cookie)
{
    struct call *call = ps_alloc_zero(1, sizeof(*call));

    call->api = api;
    call->fn = fn;
    call->cookie = cookie;
    DL_APPEND(api->calls, call);
    if (ps_http_send(api->http, request, on_answer, call, &call->err) == NULL) {
        call->late = ps_timer_create(api->loop, on_late, call);
        ps_timer_set(call->late, 0);
    }
}

void ps_slack_api_call(struct ps_slack_api *api, const char *token, const char *method,
                       const char *body, ps_slack_api_fn fn, void *cookie)
{
    char *authorization = ps_alloc_format("Authorization: Bearer %s", token);
    char *url = ps_alloc_format("%s%s", api->api_url, method);
    const char *const headers[] = { authorization,
                                    body == NULL      ? NULL
                                    : body[0] != '\0' ? json_type
                                                      : form_type,
                                    NULL };
    struct ps_http_request request = { .method = body != NULL ? PS_HTTP_POST : PS_HTTP_GET,
                                       .url = url,
                                       .headers = headers,
                                       .body = body,
                                       .body_len = body != NULL ? strlen(body) : 0,
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_body = ANSWER_MAX };

    send_request(api, &request, fn, cookie);
    free(url);
    free(authorization);
}

void ps_slack_api_add_query(struct ps_buf *method, const char *name, const char *value)
{
    char *encoded = evhttp_uriencode(value, -1, 0);

    (void)ps_buf_format(method, "&%s=%s", name, encoded != NULL ? encoded : "");
    free(encoded);
}

void ps_slack_api_post(struct ps_slack_api *api, const char *response_url, const char *body,
                       ps_slack_api_fn fn, void *cookie)
{
    const char *const headers[] = { json_type, NULL };
    struct ps_http_request request = { .method = PS_HTTP_POST,
                                       .url = response_url,
                                       .headers = headers,
                                       .body = body,
                                       .body_len = strlen(body),
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_body = ANSWER_MAX };

    send_request(api, &request, fn, cookie);
}
