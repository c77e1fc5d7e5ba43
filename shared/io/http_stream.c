#include "shared/io/http_stream.h"

#include "shared/core/alloc.h"
#include "shared/io/http_server_private.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 4096 }; /* what a client may say while it listens: it is not read */

struct ps_http_stream {
    TAILQ_ENTRY(ps_http_stream) next;
    struct ps_http_server *server;
    struct evhttp_request *req;
    struct ps_http_conn *conn;
    void (*gone)(void *cookie);
    void *cookie;
    bool cut;
};

static void forget(struct ps_http_stream *stream)
{
    TAILQ_REMOVE(&stream->server->streams, stream, next);
    stream->server->stream_count--;
    if (stream->conn)
        stream->conn->busy = false;
    free(stream);
}

static void on_reader_gone(struct evhttp_connection *evcon, void *arg)
{
    struct ps_http_stream *stream = arg;
    void (*gone)(void *) = stream->gone;
    void *cookie = stream->cookie;

    (void)evcon;
    /* evhttp lets go of a request that is still being answered when its connection fails. */
    if (evhttp_request_get_connection(stream->req) == NULL)
        evhttp_request_free(stream->req);
    forget(stream);
    gone(cookie);
}

static struct bufferevent *bufferevent_of(const struct ps_http_stream *stream)
{
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(stream->req));
}

/* The silence of a listener is no fault: only what it does not take is timed. */
static void listen_only(const struct ps_http_stream *stream)
{
    struct timeval patience = { .tv_sec = stream->server->timeout_seconds };

    bufferevent_set_timeouts(bufferevent_of(stream), NULL, &patience);
    bufferevent_setwatermark(bufferevent_of(stream), EV_READ, 0, INPUT_MAX);
}

struct ps_http_stream *ps_http_stream_start(struct ps_http_exchange *exchange,
                                            const char *content_type, void (*gone)(void *cookie),
                                            void *cookie)
{
    struct ps_http_server *server = exchange->server;
    struct ps_http_stream *stream;
    struct evkeyvalq *headers;

    if (exchange->req == NULL || evhttp_request_get_command(exchange->req) == EVHTTP_REQ_HEAD) {
        ps_http_respond(exchange, 200, content_type, "", 0);
        return NULL;
    }
    if (server->stream_count >= PS_HTTP_STREAMS_MAX) {
        static const char full[] = "as many listen as may";

        ps_http_add_header(exchange, "Retry-After", "10");
        ps_http_respond(exchange, 503, "text/plain; charset=utf-8", full, sizeof(full) - 1);
        return NULL;
    }
    stream = ps_alloc_zero(1, sizeof(*stream));
    *stream = (struct ps_http_stream){ .server = server,
                                       .req = exchange->req,
                                       .conn = exchange->conn,
                                       .gone = gone,
                                       .cookie = cookie };
    TAILQ_REMOVE(&server->exchanges, exchange, next);
    free(exchange);
    TAILQ_INSERT_TAIL(&server->streams, stream, next);
    server->stream_count++;
    headers = evhttp_request_get_output_headers(stream->req);
    evhttp_add_header(headers, "Content-Type", content_type);
    evhttp_add_header(headers, "Connection", "close");
    ps_http_common_headers(headers);
    evhttp_connection_set_closecb(evhttp_request_get_connection(stream->req), on_reader_gone,
                                  stream);
    evhttp_send_reply_start(stream->req, 200, "OK");
    listen_only(stream);
    return stream;
}

size_t ps_http_stream_waiting(const struct ps_http_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(bufferevent_of(stream)));
}

void ps_http_stream_drop(struct ps_http_stream *stream)
{
    stream->cut = true;
    if (stream->conn)
        ps_http_conn_cut(stream->conn);
}

void ps_http_stream_send(struct ps_http_stream *stream, const char *data, size_t len)
{
    struct evbuffer *chunk;

    if (stream->cut || len == 0)
        return;
    if (ps_http_stream_waiting(stream) + len > PS_HTTP_STREAM_WAITING) {
        ps_http_stream_drop(stream);
        return;
    }
    chunk = evbuffer_new();
    evbuffer_add(chunk, data, len);
    evhttp_send_reply_chunk(stream->req, chunk);
    evbuffer_free(chunk);
}

void ps_http_stream_end(struct ps_http_stream *stream)
{
    if (stream == NULL)
        return;
    evhttp_connection_set_closecb(evhttp_request_get_connection(stream->req), NULL, NULL);
    evhttp_send_reply_end(stream->req);
    forget(stream);
}

void ps_http_streams_orphan(struct ps_http_server *server)
{
    struct ps_http_stream *stream;

    while ((stream = TAILQ_FIRST(&server->streams)) != NULL) {
        void (*gone)(void *) = stream->gone;
        void *cookie = stream->cookie;

        evhttp_connection_set_closecb(evhttp_request_get_connection(stream->req), NULL, NULL);
        forget(stream);
        gone(cookie);
    }
}
