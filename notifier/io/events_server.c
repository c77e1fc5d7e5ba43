#include "notifier/io/events_server.h"

#include "notifier/core/interaction.h"
#include "notifier/core/slack_signature.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/http_server.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Any stranger can open a connection and send a body of PS_EVENTS_SERVER_BODY_MAX before the
       signature is checked. All these bodies together must fit into the memory of a small
       container. */
    CONNECTIONS_MAX = 32,
    REFUSALS_LOGGED_MS = 1000
};

static const char json_type[] = "application/json",
                  form_type[] = "application/x-www-form-urlencoded";

struct ps_events_server {
    struct ps_events_server_options options;
    char *const *secret; /* borrowed */
    struct ps_http_server *server;
    int64_t refusal_logged_ms;
    bool draining;
};

static void count(const struct ps_events_server *events_server, const char *what)
{
    ps_metrics_add(events_server->options.metrics, PS_METRIC_SLACK_EVENTS, what, 1);
}

static void respond(struct ps_http_exchange *exchange, int status)
{
    ps_http_respond(exchange, status, NULL, "", 0);
}

/* Strangers can send any number of requests, so refusals must not fill the log. */
static void refuse(struct ps_events_server *events_server, struct ps_http_exchange *exchange,
                   int status, const char *why)
{
    int64_t now = ps_loop_now(events_server->options.loop);

    count(events_server, "refused");
    if (events_server->refusal_logged_ms == 0 ||
        now - events_server->refusal_logged_ms > REFUSALS_LOGGED_MS) {
        PS_LOG(EVENT_REFUSED, F_INT("status", status), F_TEXT("why", why));
        events_server->refusal_logged_ms = now;
    }
    respond(exchange, status);
}

/* Slack sends an event again that was answered with 503: after a moment, a minute and five minutes.
 * It does not repeat a slash command or an interaction; the person sees that it failed. */
static void on_taken(void *cookie, enum ps_inbound_result result, const char *body)
{
    struct ps_http_exchange *exchange = cookie;

    if (body != NULL)
        ps_http_respond(exchange, 200, json_type, body, strlen(body));
    else
        respond(exchange, result == PS_INBOUND_TAKEN ? 200 : 503);
}

static void take_event(struct ps_events_server *events_server, struct ps_http_exchange *exchange,
                       struct ps_slack_event *event, int64_t patience_ms)
{
    if (event->call == PS_SLACK_CHALLENGE)
        ps_http_respond(exchange, 200, "text/plain; charset=utf-8", event->challenge,
                        strlen(event->challenge));
    else
        (void)ps_inbound_take(events_server->options.inbound, event, patience_ms, on_taken,
                              exchange);
}

static bool type_is(const char *header, const char *type)
{
    struct ps_str rest = ps_str_of(header), first = { "", 0 };

    (void)ps_str_next(&rest, ';', &first);
    return ps_str_is_fold(ps_str_trim(first), type);
}

static void on_request(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_events_server *events_server = cookie;
    struct ps_str body = ps_http_body(exchange);
    const char *type = ps_http_header(exchange, "Content-Type");
    enum ps_slack_signature signature = ps_slack_signature_check(
        *events_server->secret, ps_http_header(exchange, "X-Slack-Request-Timestamp"),
        ps_http_header(exchange, "X-Slack-Signature"), body, ps_clock_wall_ms() / 1000);
    struct ps_slack_event event;
    struct ps_err err = { .what = "" };
    bool form = type_is(type, form_type), interaction, ok;

    if (form && ps_slack_is_ssl_check(body.data, body.len)) {
        count(events_server, "ignored");
        respond(exchange, 200);
        return;
    }
    if (signature != PS_SLACK_SIGNATURE_GOOD) {
        refuse(events_server, exchange, 401, ps_slack_signature_name(signature));
        return;
    }
    if (events_server->draining) {
        respond(exchange, 503);
        return;
    }
    if (!form && !type_is(type, json_type)) {
        refuse(events_server, exchange, 415, "content type");
        return;
    }
    interaction = form && ps_interaction_is_form(body.data, body.len);
    ok = interaction ? ps_interaction_read_form(body.data, body.len, &event, &err)
         : form      ? ps_slack_slash_read(body.data, body.len, &event, &err)
                     : ps_slack_event_read(body.data, body.len, &event, &err);
    if (!ok) {
        refuse(events_server, exchange, 400, err.what);
        return;
    }
    take_event(events_server, exchange, &event,
               interaction ? PS_EVENTS_SERVER_CLICK_MS : PS_EVENTS_SERVER_PATIENCE_MS);
    ps_slack_event_clear(&event);
}

struct ps_events_server *ps_events_server_create(const struct ps_events_server_options *options,
                                                 struct ps_err *err)
{
    const struct ps_http_server_options http = { .host = options->host,
                                                 .port = options->port,
                                                 .max_body = PS_EVENTS_SERVER_BODY_MAX,
                                                 .max_connections = CONNECTIONS_MAX };
    struct ps_err why;
    struct ps_http_server *server = ps_http_server_create(options->loop, &http, &why);
    struct ps_events_server *events_server;

    if (server == NULL) {
        (void)ps_fail(err, why.category, why.code, "EVENTS_BIND_HOST=\"%s\" PORT=\"%d\": %s",
                      options->host, (int)options->port, why.what);
        return NULL;
    }
    events_server = ps_alloc_zero(1, sizeof(*events_server));
    events_server->options = *options;
    events_server->secret = options->secret;
    events_server->server = server;
    ps_http_server_route(server, "/slack/events", PS_HTTP_SERVER_POST, on_request, events_server);
    ps_http_server_route(server, "/slack/commands", PS_HTTP_SERVER_POST, on_request, events_server);
    ps_http_server_route(server, "/slack/interactions", PS_HTTP_SERVER_POST, on_request,
                         events_server);
    return events_server;
}

void ps_events_server_destroy(struct ps_events_server *events_server)
{
    if (events_server == NULL)
        return;
    ps_http_server_destroy(events_server->server);
    free(events_server);
}

uint16_t ps_events_server_port(const struct ps_events_server *events_server)
{
    return ps_http_server_port(events_server->server);
}

void ps_events_server_drain(struct ps_events_server *events_server)
{
    events_server->draining = true;
}
