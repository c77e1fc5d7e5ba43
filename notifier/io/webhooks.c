#include "notifier/io/webhooks.h"

#include "embedded/notifier_sql.h"
#include "notifier/core/webhook_body.h"
#include "notifier/io/http_outcome.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { TIMEOUT_MS = 15 * 1000, ANSWER_MAX = 64 * 1024 };

/* One message on its way: its rows are read, then the request is sent. */
struct delivery {
    struct webhooks *webhooks;
    const struct ps_outgoing_message *message; /* the sender keeps it until fn ran */
    ps_sink_fn fn;
    void *cookie;
    struct ps_timer *late; /* answers failed starts, or sends a message without rows */
    struct ps_slack_response reply;
    bool answered;
    struct delivery *prev, *next;
};

struct webhooks {
    struct ps_loop *loop;
    struct ps_pg *pg;
    struct ps_http *http;
    const struct ps_config *config;
    struct ps_sink other;
    struct delivery *deliveries;
};

bool ps_webhooks_configured(const struct ps_config *config)
{
    return config->webhook_url[0] != '\0' || config->webhooks[0] != '\0';
}

static void delivery_destroy(struct delivery *delivery)
{
    DL_DELETE(delivery->webhooks->deliveries, delivery);
    ps_timer_destroy(delivery->late);
    free(delivery);
}

/* Ends a delivery. It is freed before fn runs, because fn may destroy the sink. */
static void finish(struct delivery *delivery)
{
    struct delivery done = *delivery;

    delivery_destroy(delivery);
    done.fn(done.cookie, &done.reply);
}

/* Answers on the next turn of the loop: a sink must not call fn inside its send function. */
static void answer_later(struct delivery *delivery)
{
    delivery->answered = true;
    ps_timer_set(delivery->late, 0);
}

/* The webhook is not configured correctly: its messages wait until the settings change. */
static void stop(struct delivery *delivery, const char *what)
{
    delivery->reply = (struct ps_slack_response){ .next = PS_SLACK_STOP };
    (void)ps_fail(&delivery->reply.err, PS_FAILURE_CONFIGURATION, 0, "%s", what);
    answer_later(delivery);
}

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct delivery *delivery = cookie;
    struct ps_slack_outcome answer = ps_http_outcome(reply, err);

    ps_webhook_answer_read(&answer, &delivery->reply);
    finish(delivery);
}

static void send_to(struct delivery *delivery, const struct ps_webhook *webhook,
                    const struct ps_webhook_items *items)
{
    struct ps_webhook_request made;
    struct ps_http_request request;
    struct ps_err err;

    ps_webhook_request_make(webhook, delivery->message, items, ps_clock_wall_ms(), &made);
    request = (struct ps_http_request){ .method = made.put ? PS_HTTP_PUT : PS_HTTP_POST,
                                        .url = made.url,
                                        .headers = (const char *const *)made.headers,
                                        .body = made.body,
                                        .body_len = strlen(made.body),
                                        .timeout_ms = TIMEOUT_MS,
                                        .max_body = ANSWER_MAX,
                                        .truncate_body = true };
    if (ps_http_send(delivery->webhooks->http, &request, on_answer, delivery, &err) == NULL) {
        struct ps_slack_outcome answer = { .fault = &err };

        ps_webhook_answer_read(&answer, &delivery->reply);
        answer_later(delivery);
    }
    ps_webhook_request_clear(&made);
}

/* Parses the settings for each message: they are a few kilobytes at most, and always current. */
static void deliver(struct delivery *delivery, const struct ps_webhook_items *items)
{
    const struct ps_config *config = delivery->webhooks->config;
    const struct ps_webhook_settings settings = { .url = config->webhook_url,
                                                  .secret = config->webhook_secret,
                                                  .format = config->webhook_format,
                                                  .list = config->webhooks,
                                                  .sends = true };
    struct ps_webhooks *webhooks = ps_alloc_zero(1, sizeof(*webhooks));
    const struct ps_webhook *webhook;
    struct ps_err err;

    if (!ps_webhooks_parse(&settings, webhooks, &err)) {
        stop(delivery, err.what);
    } else {
        webhook = ps_webhooks_find(webhooks, delivery->message->content.channel);
        if (webhook == NULL)
            stop(delivery, "no webhook of this name is in WEBHOOKS");
        else
            send_to(delivery, webhook, items);
    }
    ps_webhooks_clear(webhooks);
    free(webhooks);
}

static void on_late(void *cookie)
{
    struct delivery *delivery = cookie;
    static const struct ps_webhook_items none = { .len = 0 };

    if (delivery->answered)
        finish(delivery);
    else
        deliver(delivery, &none);
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct delivery *delivery = cookie;
    struct ps_webhook_items items = { .len = 0 };

    if (err != NULL) { /* nothing has left */
        delivery->reply = (struct ps_slack_response){ .next = PS_SLACK_RETRY, .err = *err };
        finish(delivery);
        return;
    }
    for (int i = 0; i < ps_pg_row_count(rows, 0) && items.len < PS_WEBHOOK_ITEMS_MAX; i++)
        items.data[items.len++] = ps_pg_text(rows, 0, i, PS_SQL_MESSAGE_DATA_DATA);
    deliver(delivery, &items);
}

/* First reads the outbox rows of the message, whose data the structured formats need. A message
 * without outbox rows is sent with its text alone. */
static void webhooks_send(void *self, const struct ps_outgoing_message *message, ps_sink_fn fn,
                          void *cookie)
{
    struct webhooks *webhooks = self;
    struct delivery *delivery;
    struct ps_pg_batch *batch;

    if (!ps_webhook_is_channel(message->content.channel)) {
        webhooks->other.send(webhooks->other.self, message, fn, cookie);
        return;
    }
    delivery = ps_alloc_zero(1, sizeof(*delivery));
    *delivery =
        (struct delivery){ .webhooks = webhooks, .message = message, .fn = fn, .cookie = cookie };
    delivery->late = ps_timer_create(webhooks->loop, on_late, delivery);
    DL_APPEND(webhooks->deliveries, delivery);
    if (!message->outbox) {
        ps_timer_set(delivery->late, 0);
        return;
    }
    batch = ps_pg_batch_create();
    ps_sql_message_data(batch, message->content.id);
    ps_pg_run(webhooks->pg, batch, on_rows, delivery);
}

/* A receiver cannot be asked whether it has a message; each request carries the message's id
 * instead, so that the receiver can drop a repetition. */
static void webhooks_look(void *self, const struct ps_outgoing_message *message, ps_look_fn fn,
                          void *cookie)
{
    struct webhooks *webhooks = self;

    webhooks->other.look(webhooks->other.self, message, fn, cookie);
}

static void webhooks_drain(void *self)
{
    struct webhooks *webhooks = self;

    webhooks->other.drain(webhooks->other.self);
}

static void webhooks_destroy(void *self)
{
    struct webhooks *webhooks = self;

    webhooks->other.destroy(webhooks->other.self);
    ps_http_destroy(webhooks->http);
    while (webhooks->deliveries != NULL)
        delivery_destroy(webhooks->deliveries);
    free(webhooks);
}

struct ps_sink ps_webhooks_create(struct ps_loop *loop, const struct ps_webhooks_options *options)
{
    struct webhooks *webhooks = ps_alloc_zero(1, sizeof(*webhooks));
    const struct ps_config *config = options->config;
    struct ps_http_options http = { .user_agent = options->user_agent,
                                    .proxy = config->http_proxy_url,
                                    .no_proxy = config->http_proxy_except,
                                    .allow_private = config->webhook_allow_private,
                                    .ca_file = config->http_ca_file };

    webhooks->loop = loop;
    webhooks->pg = options->pg;
    webhooks->http = ps_http_create(loop, &http);
    webhooks->config = config;
    webhooks->other = options->other;
    return (struct ps_sink){ .self = webhooks,
                             .send = webhooks_send,
                             .look = webhooks->other.look == NULL ? NULL : webhooks_look,
                             .drain = webhooks->other.drain == NULL ? NULL : webhooks_drain,
                             .destroy = webhooks_destroy };
}
