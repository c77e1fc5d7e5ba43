#include "tests/upstream/httpd.h"

#include "shared/core/alloc.h"
#include "tests/upstream/request.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_MAX = 64 * 1024, /* of a request */
    ANSWER_HEAD_MAX = 2 * 1024 * 1024,
    FLOOD_CHUNK = 16 * 1024,
    BACKLOG = 4096,
};

enum state {
    STATE_READING,  /* waits for a request */
    STATE_DELAYED,  /* has an answer, its time has not come */
    STATE_DRIPPING, /* sends rest piece by piece */
    STATE_FLOODING, /* sends without end */
    STATE_STALLED,  /* will never send again */
    STATE_CLOSING,  /* closes when everything is sent */
};

struct connection {
    struct ps_httpd *httpd;
    struct bufferevent *bev;
    struct event *timer; /* delay and drip; made when first needed */
    uint64_t number;
    enum state state;
    bool keep_alive, head_only, counted;
    struct ps_answer answer; /* while has_answer */
    bool has_answer;
    struct ps_record_visit visit;
    struct evbuffer *rest; /* to be dripped */
    LIST_ENTRY(connection) link;
};

struct ps_httpd {
    struct event_base *base;
    struct evconnlistener *listener;
    struct ps_upstream *upstream;
    uint64_t accepted;
    uint16_t port;
    LIST_HEAD(, connection) connections;
};

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void drop_answer(struct connection *connection)
{
    if (connection->has_answer)
        ps_answer_clear(&connection->answer);
    connection->has_answer = false;
    if (connection->counted)
        ps_record_end(&connection->visit);
    connection->counted = false;
}

static void destroy(struct connection *connection)
{
    drop_answer(connection);
    LIST_REMOVE(connection, link);
    if (connection->timer != NULL)
        event_free(connection->timer);
    if (connection->rest != NULL)
        evbuffer_free(connection->rest);
    bufferevent_free(connection->bev);
    free(connection);
}

/* An RST in place of a FIN: what a crashed or overloaded server sends. */
static void reset(struct connection *connection)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    (void)setsockopt(bufferevent_getfd(connection->bev), SOL_SOCKET, SO_LINGER, &linger,
                     sizeof linger);
    destroy(connection);
}

static void close_when_sent(struct connection *connection)
{
    connection->state = STATE_CLOSING;
    if (evbuffer_get_length(bufferevent_get_output(connection->bev)) == 0)
        destroy(connection);
}

static void on_blob_sent(const void *data PS_UNUSED, size_t len PS_UNUSED, void *cookie)
{
    ps_blob_unref(cookie);
}

static void add_blob(struct evbuffer *out, struct ps_blob *blob, size_t len)
{
    if (len > blob->len)
        len = blob->len;
    if (len <= 4096)
        (void)evbuffer_add(out, blob->data, len);
    else if (evbuffer_add_reference(out, blob->data, len, on_blob_sent, ps_blob_ref(blob)) != 0)
        ps_blob_unref(blob);
}

static void format_head(const struct connection *connection, struct ps_buf *out)
{
    const struct ps_answer *answer = &connection->answer;
    const struct ps_transport *transport = &answer->transport;
    size_t len = answer->body != NULL ? answer->body->len : 0;
    int64_t claimed = transport->content_length >= 0 ? transport->content_length : (int64_t)len;
    char date[PS_WHEN_HTTP];

    ps_when_http(ps_when_now(&connection->httpd->upstream->scenario->clock, now_us() / 1000), date);
    ps_buf_format(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: paperscout-upstream\r\n",
                  answer->status,
                  answer->reason != NULL ? answer->reason : ps_answer_reason(answer->status), date);
    if (answer->content_type != NULL)
        ps_buf_format(out, "Content-Type: %s\r\n", answer->content_type);
    if (transport->fault == PS_FAULT_ENDLESS)
        ps_buf_text(out, "Transfer-Encoding: chunked\r\n");
    else if (answer->status != 304 && answer->status != 204)
        ps_buf_format(out, "Content-Length: %lld\r\n", (long long)claimed);
    if (answer->headers.len > 0)
        ps_buf_add(out, answer->headers.data, answer->headers.len);
    if (!connection->keep_alive)
        ps_buf_text(out, "Connection: close\r\n");
    ps_buf_text(out, "\r\n");
}

/* How much of len goes out before the fault: what the scenario says, else half. */
static size_t part_of(const struct ps_transport *transport, size_t len)
{
    if (transport->fault_at < 0)
        return len / 2;
    return (uint64_t)transport->fault_at < len ? (size_t)transport->fault_at : len;
}

static struct event *timer_of(struct connection *connection);

static void flood(struct connection *connection)
{
    struct evbuffer *out = bufferevent_get_output(connection->bev);
    static char filler[FLOOD_CHUNK];

    if (filler[0] == '\0')
        memset(filler, 'x', sizeof filler);
    if (connection->answer.transport.fault == PS_FAULT_ENDLESS) {
        (void)evbuffer_add_printf(out, "%x\r\n", (unsigned)sizeof filler);
        (void)evbuffer_add(out, filler, sizeof filler);
        (void)evbuffer_add(out, "\r\n", 2);
        return;
    }
    for (int i = 0; i < 100; i++)
        (void)evbuffer_add_printf(out, "X-Flood-%d: %.100s\r\n", i, filler);
}

static void drip(struct connection *connection)
{
    const struct ps_transport *transport = &connection->answer.transport;
    struct timeval pause = { .tv_sec = transport->drip_ms / 1000,
                             .tv_usec = transport->drip_ms % 1000 * 1000 };

    (void)evbuffer_remove_buffer(connection->rest, bufferevent_get_output(connection->bev),
                                 (size_t)transport->drip_bytes);
    if (evbuffer_get_length(connection->rest) > 0)
        (void)event_add(timer_of(connection), &pause);
}

static void serve(struct connection *connection);

/* The answer is on its way in full. true: the next request may come; else the connection ends, or
 * has ended. */
static bool finish(struct connection *connection)
{
    drop_answer(connection);
    if (!connection->keep_alive) {
        close_when_sent(connection);
        return false;
    }
    connection->state = STATE_READING;
    return true;
}

/* true: the fault has taken the connection over (it may be gone). */
static bool commit_fault(struct connection *connection, const struct ps_buf *head)
{
    const struct ps_transport *transport = &connection->answer.transport;
    struct evbuffer *out = bufferevent_get_output(connection->bev);
    struct ps_blob *body = connection->answer.body;

    switch (transport->fault) {
    case PS_FAULT_NONE:
        return false;
    case PS_FAULT_DROP:
        destroy(connection);
        return true;
    case PS_FAULT_RESET:
        reset(connection);
        return true;
    case PS_FAULT_CUT_HEADER:
        (void)evbuffer_add(out, head->data, part_of(transport, head->len - 4));
        close_when_sent(connection);
        return true;
    case PS_FAULT_CUT_BODY:
    case PS_FAULT_STALL_BODY:
        (void)evbuffer_add(out, head->data, head->len);
        if (body != NULL && !connection->head_only)
            add_blob(out, body, part_of(transport, body->len));
        if (transport->fault == PS_FAULT_STALL_BODY)
            connection->state = STATE_STALLED;
        else
            close_when_sent(connection);
        return true;
    case PS_FAULT_STALL:
        connection->state = STATE_STALLED;
        return true;
    case PS_FAULT_ENDLESS:
        (void)evbuffer_add(out, head->data, head->len);
        if (connection->head_only)
            (void)finish(connection);
        else
            connection->state = STATE_FLOODING;
        return true;
    case PS_FAULT_HEADER_FLOOD:
        (void)evbuffer_add(out, head->data, head->len - 2);
        connection->state = STATE_FLOODING;
        return true;
    case PS_FAULT_GARBAGE:
        (void)evbuffer_add_printf(out, "\x01\x02 this is no HTTP \xff\xfe\n\n");
        close_when_sent(connection);
        return true;
    case PS_FAULT_COUNT:
        break;
    }
    assert(false && "a fault of the list");
    return false;
}

static void send_answer(struct connection *connection)
{
    struct ps_answer *answer = &connection->answer;
    bool drips = answer->transport.drip_ms > 0;
    struct evbuffer *out = bufferevent_get_output(connection->bev);
    struct ps_buf head;
    bool taken;

    if (answer->transport.close)
        connection->keep_alive = false;
    ps_buf_init(&head, ANSWER_HEAD_MAX);
    format_head(connection, &head);
    taken = commit_fault(connection, &head);
    if (!taken) {
        if (drips)
            out = connection->rest = evbuffer_new();
        (void)evbuffer_add(out, head.data, head.len);
        if (answer->body != NULL && !connection->head_only)
            add_blob(out, answer->body, answer->body->len);
        if (drips) {
            connection->state = STATE_DRIPPING;
            drip(connection);
        } else {
            (void)finish(connection);
        }
    }
    ps_buf_clear(&head);
}

static void on_timer(evutil_socket_t fd PS_UNUSED, short what PS_UNUSED, void *cookie)
{
    struct connection *connection = cookie;

    if (connection->state == STATE_DELAYED)
        send_answer(connection);
    else if (connection->state == STATE_DRIPPING)
        drip(connection);
}

static struct event *timer_of(struct connection *connection)
{
    if (connection->timer == NULL)
        connection->timer = evtimer_new(connection->httpd->base, on_timer, connection);
    return connection->timer;
}

static void decide(struct connection *connection, const struct ps_user_command *ask)
{
    struct ps_upstream *upstream = connection->httpd->upstream;
    size_t slack_len = strlen(upstream->scenario->slack_path);
    struct ps_record_request request = { .method = ask->method,
                                         .host = ask->host.data != NULL ? ask->host : ps_str_of(""),
                                         .path = ask->path,
                                         .wall_us = ask->wall_us,
                                         .connection = connection->number };

    connection->has_answer = true;
    if (ps_control_is(ask->path)) {
        ps_control_answer(upstream, ask, &connection->answer);
        return;
    }
    ps_record_begin(upstream->record, &request, &connection->visit);
    connection->counted = true;
    if (ask->path.len > slack_len &&
        memcmp(ask->path.data, upstream->scenario->slack_path, slack_len) == 0)
        ps_slack_outcome(upstream->slack, upstream->scenario, ask, &connection->answer);
    else if (ps_slack_is_hook(ask->path))
        ps_slack_hook(upstream->slack, upstream->scenario, ask, &connection->answer);
    else
        ps_answer_page(upstream->scenario, ask, &connection->answer);
    ps_record_status(upstream->record, &connection->visit, connection->answer.status);
}

static void start_answer(struct connection *connection)
{
    int64_t delay_ms = connection->answer.transport.delay_ms;
    struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };

    if (delay_ms == 0) {
        send_answer(connection);
        return;
    }
    connection->state = STATE_DELAYED;
    (void)event_add(timer_of(connection), &delay);
}

static void refuse(struct connection *connection, int status)
{
    ps_answer_init(&connection->answer);
    connection->has_answer = true;
    connection->keep_alive = false;
    ps_answer_text(&connection->answer, status, "not understood\n");
    send_answer(connection);
}

/* false: a request is not there in full yet, or the connection is gone. */
static bool serve_one(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->bev);
    struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    struct ps_request_head head;
    size_t head_len;
    char *text;

    if (end.pos < 0 || end.pos > HEAD_MAX) {
        if (evbuffer_get_length(in) > HEAD_MAX)
            refuse(connection, 431);
        return false;
    }
    head_len = (size_t)end.pos + 4;
    text = (char *)evbuffer_pullup(in, (ev_ssize_t)head_len);
    if (!ps_request_parse((struct ps_str){ text, head_len }, &head) || head.chunked) {
        refuse(connection, 400);
        return false;
    }
    if (evbuffer_get_length(in) < head_len + (size_t)head.body_len) {
        if (head.expects_continue && evbuffer_get_length(in) == head_len)
            (void)bufferevent_write(connection->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        return false;
    }
    if (head.body_len > 0) {
        text = (char *)evbuffer_pullup(in, (ev_ssize_t)(head_len + (size_t)head.body_len));
        (void)!ps_request_parse((struct ps_str){ text, head_len }, &head); /* the text has moved */
    }
    head.ask.body = (struct ps_str){ text + head_len, (size_t)head.body_len };
    head.ask.connection = connection->number;
    head.ask.wall_us = now_us();
    connection->keep_alive = head.keep_alive;
    connection->head_only = ps_str_is(head.ask.method, "HEAD");
    decide(connection, &head.ask);
    (void)evbuffer_drain(in, head_len + (size_t)head.body_len);
    return true;
}

static void serve(struct connection *connection)
{
    if (connection->state == STATE_READING && serve_one(connection))
        start_answer(connection);
}

static void on_read(struct bufferevent *bev PS_UNUSED, void *cookie)
{
    serve(cookie);
}

/* Everything that was queued has left. */
static void on_written(struct bufferevent *bev, void *cookie)
{
    struct connection *connection = cookie;

    switch (connection->state) {
    case STATE_CLOSING:
        destroy(connection);
        return;
    case STATE_FLOODING:
        flood(connection);
        return;
    case STATE_DRIPPING:
        if (evbuffer_get_length(connection->rest) > 0)
            return;
        evbuffer_free(connection->rest);
        connection->rest = NULL;
        if (finish(connection))
            serve(connection);
        return;
    case STATE_READING: /* a request may have come meanwhile (pipelining) */
        if (evbuffer_get_length(bufferevent_get_input(bev)) > 0)
            serve(connection);
        return;
    case STATE_DELAYED:
    case STATE_STALLED:
        return;
    }
}

static void on_gone(struct bufferevent *bev PS_UNUSED, short what, void *cookie)
{
    struct connection *connection = cookie;

    /* A peer that only closed its sending side still reads. */
    if ((what & BEV_EVENT_EOF) != 0 && connection->state == STATE_CLOSING)
        return;
    destroy(connection);
}

static void on_accept(struct evconnlistener *listener PS_UNUSED, evutil_socket_t fd,
                      struct sockaddr *address PS_UNUSED, int len PS_UNUSED, void *cookie)
{
    struct ps_httpd *httpd = cookie;
    struct connection *connection = ps_alloc_zero(1, sizeof *connection);
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->httpd = httpd;
    connection->number = ++httpd->accepted;
    connection->bev = bufferevent_socket_new(httpd->base, fd, BEV_OPT_CLOSE_ON_FREE);
    LIST_INSERT_HEAD(&httpd->connections, connection, link);
    bufferevent_setcb(connection->bev, on_read, on_written, on_gone, connection);
    (void)bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
}

static void on_accept_error(struct evconnlistener *listener PS_UNUSED, void *cookie PS_UNUSED)
{
    (void)fprintf(stderr, "accept: %s\n", strerror(errno));
}

struct ps_httpd *ps_httpd_start(struct event_base *base, struct ps_upstream *upstream,
                                uint16_t port, struct ps_err *err)
{
    struct ps_httpd *httpd = ps_alloc_zero(1, sizeof *httpd);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;

    httpd->base = base;
    httpd->upstream = upstream;
    LIST_INIT(&httpd->connections);
    httpd->listener = evconnlistener_new_bind(
        base, on_accept, httpd, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC,
        BACKLOG, (struct sockaddr *)&address, (int)sizeof address);
    if (httpd->listener == NULL ||
        getsockname(evconnlistener_get_fd(httpd->listener), (struct sockaddr *)&address, &len)) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, errno, "cannot listen on port %u: %s", port,
                      strerror(errno));
        free(httpd);
        return NULL;
    }
    evconnlistener_set_error_cb(httpd->listener, on_accept_error);
    httpd->port = ntohs(address.sin_port);
    return httpd;
}

uint16_t ps_httpd_port(const struct ps_httpd *httpd)
{
    return httpd->port;
}

void ps_httpd_stop(struct ps_httpd *httpd)
{
    struct connection *connection, *next;

    if (httpd == NULL)
        return;
    for (connection = LIST_FIRST(&httpd->connections); connection != NULL; connection = next) {
        next = LIST_NEXT(connection, link);
        destroy(connection);
    }
    evconnlistener_free(httpd->listener);
    free(httpd);
}
