#include "shared/io/http_stream.h"

#include "shared/core/alloc.h"
#include "shared/io/http_server_private.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 4096 }; /* bytes that a client may send during the response; nobody reads them */

struct ps_http_stream {
    struct ps_http_open_response response; /* must be first: on_server_destroy converts it back */
    struct ps_http_server *server;
    struct evhttp_request *req;
    struct ps_http_connection *connection; /* NULL if the server does not track it */
    void (*on_gone)(void *cookie);
    void *cookie;
    bool dropped; /* the connection is shut down; on_gone follows */
};

static void remove_and_free(struct ps_http_stream *stream)
{
    TAILQ_REMOVE(&stream->server->open_responses, &stream->response, next);
    stream->server->open_response_count--;
    if (stream->connection)
        stream->connection->busy = false;
    free(stream);
}

static void on_client_gone(struct evhttp_connection *evcon, void *cookie)
{
    struct ps_http_stream *stream = cookie;
    void (*on_gone)(void *) = stream->on_gone;
    void *gone_cookie = stream->cookie;

    (void)evcon;
    /* evhttp detaches a request that is still being answered from a failed connection and does not
     * free it. */
    if (evhttp_request_get_connection(stream->req) == NULL)
        evhttp_request_free(stream->req);
    remove_and_free(stream);
    on_gone(gone_cookie);
}

static void on_server_destroy(struct ps_http_open_response *response)
{
    struct ps_http_stream *stream = (struct ps_http_stream *)response;
    void (*on_gone)(void *) = stream->on_gone;
    void *gone_cookie = stream->cookie;

    evhttp_connection_set_closecb(evhttp_request_get_connection(stream->req), NULL, NULL);
    remove_and_free(stream);
    on_gone(gone_cookie);
}

static struct bufferevent *bufferevent_of(const struct ps_http_stream *stream)
{
    return evhttp_connection_get_bufferevent(evhttp_request_get_connection(stream->req));
}

struct ps_http_stream *ps_http_stream_start(struct ps_http_exchange *exchange,
                                            const char *content_type, void (*on_gone)(void *cookie),
                                            void *cookie)
{
    struct ps_http_server *server = exchange->server;
    struct timeval write_timeout;
    struct ps_http_stream *stream;
    struct evkeyvalq *headers;

    if (exchange->req == NULL || evhttp_request_get_command(exchange->req) == EVHTTP_REQ_HEAD) {
        ps_http_respond(exchange, 200, content_type, "", 0);
        return NULL;
    }
    if (server->open_response_count >= PS_HTTP_STREAMS_MAX) {
        static const char full[] = "too many open event streams; try again later";

        ps_http_add_header(exchange, "Retry-After", "10");
        ps_http_respond(exchange, 503, "text/plain; charset=utf-8", full, sizeof(full) - 1);
        return NULL;
    }
    stream = ps_alloc_zero(1, sizeof(*stream));
    *stream = (struct ps_http_stream){ .response.on_server_destroy = on_server_destroy,
                                       .server = server,
                                       .req = exchange->req,
                                       .connection = exchange->connection,
                                       .on_gone = on_gone,
                                       .cookie = cookie };
    TAILQ_REMOVE(&server->exchanges, exchange, next);
    free(exchange);
    TAILQ_INSERT_TAIL(&server->open_responses, &stream->response, next);
    server->open_response_count++;
    headers = evhttp_request_get_output_headers(stream->req);
    evhttp_add_header(headers, "Content-Type", content_type);
    evhttp_add_header(headers, "Connection", "close");
    ps_http_add_common_headers(headers);
    evhttp_connection_set_closecb(evhttp_request_get_connection(stream->req), on_client_gone,
                                  stream);
    evhttp_send_reply_start(stream->req, 200, "OK");
    /* The client has nothing to send, so its silence is normal. Limit only the time in which it
     * takes no byte. */
    write_timeout = (struct timeval){ .tv_sec = server->timeout_seconds };
    bufferevent_set_timeouts(bufferevent_of(stream), NULL, &write_timeout);
    bufferevent_setwatermark(bufferevent_of(stream), EV_READ, 0, INPUT_MAX);
    return stream;
}

size_t ps_http_stream_backlog(const struct ps_http_stream *stream)
{
    return evbuffer_get_length(bufferevent_get_output(bufferevent_of(stream)));
}

void ps_http_stream_drop(struct ps_http_stream *stream)
{
    stream->dropped = true;
    if (stream->connection)
        ps_http_connection_shutdown(stream->connection);
}

void ps_http_stream_send(struct ps_http_stream *stream, const char *data, size_t len)
{
    struct evbuffer *chunk;

    if (stream->dropped || len == 0)
        return;
    if (ps_http_stream_backlog(stream) + len > PS_HTTP_STREAM_BACKLOG_MAX) {
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
    remove_and_free(stream);
}
