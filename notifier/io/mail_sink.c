#include "notifier/io/mail_sink.h"

#include "notifier/io/smtp_client.h"
#include "shared/core/alloc.h"

#include <stdlib.h>
#include <utlist.h>

/* One message on its way. */
struct delivery {
    struct mail_sink *sink;
    ps_sink_fn fn;
    void *cookie;
    struct ps_timer *unset; /* answers a message for which the settings are missing */
    struct delivery *prev, *next;
};

struct mail_sink {
    struct ps_loop *loop;
    const struct ps_config *config;
    struct ps_smtp *smtp;
    struct ps_sink other;
    struct delivery *deliveries;
};

static void delivery_destroy(struct delivery *delivery)
{
    DL_DELETE(delivery->sink->deliveries, delivery);
    ps_timer_destroy(delivery->unset);
    free(delivery);
}

static void finish(struct delivery *delivery, const struct ps_slack_response *reply)
{
    ps_sink_fn fn = delivery->fn;
    void *cookie = delivery->cookie;

    delivery_destroy(delivery);
    fn(cookie, reply);
}

static void on_outcome(void *cookie, const struct ps_mail_outcome *outcome)
{
    struct ps_slack_response reply;

    ps_mail_outcome_read(outcome, &reply);
    finish(cookie, &reply);
}

static void on_unset(void *cookie)
{
    struct ps_slack_response reply = { .next = PS_SLACK_STOP };

    (void)ps_fail(&reply.err, PS_FAILURE_CONFIGURATION, 0,
                  "SMTP_URL and SMTP_FROM are not set, so no mail can be sent");
    finish(cookie, &reply);
}

static void mail_send(void *self, const struct ps_outgoing_message *message, ps_sink_fn fn,
                      void *cookie)
{
    struct mail_sink *sink = self;
    const struct ps_config *config = sink->config;
    struct delivery *delivery;
    struct ps_mailbox from;
    char *mail;

    if (!ps_mailbox_is_address(message->content.channel)) {
        sink->other.send(sink->other.self, message, fn, cookie);
        return;
    }
    delivery = ps_alloc_zero(1, sizeof(*delivery));
    *delivery = (struct delivery){ .sink = sink, .fn = fn, .cookie = cookie };
    delivery->unset = ps_timer_create(sink->loop, on_unset, delivery);
    DL_APPEND(sink->deliveries, delivery);
    if (config->smtp_url[0] == '\0' || !ps_mailbox_parse(config->smtp_from, &from, NULL)) {
        ps_timer_set(delivery->unset, 0);
        return;
    }
    mail = ps_mail_make(message, &from);
    ps_smtp_send(sink->smtp,
                 &(struct ps_smtp_request){ .url = config->smtp_url,
                                            .ca_file = config->http_ca_file,
                                            .from = from.address,
                                            .to = message->content.channel,
                                            .mail = mail },
                 on_outcome, delivery);
    free(mail);
}

static void mail_look(void *self, const struct ps_outgoing_message *message, ps_look_fn fn,
                      void *cookie)
{
    struct mail_sink *sink = self;

    sink->other.look(sink->other.self, message, fn, cookie);
}

static void mail_drain(void *self)
{
    const struct mail_sink *sink = self;

    ps_smtp_drain(sink->smtp);
}

static void mail_destroy(void *self)
{
    struct mail_sink *sink = self;

    sink->other.destroy(sink->other.self);
    ps_smtp_destroy(sink->smtp);
    while (sink->deliveries != NULL)
        delivery_destroy(sink->deliveries);
    free(sink);
}

struct ps_sink ps_mail_sink_create(struct ps_loop *loop, const struct ps_config *config,
                                   struct ps_sink other)
{
    struct mail_sink *sink = ps_alloc_zero(1, sizeof(*sink));

    *sink = (struct mail_sink){ .loop = loop, .config = config, .other = other };
    sink->smtp = ps_smtp_create(loop);
    return (struct ps_sink){ .self = sink,
                             .send = mail_send,
                             .look = other.look == NULL ? NULL : mail_look,
                             .drain = mail_drain,
                             .destroy = mail_destroy };
}
