/* A response of the HTTP server that does not end: server-sent events for the status page.
 *
 * A route turns its exchange into a stream with ps_http_stream_start and sends text whenever it has
 * news. The module guarantees that slow or numerous readers cost a bounded amount of memory: at
 * most PS_HTTP_STREAMS_MAX streams for each server, at most PS_HTTP_STREAM_BACKLOG_MAX unsent bytes
 * for each stream. A reader beyond the backlog is disconnected, because the status page reconnects
 * and then gets the newest state. */
#ifndef PS_IO_HTTP_STREAM_H
#define PS_IO_HTTP_STREAM_H
#include "shared/io/http_server.h"

struct ps_http_stream;

enum {
    PS_HTTP_STREAMS_MAX = 32,                 /* open streams of one server */
    PS_HTTP_STREAM_BACKLOG_MAX = 1024 * 1024, /* unsent bytes of one stream */
};

/* Ends the exchange and starts its response. Returns NULL if there is no stream: a HEAD request, a
 * client that is gone, or PS_HTTP_STREAMS_MAX open streams (the response is 503 then). on_gone runs
 * once, on the loop, after the client left or when the server is destroyed; the stream is freed
 * then. It does not run after ps_http_stream_end. Borrows cookie. */
struct ps_http_stream *ps_http_stream_start(struct ps_http_exchange *exchange,
                                            const char *content_type, void (*on_gone)(void *cookie),
                                            void *cookie) PS_MUST_USE;
/* Sends a copy of data. If the backlog would pass its cap, the stream is dropped instead. A reader
 * that takes no byte at all is disconnected after the server's timeout. */
void ps_http_stream_send(struct ps_http_stream *stream, const char *data, size_t len);
size_t ps_http_stream_backlog(const struct ps_http_stream *stream); /* unsent bytes */
void ps_http_stream_drop(struct ps_http_stream *stream); /* disconnects; on_gone runs later */
void ps_http_stream_end(struct ps_http_stream *stream);  /* ends the response; NULL is fine */

#endif
