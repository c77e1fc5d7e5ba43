#include "notifier/io/socket_mode.h"

#include "notifier/core/socket_envelope.h"
#include "notifier/io/web_socket_link.h"
#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    RETRY_BASE_MS = 1000,
    RETRY_CAP_MS = 60 * 1000,
    DISABLED_FAILURES = 7, /* switched off: the longest pause at once */
    RETRY_AFTER_MAX_S = 3600,
    /* Slack gives up on an envelope after 3 s. The answer to a slash command then says that it
     * takes a while. */
    PATIENCE_MS = 2800,
    RETIRE_MS = 5000,      /* limit of a replaced connection for its acknowledgements */
    HELLO_MS = 15 * 1000,  /* from the first request to hello */
    REFRESH_MIN_MS = 5000, /* a connection is not replaced before */
    REFRESH_SHARE = 10     /* replaced when a tenth of its time is left, or earlier by jitter */
};

struct link {
    struct ps_socket_mode *mode;
    struct ps_web_socket_link *socket;
    struct call *calls;     /* envelopes that are being stored */
    struct ps_timer *timer; /* before hello: limit for the hello; then: the next refresh; retired:
                               limit for its end */
    bool live;              /* hello came */
    bool retired;           /* another one is in use; it closes */
    bool ending;            /* Slack says that it will close it */
    int64_t live_ms;
    struct link *prev, *next;
};

/* One envelope until it is acknowledged. */
struct call {
    struct link *link;
    struct ps_inbound_call *inbound; /* NULL before and after it is being stored */
    char *id;
    bool slash;
    struct call *prev, *next;
};

struct ps_socket_mode {
    struct ps_socket_mode_options options;
    char *user_agent, *ca_file, *proxy, *no_proxy;
    bool https, stand_in; /* from SLACK_API_URL: wss is required; the URL is not Slack's own */
    struct link *links;
    struct ps_timer *open;
    bool opening; /* apps.connections.open is asked, or a link has no hello yet */
    bool draining;
    int failures;
    int64_t down_ms; /* since when no connection is in use; 0: one is */
    struct ps_err fault;
};

static void want_link(struct ps_socket_mode *mode, int64_t after_ms);

size_t ps_socket_mode_connected(const struct ps_socket_mode *mode)
{
    const struct link *link;
    size_t count = 0;

    DL_FOREACH (mode->links, link)
        count += link->live && !link->retired ? 1 : 0;
    return count;
}

int64_t ps_socket_mode_down_ms(const struct ps_socket_mode *mode, const char **out_why)
{
    *out_why = mode->fault.what;
    return mode->down_ms == 0 || mode->draining ? 0
                                                : ps_loop_now(mode->options.loop) - mode->down_ms;
}

static void note_down(struct ps_socket_mode *mode, const struct ps_err *why)
{
    if (mode->down_ms == 0)
        mode->down_ms = ps_loop_now(mode->options.loop);
    if (why != NULL)
        mode->fault = *why;
}

/* --- envelopes ------------------------------------------------------------------------------ */

static void call_destroy(struct call *call)
{
    DL_DELETE(call->link->calls, call);
    ps_inbound_forget(call->inbound);
    free(call->id);
    free(call);
}

static void acknowledge(struct link *link, const char *id, const char *body)
{
    char *answer = ps_socket_envelope_acknowledge(id, body);

    if (link->socket != NULL)
        ps_web_socket_link_send(link->socket, answer);
    free(answer);
}

static void on_taken(void *cookie, enum ps_inbound_result result, const char *body)
{
    struct call *call = cookie;
    struct link *link = call->link, *other;

    call->inbound = NULL; /* it is over */
    /* An event that is not stored stays without an answer, so that Slack sends it again. */
    if (result == PS_INBOUND_TAKEN || body != NULL)
        acknowledge(link, call->id, body);
    call_destroy(call);
    if (link->retired && link->calls == NULL)
        ps_timer_set(link->timer, 0);
    /* There is room for another event, so links that were paused because there was none read again.
     */
    DL_FOREACH (link->mode->links, other)
        if (other->socket != NULL)
            ps_web_socket_link_pause(other->socket, false);
}

static void take(struct link *link, struct ps_socket_envelope *envelope)
{
    struct ps_inbound *inbound = link->mode->options.inbound;
    struct call *call = ps_alloc_zero(1, sizeof(*call));
    struct ps_inbound_call *stored;

    call->link = link;
    call->id = ps_alloc_text(envelope->id);
    DL_APPEND(link->calls, call);
    stored = ps_inbound_take(inbound, &envelope->event, PATIENCE_MS, on_taken, call);
    if (stored != NULL)
        call->inbound = stored; /* else call is gone */
    if (ps_inbound_is_full(inbound) && link->socket != NULL)
        ps_web_socket_link_pause(link->socket, true);
}

/* --- connections ---------------------------------------------------------------------------- */

static void link_destroy(struct link *link)
{
    DL_DELETE(link->mode->links, link);
    while (link->calls != NULL)
        call_destroy(link->calls);
    ps_web_socket_link_destroy(link->socket);
    ps_timer_destroy(link->timer);
    free(link);
}

static void retire(struct link *link)
{
    link->retired = true;
    ps_timer_set(link->timer, link->calls == NULL ? 0 : RETIRE_MS);
}

/* The new one is in use: the others close once their envelopes are acknowledged. */
static void on_hello(struct link *link, int64_t lasts_ms)
{
    struct ps_socket_mode *mode = link->mode;
    struct link *other;
    int64_t left_ms = lasts_ms / REFRESH_SHARE;

    if (link->live)
        return;
    link->live = true;
    link->live_ms = ps_loop_now(mode->options.loop);
    mode->opening = false;
    mode->failures /= 2;
    mode->down_ms = 0;
    mode->fault = (struct ps_err){ .what = "" };
    PS_LOG(SOCKET_CONNECTED, F_INT("lasts_s", lasts_ms / 1000));
    ps_timer_cancel(link->timer);
    if (lasts_ms > 0) {
        left_ms += (int64_t)((double)left_ms * ps_clock_random());
        ps_timer_set(link->timer,
                     lasts_ms - left_ms > REFRESH_MIN_MS ? lasts_ms - left_ms : REFRESH_MIN_MS);
    }
    DL_FOREACH (mode->links, other)
        if (other != link && other->live && !other->retired)
            retire(other);
    if (mode->draining)
        retire(link);
}

static void on_disconnect(struct link *link, bool disabled)
{
    struct ps_socket_mode *mode = link->mode;

    link->ending = true;
    if (disabled) {
        mode->failures = DISABLED_FAILURES;
        (void)ps_fail(&mode->fault, PS_FAILURE_CONFIGURATION, 0,
                      "Socket Mode is switched off at Slack");
        PS_LOG(
            SLACK_PROBLEM, F_TEXT("what", "Socket Mode is switched off at Slack."),
            F_TEXT("remedy", "Switch it on at https://api.slack.com/apps, your app, Socket Mode."));
    } else if (!link->retired) {
        want_link(mode, 0);
    }
}

static void on_text(void *cookie, struct ps_str text)
{
    struct link *link = cookie;
    struct ps_socket_envelope envelope;
    struct ps_err err;

    if (!ps_socket_envelope_read(text.data, text.len, &envelope, &err)) {
        PS_LOG(EVENT_REFUSED, F_INT("status", 0), F_TEXT("why", err.what));
        return;
    }
    switch (envelope.kind) {
    case PS_SOCKET_HELLO:
        on_hello(link, envelope.lasts_ms);
        break;
    case PS_SOCKET_DISCONNECT:
        on_disconnect(link, envelope.disabled);
        break;
    case PS_SOCKET_EVENT:
        take(link, &envelope);
        break;
    case PS_SOCKET_OTHER:
        acknowledge(link, envelope.id, NULL);
        break;
    }
    ps_socket_envelope_clear(&envelope);
}

static void note_failure(struct ps_socket_mode *mode, const struct ps_err *err, int64_t after_ms)
{
    int64_t wait_ms;

    mode->opening = false;
    mode->failures++;
    if (ps_socket_mode_connected(mode) == 0)
        note_down(mode, err);
    wait_ms = ps_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, mode->failures, ps_clock_random());
    wait_ms = wait_ms > after_ms ? wait_ms : after_ms;
    PS_LOG(SOCKET_ERROR, F_INT("failures", mode->failures), F_INT("wait_ms", wait_ms), F_ERR(err));
    ps_failure_log_add(mode->options.failures, ps_event_name(PS_EVENT_SOCKET_ERROR), err, NULL,
                       err->code);
    want_link(mode, wait_ms);
}

static void on_opened(void *cookie)
{
    (void)cookie; /* hello counts */
}

static void on_ended(void *cookie, const struct ps_err *err)
{
    struct link *link = cookie;
    struct ps_socket_mode *mode = link->mode;
    bool expected = link->retired || link->ending || mode->draining;
    bool live = link->live;
    int64_t lived_ms = live ? ps_loop_now(mode->options.loop) - link->live_ms : 0;
    struct ps_err why = *err; /* err belongs to the connection, which is destroyed next */

    link_destroy(link);
    if (!live) {
        note_failure(mode, &why, 0);
    } else if (ps_socket_mode_connected(mode) == 0 && !mode->opening) {
        mode->failures++;
        /* A fault that Slack reported before it closed the connection says more than the close. */
        note_down(mode, mode->fault.what[0] == '\0' ? &why : NULL);
        if (!expected)
            PS_LOG(SOCKET_LOST, F_INT("lived_ms", lived_ms), F_ERR(&why));
        want_link(mode,
                  ps_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, mode->failures, ps_clock_random()));
    }
}

/* Before hello, the connection takes too long. In use, it is time for another one. Retired, it
 * closes. */
static void on_link_timer(void *cookie)
{
    struct link *link = cookie;

    if (link->live && !link->retired)
        want_link(link->mode, 0);
    else
        ps_web_socket_link_close(link->socket);
}

/* Slack names the address. If SLACK_API_URL is Slack's own, the address must be public and
 * encrypted. A stand-in for Slack in a private network may name a private address. */
static bool connect_to(struct ps_socket_mode *mode, const char *url, struct ps_err *err)
{
    struct link *link;
    struct ps_web_socket_link_options options = { .loop = mode->options.loop,
                                                  .url = url,
                                                  .user_agent = mode->user_agent,
                                                  .ca_file = mode->ca_file,
                                                  .proxy = mode->proxy,
                                                  .no_proxy = mode->no_proxy,
                                                  .allow_private = mode->stand_in,
                                                  .opened = on_opened,
                                                  .text = on_text,
                                                  .ended = on_ended };

    if (mode->https && strncmp(url, "wss://", 6) != 0)
        return ps_fail(err, PS_FAILURE_NETWORK, 0, "Slack names a WebSocket without encryption");
    link = ps_alloc_zero(1, sizeof(*link));
    link->mode = mode;
    options.cookie = link;
    link->socket = ps_web_socket_link_create(&options, err);
    if (link->socket == NULL) {
        free(link);
        return false;
    }
    link->timer = ps_timer_create(mode->options.loop, on_link_timer, link);
    ps_timer_set(link->timer, HELLO_MS);
    DL_APPEND(mode->links, link);
    return true;
}

static void on_address(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_socket_mode *mode = cookie;
    const char *url = ps_json_text(reply->json, "url"), *error = ps_json_text(reply->json, "error");
    struct ps_err err;
    int64_t pause_s;

    if (mode->draining) {
        mode->opening = false;
        return;
    }
    if (reply->fault != NULL) {
        err = *reply->fault;
    } else if (url != NULL) {
        if (connect_to(mode, url, &err))
            return;
    } else if (reply->status == 429) {
        (void)ps_fail(&err, PS_FAILURE_RATE_LIMIT, 429, "apps.connections.open: HTTP status 429");
    } else {
        (void)ps_fail(&err, error != NULL ? PS_FAILURE_CONFIGURATION : PS_FAILURE_NETWORK,
                      reply->status, "apps.connections.open: %.100s",
                      error != NULL ? error : "no answer of Slack");
    }
    if (reply->retry_after == NULL ||
        !ps_str_int(ps_str_trim(ps_str_of(reply->retry_after)), 0, RETRY_AFTER_MAX_S, &pause_s))
        pause_s = 0;
    note_failure(mode, &err, pause_s * 1000);
}

static void on_open(void *cookie)
{
    struct ps_socket_mode *mode = cookie;

    if (mode->draining || mode->opening)
        return;
    mode->opening = true;
    ps_slack_api_call(mode->options.api, *mode->options.token, "apps.connections.open", "",
                      on_address, mode);
}

static void want_link(struct ps_socket_mode *mode, int64_t after_ms)
{
    if (!mode->draining && !mode->opening)
        ps_timer_set(mode->open, after_ms);
}

struct ps_socket_mode *ps_socket_mode_create(const struct ps_socket_mode_options *options)
{
    static const char slack[] = "https://slack.com/";
    struct ps_socket_mode *mode = ps_alloc_zero(1, sizeof(*mode));

    mode->options = *options;
    mode->user_agent = ps_alloc_text(options->user_agent);
    mode->ca_file = ps_alloc_text(options->ca_file != NULL ? options->ca_file : "");
    mode->proxy = ps_alloc_text(options->proxy);
    mode->no_proxy = ps_alloc_text(options->no_proxy);
    mode->https = strncmp(options->api_url, "https://", 8) == 0;
    mode->stand_in = strncmp(options->api_url, slack, sizeof(slack) - 1) != 0;
    mode->down_ms = ps_loop_now(options->loop);
    mode->open = ps_timer_create(options->loop, on_open, mode);
    ps_timer_set(mode->open, 0);
    return mode;
}

void ps_socket_mode_destroy(struct ps_socket_mode *mode)
{
    if (mode == NULL)
        return;
    while (mode->links != NULL)
        link_destroy(mode->links);
    ps_timer_destroy(mode->open);
    free(mode->user_agent);
    free(mode->ca_file);
    free(mode->proxy);
    free(mode->no_proxy);
    free(mode);
}

void ps_socket_mode_drain(struct ps_socket_mode *mode)
{
    struct link *link;

    mode->draining = true;
    ps_timer_cancel(mode->open);
    DL_FOREACH (mode->links, link)
        if (!link->retired)
            retire(link);
}
