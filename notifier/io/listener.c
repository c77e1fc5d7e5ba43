#include "notifier/io/listener.h"

#include "notifier/core/ask.h"
#include "notifier/core/reply.h"
#include "notifier/core/signature.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/http_server.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    CALLS_MAX = 256,
    /* Anybody can open one and send a body of PS_LISTENER_BODY_MAX before its signature is looked
       at: all of them together must fit into the memory of a small container. */
    CONNECTIONS_MAX = 32,
    REFUSALS_LOGGED_MS = 1000
};

static const char json_type[] = "application/json",
                  form_type[] = "application/x-www-form-urlencoded";

struct ps_listener {
    struct ps_listener_options options;
    char *secret;
    struct ps_http_server *server;
    size_t calls; /* that wait for PostgreSQL */
    int64_t refusal_logged_ms;
    bool draining;
};

/* A message that is being written down. */
struct call {
    struct ps_listener *listener;
    struct ps_http_exchange *exchange; /* NULL once answered */
    struct ps_timer *late;
    struct ps_heard heard;
};

static void count(const struct ps_listener *listener, const char *what)
{
    ps_metrics_add(listener->options.metrics, PS_METRIC_SLACK_EVENTS, what, 1);
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
static void refuse(struct ps_listener *listener, struct ps_http_exchange *exchange, int status,
                   const char *why)
{
    int64_t now = ps_loop_now(listener->options.loop);

    count(listener, "refused");
    if (listener->refusal_logged_ms == 0 ||
        now - listener->refusal_logged_ms > REFUSALS_LOGGED_MS) {
        PS_LOG(EVENT_REFUSED, F_INT("status", status), F_TEXT("why", why));
        listener->refusal_logged_ms = now;
    }
    respond(exchange, status);
}

static void call_destroy(struct call *call)
{
    call->listener->calls--;
    ps_timer_destroy(call->late);
    ps_heard_clear(&call->heard);
    free(call);
}

/* Slack comes again with an event, after a moment, a minute and five, and it is known then by its
 * id; with a slash command it does not, so that one goes on. */
static void on_late(void *cookie)
{
    struct call *call = cookie;
    struct ps_http_exchange *exchange = call->exchange;

    call->exchange = NULL;
    count(call->listener, "late");
    if (call->heard.slash)
        respond_slash(exchange, "I am slow right now. If no answer comes within a minute, please "
                                "ask again.");
    else
        respond(exchange, 503);
}

static void answer_stored(const struct call *call, bool fresh)
{
    if (!call->heard.slash)
        respond(call->exchange, 200);
    else if (!fresh)
        respond(call->exchange, 200);
    else if (call->heard.place == PS_PLACE_DIRECT)
        respond(call->exchange, 200);
    else
        respond_slash(call->exchange, "The answer comes as a direct message.");
}

static void answer_failed(const struct call *call)
{
    if (call->heard.slash)
        respond_slash(call->exchange,
                      "I cannot reach my memory right now. Please ask again later.");
    else
        respond(call->exchange, 503);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_listener *listener = call->listener;
    bool fresh = err == NULL && ps_pg_row_count(rows, 0) > 0;

    if (err != NULL) {
        PS_LOG(EVENT_ERROR, F_TEXT("what", "an event was not written down"), F_ERR(err));
        count(listener, "error");
    } else {
        count(listener, fresh ? "heard" : "duplicate");
    }
    if (err == NULL && !fresh)
        PS_LOG(EVENT_DUPLICATE, F_TEXT("event_id", call->heard.id));
    if (call->exchange != NULL && err == NULL)
        answer_stored(call, fresh);
    else if (call->exchange != NULL)
        answer_failed(call);
    if (fresh)
        listener->options.heard(listener->options.cookie, &call->heard);
    call_destroy(call);
}

/* Takes heard. */
static void store(struct ps_listener *listener, struct ps_http_exchange *exchange,
                  struct ps_heard *heard)
{
    struct ps_pg_batch *batch;
    struct call *call;

    if (listener->calls >= CALLS_MAX) {
        ps_heard_clear(heard);
        count(listener, "late");
        respond(exchange, 503);
        return;
    }
    call = ps_alloc_zero(1, sizeof(*call));
    call->listener = listener;
    call->exchange = exchange;
    call->heard = *heard;
    *heard = (struct ps_heard){ 0 };
    call->late = ps_timer_create(listener->options.loop, on_late, call);
    ps_timer_set(call->late, PS_LISTENER_PATIENCE_MS);
    listener->calls++;
    batch = ps_pg_batch_create();
    PS_PG_ADD(batch,
              "INSERT INTO heard (event_id, said, place, user_id, channel, thread_ts, words) "
              "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1",
              call->heard.id, call->heard.said, ps_place_name(call->heard.place), call->heard.user,
              call->heard.channel, call->heard.thread_ts, call->heard.words);
    ps_pg_run(listener->options.pg, batch, on_stored, call);
}

/* What nothing will be done for is not written down. */
static bool worth_it(struct ps_listener *listener, struct ps_http_exchange *exchange,
                     const struct ps_heard *heard)
{
    struct ps_reply reply = { .len = 0 };
    struct ps_ask ask;

    ps_ask_parse(heard->words, ps_clock_wall_ms(), &ask);
    switch (ps_ask_leave(ask.kind, heard->place)) {
    case PS_ASK_RUN:
        return true;
    case PS_ASK_REFUSE:
        if (!heard->slash)
            return true;
        break;
    case PS_ASK_IGNORE:
        break;
    }
    count(listener, "ignored");
    PS_LOG(EVENT_IGNORED, F_TEXT("why", ps_ask_name(ask.kind)),
           F_TEXT("place", ps_place_name(heard->place)));
    if (heard->slash) {
        ps_reply_refusal(&ask, &reply);
        respond_slash(exchange, reply.parts[0]);
        ps_reply_clear(&reply);
    } else {
        respond(exchange, 200);
    }
    return false;
}

static void take_event(struct ps_listener *listener, struct ps_http_exchange *exchange,
                       struct ps_slack_event *event)
{
    switch (event->call) {
    case PS_SLACK_CHALLENGE:
        ps_http_respond(exchange, 200, "text/plain; charset=utf-8", event->challenge,
                        strlen(event->challenge));
        return;
    case PS_SLACK_IGNORED:
        count(listener, "ignored");
        PS_LOG(EVENT_IGNORED, F_TEXT("why", event->why));
        respond(exchange, 200);
        return;
    case PS_SLACK_HEARD:
        break;
    }
    if (worth_it(listener, exchange, &event->heard))
        store(listener, exchange, &event->heard);
}

static bool type_is(const char *header, const char *type)
{
    struct ps_str rest = ps_str_of(header), first = { "", 0 };

    (void)ps_str_next(&rest, ';', &first);
    return ps_str_is_fold(ps_str_trim(first), type);
}

static void on_request(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_listener *listener = cookie;
    struct ps_str body = ps_http_body(exchange);
    const char *type = ps_http_header(exchange, "Content-Type");
    enum ps_signature signature = ps_signature_check(
        listener->secret, ps_http_header(exchange, "X-Slack-Request-Timestamp"),
        ps_http_header(exchange, "X-Slack-Signature"), body, ps_clock_wall_ms() / 1000);
    struct ps_slack_event event;
    struct ps_err err = { .what = "" };
    bool slash = type_is(type, form_type), ok;

    if (slash && ps_slack_is_ssl_check(body.data, body.len)) {
        count(listener, "ignored");
        respond(exchange, 200);
        return;
    }
    if (signature != PS_SIGNATURE_GOOD) {
        refuse(listener, exchange, 401, ps_signature_name(signature));
        return;
    }
    if (listener->draining) {
        respond(exchange, 503);
        return;
    }
    if (!slash && !type_is(type, json_type)) {
        refuse(listener, exchange, 415, "content type");
        return;
    }
    ok = slash ? ps_slack_slash_read(body.data, body.len, &event, &err)
               : ps_slack_event_read(body.data, body.len, &event, &err);
    if (!ok) {
        refuse(listener, exchange, 400, err.what);
        return;
    }
    take_event(listener, exchange, &event);
    ps_slack_event_clear(&event);
}

struct ps_listener *ps_listener_create(const struct ps_listener_options *options,
                                       struct ps_err *err)
{
    const struct ps_http_server_options http = { .host = options->host,
                                                 .port = options->port,
                                                 .max_body = PS_LISTENER_BODY_MAX,
                                                 .max_connections = CONNECTIONS_MAX };
    struct ps_err why;
    struct ps_http_server *server = ps_http_server_create(options->loop, &http, &why);
    struct ps_listener *listener;

    if (server == NULL) {
        (void)ps_fail(err, why.category, why.code, "EVENTS_BIND_HOST=\"%s\" PORT=\"%d\": %s",
                      options->host, (int)options->port, why.what);
        return NULL;
    }
    listener = ps_alloc_zero(1, sizeof(*listener));
    listener->options = *options;
    listener->secret = ps_alloc_text(options->secret);
    listener->server = server;
    ps_http_server_route(server, "/slack/events", PS_HTTP_SERVER_POST, on_request, listener);
    ps_http_server_route(server, "/slack/commands", PS_HTTP_SERVER_POST, on_request, listener);
    return listener;
}

void ps_listener_destroy(struct ps_listener *listener)
{
    if (listener == NULL)
        return;
    ps_http_server_destroy(listener->server);
    free(listener->secret);
    free(listener);
}

uint16_t ps_listener_port(const struct ps_listener *listener)
{
    return ps_http_server_port(listener->server);
}

void ps_listener_drain(struct ps_listener *listener)
{
    listener->draining = true;
}
