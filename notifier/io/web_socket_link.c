#include "notifier/io/web_socket_link.h"

#include "notifier/core/web_socket.h"
#include "shared/core/alloc.h"
#include "shared/io/http_client.h"

#include <event2/event.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_MS = 10 * 1000,
    HANDSHAKE_MS = 10 * 1000,
    CLOSE_MS = 2000,
    WATCH_MS = 10 * 1000, /* how often an idle link is looked at */
    PING_MS = 30 * 1000,  /* after this much silence a ping asks whether the server is there */
    SILENT_MS = 70 * 1000,
    MESSAGE_MAX = 1024 * 1024,
    OUT_MAX = 1024 * 1024,
    READS_A_TURN = 32, /* reads of PS_WEB_SOCKET_FEED_MAX bytes in one turn, so that a busy server
                          leaves time for others */
    NORMAL_CLOSE = 1000
};

enum state { CONNECTING, HANDSHAKE, OPEN, CLOSING, ENDED };

struct ps_web_socket_link {
    struct ps_web_socket_link_options options;
    struct ps_web_socket_url url;
    struct ps_http *http;
    struct ps_http_call *call; /* the connection */
    struct event *readable, *writable;
    struct ps_timer *timer; /* of the state: handshake, silence, close */
    struct ps_timer *again; /* reads on, or ends */
    enum state state;
    bool paused;
    char *user_agent;
    char key[PS_WEB_SOCKET_KEY];
    struct ps_buf answer; /* of the handshake */
    struct ps_buf out;    /* to be written */
    struct ps_web_socket socket;
    struct ps_err err; /* why it ended */
    int64_t received_ms;
};

static void random_bytes(unsigned char *out, int len)
{
    if (RAND_bytes(out, len) != 1)
        abort();
}

static void unwatch(struct ps_web_socket_link *link)
{
    if (link->readable != NULL)
        event_free(link->readable);
    if (link->writable != NULL)
        event_free(link->writable);
    link->readable = link->writable = NULL;
}

/* The callback runs from a timer, so that nobody destroys what is in use. */
static void end(struct ps_web_socket_link *link, const struct ps_err *err)
{
    if (link->state == ENDED)
        return;
    link->state = ENDED;
    link->err = *err;
    unwatch(link);
    ps_timer_cancel(link->timer);
    ps_timer_set(link->again, 0);
}

static void end_with(struct ps_web_socket_link *link, enum ps_failure category, int code,
                     const char *why)
{
    struct ps_err err;

    (void)ps_fail(&err, category, code, "%s", why);
    end(link, &err);
}

/* --- writing -------------------------------------------------------------------------------- */

static void flush(struct ps_web_socket_link *link)
{
    size_t done = 0, len;
    struct ps_err err;
    enum ps_http_io how = PS_HTTP_IO_DONE;

    while (done < link->out.len && how == PS_HTTP_IO_DONE) {
        how = ps_http_connect_write(link->call, link->out.data + done, link->out.len - done, &len,
                                    &err);
        done += how == PS_HTTP_IO_DONE ? len : 0;
    }
    if (done > 0 && done < link->out.len)
        memmove(link->out.data, link->out.data + done, link->out.len - done);
    link->out.len -= done;
    if (how == PS_HTTP_IO_ENDED)
        end(link, &err);
    else if (link->out.len > 0)
        (void)event_add(link->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *cookie)
{
    (void)fd;
    (void)what;
    flush(cookie);
}

static void send_frame(struct ps_web_socket_link *link, enum ps_web_socket_opcode opcode,
                       struct ps_str data)
{
    unsigned char mask[PS_WEB_SOCKET_MASK];

    random_bytes(mask, PS_WEB_SOCKET_MASK);
    ps_web_socket_frame(opcode, mask, data.data, data.len, &link->out);
    if (link->out.full)
        end_with(link, PS_FAILURE_NETWORK, 0, "the server does not read");
    else
        flush(link);
}

/* --- reading -------------------------------------------------------------------------------- */

static void take_close(struct ps_web_socket_link *link, struct ps_str payload)
{
    int code = ps_web_socket_close_code(payload);

    if (link->state == OPEN)
        send_frame(link, PS_WEB_SOCKET_CLOSE,
                   (struct ps_str){ payload.data, payload.len < 2 ? 0 : 2 });
    end_with(link, PS_FAILURE_NETWORK, link->state == CLOSING ? NORMAL_CLOSE : code,
             "the server closed the connection");
}

static void take_frame(struct ps_web_socket_link *link, enum ps_web_socket_opcode opcode,
                       struct ps_str data)
{
    switch (opcode) {
    case PS_WEB_SOCKET_TEXT:
        if (link->state == OPEN || link->state == CLOSING)
            link->options.text(link->options.cookie, data);
        break;
    case PS_WEB_SOCKET_PING:
        send_frame(link, PS_WEB_SOCKET_PONG, data);
        break;
    case PS_WEB_SOCKET_CLOSE:
        take_close(link, data);
        break;
    case PS_WEB_SOCKET_PONG:
    case PS_WEB_SOCKET_BINARY:
    case PS_WEB_SOCKET_MORE:
        break;
    }
}

static void take_frames(struct ps_web_socket_link *link)
{
    enum ps_web_socket_next next = PS_WEB_SOCKET_FRAME;
    enum ps_web_socket_opcode opcode;
    struct ps_str data;
    struct ps_err err;

    while (link->state != ENDED && next == PS_WEB_SOCKET_FRAME) {
        next = ps_web_socket_next(&link->socket, &opcode, &data, &err);
        if (next == PS_WEB_SOCKET_FRAME)
            take_frame(link, opcode, data);
        else if (next == PS_WEB_SOCKET_BROKEN)
            end(link, &err);
    }
}

static void take_answer(struct ps_web_socket_link *link, const char *data, size_t len)
{
    struct ps_err err;
    size_t used = 0;

    (void)ps_buf_add(&link->answer, data, len);
    switch (
        ps_web_socket_answer(ps_buf_str(&link->answer), link->answer.len, link->key, &used, &err)) {
    case PS_WEB_SOCKET_INCOMPLETE:
        break;
    case PS_WEB_SOCKET_REFUSED:
        end(link, &err);
        break;
    case PS_WEB_SOCKET_ACCEPTED:
        link->state = OPEN;
        ps_timer_set(link->timer, WATCH_MS);
        ps_web_socket_feed(&link->socket, link->answer.data + used, link->answer.len - used);
        link->options.opened(link->options.cookie);
        take_frames(link);
        ps_buf_clear(&link->answer);
        break;
    }
}

static void read_on(struct ps_web_socket_link *link)
{
    char data[PS_WEB_SOCKET_FEED_MAX];
    enum ps_http_io how = PS_HTTP_IO_DONE;
    struct ps_err err;
    size_t len;

    for (int i = 0; i < READS_A_TURN && how == PS_HTTP_IO_DONE && link->state != ENDED; i++) {
        if (link->paused)
            return;
        how = ps_http_connect_read(link->call, data, sizeof(data), &len, &err);
        if (how == PS_HTTP_IO_ENDED) {
            if (link->state == CLOSING)
                err.code = NORMAL_CLOSE;
            end(link, &err);
        } else if (how == PS_HTTP_IO_DONE) {
            link->received_ms = ps_loop_now(link->options.loop);
            if (link->state == HANDSHAKE) {
                take_answer(link, data, len);
            } else {
                ps_web_socket_feed(&link->socket, data, len);
                take_frames(link);
            }
        }
    }
    if (how == PS_HTTP_IO_DONE && link->state != ENDED)
        ps_timer_set(link->again, 0); /* TLS may hold more that the socket does not show */
}

static void on_readable(evutil_socket_t fd, short what, void *cookie)
{
    (void)fd;
    (void)what;
    read_on(cookie);
}

static void on_again(void *cookie)
{
    struct ps_web_socket_link *link = cookie;

    if (link->state == ENDED)
        link->options.ended(link->options.cookie, &link->err);
    else if (link->call != NULL && link->readable != NULL)
        read_on(link);
}

static void on_timer(void *cookie)
{
    struct ps_web_socket_link *link = cookie;
    int64_t silent_ms = ps_loop_now(link->options.loop) - link->received_ms;

    if (link->state == CLOSING) {
        end_with(link, PS_FAILURE_TIMEOUT, NORMAL_CLOSE, "the server did not answer our close");
        return;
    }
    if (link->state != OPEN || silent_ms > SILENT_MS) {
        end_with(link, PS_FAILURE_TIMEOUT, 0,
                 link->state == OPEN ? "the server is silent" : "the handshake took too long");
        return;
    }
    ps_timer_set(link->timer, WATCH_MS);
    if (silent_ms > PING_MS && !link->paused)
        send_frame(link, PS_WEB_SOCKET_PING, (struct ps_str){ "", 0 });
}

/* --- a link's life -------------------------------------------------------------------------- */

static void shake_hands(struct ps_web_socket_link *link)
{
    unsigned char nonce[PS_WEB_SOCKET_NONCE];
    struct event_base *base = ps_loop_base(link->options.loop);
    int fd = ps_http_connect_fd(link->call);

    random_bytes(nonce, PS_WEB_SOCKET_NONCE);
    ps_web_socket_key(nonce, link->key);
    link->state = HANDSHAKE;
    link->received_ms = ps_loop_now(link->options.loop);
    link->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(base, fd, EV_WRITE, on_writable, link);
    if (link->readable == NULL || link->writable == NULL || event_add(link->readable, NULL) != 0)
        abort();
    ps_timer_set(link->timer, HANDSHAKE_MS);
    ps_web_socket_request(link->url.host, link->url.target, link->key, link->user_agent,
                          &link->out);
    flush(link);
}

static void on_connected(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_web_socket_link *link = cookie;

    (void)reply;
    if (err != NULL) {
        link->call = NULL;
        end(link, err);
        return;
    }
    shake_hands(link);
}

struct ps_web_socket_link *
ps_web_socket_link_create(const struct ps_web_socket_link_options *options, struct ps_err *err)
{
    struct ps_web_socket_link *link;
    struct ps_web_socket_url url;
    struct ps_http_options http = { .user_agent = options->user_agent,
                                    .allow_private = options->allow_private,
                                    .proxy = options->proxy,
                                    .no_proxy = options->no_proxy,
                                    .ca_file = options->ca_file };
    char *address;

    if (!ps_web_socket_url_parse(options->url, &url, err))
        return NULL;
    link = ps_alloc_zero(1, sizeof(*link));
    link->options = *options;
    link->url = url;
    link->user_agent = ps_alloc_text(options->user_agent);
    link->http = ps_http_create(options->loop, &http);
    link->timer = ps_timer_create(options->loop, on_timer, link);
    link->again = ps_timer_create(options->loop, on_again, link);
    ps_buf_init(&link->answer, PS_WEB_SOCKET_HEAD_MAX + PS_WEB_SOCKET_FEED_MAX);
    ps_buf_init(&link->out, OUT_MAX);
    ps_web_socket_init(&link->socket, MESSAGE_MAX);
    address = ps_alloc_format("%s://%s/", url.secure ? "https" : "http", url.host);
    link->call = ps_http_connect(link->http, address, CONNECT_MS, on_connected, link, &link->err);
    if (link->call == NULL) {
        struct ps_err why = link->err;

        end(link, &why);
    }
    free(address);
    return link;
}

void ps_web_socket_link_destroy(struct ps_web_socket_link *link)
{
    if (link == NULL)
        return;
    unwatch(link);
    ps_timer_destroy(link->timer);
    ps_timer_destroy(link->again);
    ps_http_cancel(link->call);
    ps_http_destroy(link->http);
    ps_buf_clear(&link->answer);
    ps_buf_clear(&link->out);
    ps_web_socket_clear(&link->socket);
    ps_web_socket_url_clear(&link->url);
    free(link->user_agent);
    free(link);
}

void ps_web_socket_link_send(struct ps_web_socket_link *link, const char *text)
{
    if (link->state == OPEN)
        send_frame(link, PS_WEB_SOCKET_TEXT, ps_str_of(text));
}

void ps_web_socket_link_close(struct ps_web_socket_link *link)
{
    static const unsigned char code[] = { NORMAL_CLOSE >> 8, NORMAL_CLOSE & 0xff };
    char normal[sizeof(code)];

    if (link->state == OPEN) {
        link->state = CLOSING;
        memcpy(normal, code, sizeof(code));
        ps_timer_set(link->timer, CLOSE_MS);
        send_frame(link, PS_WEB_SOCKET_CLOSE, (struct ps_str){ normal, sizeof(normal) });
    } else if (link->state != CLOSING) {
        end_with(link, PS_FAILURE_NETWORK, NORMAL_CLOSE, "closed before it was open");
    }
}

void ps_web_socket_link_pause(struct ps_web_socket_link *link, bool paused)
{
    if (link->paused == paused || link->readable == NULL)
        return;
    link->paused = paused;
    if (paused) {
        (void)event_del(link->readable);
    } else {
        (void)event_add(link->readable, NULL);
        ps_timer_set(link->again, 0);
    }
}
