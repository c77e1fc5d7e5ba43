#include "shared/io/webhook_sink.h"

#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    TIMEOUT_MS = 10 * 1000,   /* of one request */
    ANSWER_MAX = 16 * 1024,   /* bytes of a response; a longer one is cut, only its status counts */
    TRIES_MAX = 5,            /* requests for one message */
    RETRY_BASE_MS = 1000,     /* wait before the second request … */
    RETRY_CAP_MS = 60 * 1000, /* … and the longest wait */
    SAYINGS_MAX = 100         /* messages at once; more are dropped: this is no queue */
};

struct saying {
    struct ps_webhook_sink *webhook;
    char *id, *body;
    int tries;
    struct ps_timer *again;
    struct saying *prev, *next;
};

struct ps_webhook_sink {
    struct ps_loop *loop;
    struct ps_http *http;
    struct ps_failure_log *failures;
    void *cookie;
    void (*said)(void *cookie, const char *id);
    char *const *url; /* borrowed */
    struct saying *sayings;
    size_t count;
};

struct ps_webhook_sink *ps_webhook_sink_create(struct ps_loop *loop,
                                               const struct ps_webhook_sink_options *options)
{
    struct ps_webhook_sink *webhook = ps_alloc_zero(1, sizeof(*webhook));
    /* The operator chose the address, so it may be private. */
    struct ps_http_options http = { .user_agent = options->user_agent,
                                    .proxy = options->proxy,
                                    .no_proxy = options->no_proxy,
                                    .allow_private = true,
                                    .ca_file = options->ca_file };

    webhook->loop = loop;
    webhook->http = ps_http_create(loop, &http);
    webhook->failures = options->failures;
    webhook->cookie = options->cookie;
    webhook->said = options->said;
    webhook->url = options->url;
    return webhook;
}

static void saying_destroy(struct saying *saying)
{
    DL_DELETE(saying->webhook->sayings, saying);
    saying->webhook->count--;
    ps_timer_destroy(saying->again);
    free(saying->id);
    free(saying->body);
    free(saying);
}

void ps_webhook_sink_destroy(struct ps_webhook_sink *webhook)
{
    if (webhook == NULL)
        return;
    ps_http_destroy(webhook->http);
    while (webhook->sayings != NULL)
        saying_destroy(webhook->sayings);
    free(webhook);
}

/* Tries again later, or gives up. Logs neither the URL, which is a secret, nor curl's text, which
 * can name its host. */
static void fail(struct saying *saying, const struct ps_err *err)
{
    if (++saying->tries < TRIES_MAX) {
        ps_timer_set(saying->again,
                     ps_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, saying->tries, ps_clock_random()));
        return;
    }
    PS_LOG(OPS_WEBHOOK_ERROR, F_TEXT("id", saying->id), F_INT("tries", saying->tries), F_ERR(err));
    ps_failure_log_add(saying->webhook->failures, ps_event_name(PS_EVENT_OPS_WEBHOOK_ERROR), err,
                       NULL, err->code);
    saying_destroy(saying);
}

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct saying *saying = cookie;
    const struct ps_webhook_sink *webhook = saying->webhook;
    struct ps_err why;

    if (err == NULL && reply->status >= 200 && reply->status < 300) {
        PS_LOG(OPS_WEBHOOK, F_TEXT("id", saying->id));
        if (webhook->said != NULL)
            webhook->said(webhook->cookie, saying->id);
        saying_destroy(saying);
        return;
    }
    if (err == NULL)
        (void)ps_fail(&why, ps_failure_of_status(reply->status), reply->status, "HTTP status %d",
                      reply->status);
    else
        (void)ps_fail(&why, err->category, err->code, "no answer");
    fail(saying, &why);
}

static void on_again(void *cookie)
{
    static const char *const headers[] = { "Content-Type: application/json; charset=utf-8", NULL };
    struct saying *saying = cookie;
    struct ps_http_request request = { .method = PS_HTTP_POST,
                                       .url = *saying->webhook->url,
                                       .headers = headers,
                                       .body = saying->body,
                                       .body_len = strlen(saying->body),
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_body = ANSWER_MAX,
                                       .truncate_body = true };
    struct ps_err err;

    if (ps_http_send(saying->webhook->http, &request, on_answer, saying, &err) == NULL)
        fail(saying, &err);
}

void ps_webhook_sink_say(struct ps_webhook_sink *webhook, const char *id, const char *text)
{
    struct saying *saying;
    cJSON *json;

    if (webhook->url == NULL || (*webhook->url)[0] == '\0' || webhook->count >= SAYINGS_MAX)
        return;
    saying = ps_alloc_zero(1, sizeof(*saying));
    json = cJSON_CreateObject();
    ps_json_add_text(json, "text", text);
    saying->webhook = webhook;
    saying->id = ps_alloc_text(id);
    saying->body = ps_json_print(json);
    saying->again = ps_timer_create(webhook->loop, on_again, saying);
    DL_APPEND(webhook->sayings, saying);
    webhook->count++;
    ps_timer_set(saying->again, 0);
    cJSON_Delete(json);
}
