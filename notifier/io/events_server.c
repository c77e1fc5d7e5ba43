#include "notifier/io/events_server.h"

#include "notifier/core/command_reply.h"
#include "notifier/core/slack_signature.h"
#include "notifier/core/user_command.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/http_server.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    CALLS_MAX = 256,
    /* Anybody can open one and send a body of PS_EVENTS_SERVER_BODY_MAX before its signature is
       looked at: all of them together must fit into the memory of a small container. */
    CONNECTIONS_MAX = 32,
    REFUSALS_LOGGED_MS = 1000
};

static const char json_type[] = "application/json",
                  form_type[] = "application/x-www-form-urlencoded";

struct ps_events_server {
    struct ps_events_server_options options;
    char *const *secret; /* borrowed */
    struct ps_http_server *server;
    size_t calls; /* that wait for PostgreSQL */
    int64_t refusal_logged_ms;
    bool draining;
};

/* A message that is being written down. */
struct call {
    struct ps_events_server *events_server;
    struct ps_http_exchange *exchange; /* NULL once answered */
    struct ps_timer *late;
    struct ps_inbound_event inbound;
};

static void count(const struct ps_events_server *events_server, const char *what)
{
    ps_metrics_add(events_server->options.metrics, PS_METRIC_SLACK_EVENTS, what, 1);
}

static void respond(struct ps_http_exchange *exchange, int status)
{
    ps_http_respond(exchange, status, NULL, "", 0);
}

/* Only who typed the slash command sees this. */
static void respond_slash(struct ps_http_exchange *exchange, const char *text)
{
    cJSON *object = cJSON_CreateObject();
    char *body;

    ps_json_add_text(object, "response_type", "ephemeral");
    ps_json_add_text(object, "text", text);
    body = ps_json_print(object);
    ps_http_respond(exchange, 200, json_type, body, strlen(body));
    free(body);
    cJSON_Delete(object);
}

/* Strangers can send as much as they like: they do not fill the log. */
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

static void call_destroy(struct call *call)
{
    call->events_server->calls--;
    ps_timer_destroy(call->late);
    ps_inbound_event_clear(&call->inbound);
    free(call);
}

/* Slack comes again with an event, after a moment, a minute and five, and it is known then by its
 * id; with a slash command it does not, so that one goes on. */
static void on_late(void *cookie)
{
    struct call *call = cookie;
    struct ps_http_exchange *exchange = call->exchange;

    call->exchange = NULL;
    count(call->events_server, "late");
    if (call->inbound.slash)
        respond_slash(exchange, "I am slow right now. If no answer comes within a minute, please "
                                "ask again.");
    else
        respond(exchange, 503);
}

static void answer_stored(const struct call *call, bool fresh)
{
    if (!call->inbound.slash)
        respond(call->exchange, 200);
    else if (!fresh)
        respond(call->exchange, 200);
    else if (call->inbound.place == PS_PLACE_DIRECT)
        respond(call->exchange, 200);
    else
        respond_slash(call->exchange, "The answer comes as a direct message.");
}

static void answer_failed(const struct call *call)
{
    if (call->inbound.slash)
        respond_slash(call->exchange,
                      "I cannot reach my memory right now. Please ask again later.");
    else
        respond(call->exchange, 503);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_events_server *events_server = call->events_server;
    bool fresh = err == NULL && ps_pg_row_count(rows, 0) > 0;

    if (err != NULL) {
        PS_LOG(EVENT_ERROR, F_TEXT("what", "an event was not written down"), F_ERR(err));
        count(events_server, "error");
    } else {
        count(events_server, fresh ? "heard" : "duplicate");
    }
    if (err == NULL && !fresh)
        PS_LOG(EVENT_DUPLICATE, F_TEXT("event_id", call->inbound.id));
    if (call->exchange != NULL && err == NULL)
        answer_stored(call, fresh);
    else if (call->exchange != NULL)
        answer_failed(call);
    if (fresh)
        events_server->options.inbound(events_server->options.cookie, &call->inbound);
    call_destroy(call);
}

/* Takes heard. */
static void store(struct ps_events_server *events_server, struct ps_http_exchange *exchange,
                  struct ps_inbound_event *inbound)
{
    struct ps_pg_batch *batch;
    struct call *call;

    if (events_server->calls >= CALLS_MAX) {
        ps_inbound_event_clear(inbound);
        count(events_server, "late");
        respond(exchange, 503);
        return;
    }
    call = ps_alloc_zero(1, sizeof(*call));
    call->events_server = events_server;
    call->exchange = exchange;
    call->inbound = *inbound;
    *inbound = (struct ps_inbound_event){ 0 };
    call->late = ps_timer_create(events_server->options.loop, on_late, call);
    ps_timer_set(call->late, PS_EVENTS_SERVER_PATIENCE_MS);
    events_server->calls++;
    batch = ps_pg_batch_create();
    PS_PG_ADD(batch,
              "INSERT INTO heard (event_id, said, place, user_id, channel, thread_ts, words) "
              "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1",
              call->inbound.id, call->inbound.said, ps_place_name(call->inbound.place),
              call->inbound.user, call->inbound.channel, call->inbound.thread_ts,
              call->inbound.words);
    ps_pg_run(events_server->options.pg, batch, on_stored, call);
}

/* What nothing will be done for is not written down. */
static bool worth_it(struct ps_events_server *events_server, struct ps_http_exchange *exchange,
                     const struct ps_inbound_event *inbound)
{
    struct ps_command_reply reply = { .len = 0 };
    struct ps_user_command ask;

    ps_user_command_parse(inbound->words, ps_clock_wall_ms(), &ask);
    switch (ps_user_command_permission(ask.kind, inbound->place)) {
    case PS_USER_COMMAND_RUN:
        return true;
    case PS_USER_COMMAND_REFUSE:
        if (!inbound->slash)
            return true;
        break;
    case PS_USER_COMMAND_IGNORE:
        break;
    }
    count(events_server, "ignored");
    PS_LOG(EVENT_IGNORED, F_TEXT("why", ps_user_command_name(ask.kind)),
           F_TEXT("place", ps_place_name(inbound->place)));
    if (inbound->slash) {
        ps_command_reply_refusal(&ask, &reply);
        respond_slash(exchange, reply.parts[0]);
        ps_command_reply_clear(&reply);
    } else {
        respond(exchange, 200);
    }
    return false;
}

static void take_event(struct ps_events_server *events_server, struct ps_http_exchange *exchange,
                       struct ps_slack_event *event)
{
    switch (event->call) {
    case PS_SLACK_CHALLENGE:
        ps_http_respond(exchange, 200, "text/plain; charset=utf-8", event->challenge,
                        strlen(event->challenge));
        return;
    case PS_SLACK_IGNORED:
        count(events_server, "ignored");
        PS_LOG(EVENT_IGNORED, F_TEXT("why", event->why));
        respond(exchange, 200);
        return;
    case PS_SLACK_HEARD:
        break;
    }
    if (worth_it(events_server, exchange, &event->inbound))
        store(events_server, exchange, &event->inbound);
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
    bool slash = type_is(type, form_type), ok;

    if (slash && ps_slack_is_ssl_check(body.data, body.len)) {
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
    if (!slash && !type_is(type, json_type)) {
        refuse(events_server, exchange, 415, "content type");
        return;
    }
    ok = slash ? ps_slack_slash_read(body.data, body.len, &event, &err)
               : ps_slack_event_read(body.data, body.len, &event, &err);
    if (!ok) {
        refuse(events_server, exchange, 400, err.what);
        return;
    }
    take_event(events_server, exchange, &event);
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
