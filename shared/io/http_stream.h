/* An answer of the HTTP server that goes on: server-sent events. */
#ifndef PS_IO_HTTP_STREAM_H
#define PS_IO_HTTP_STREAM_H
#include "shared/io/http_server.h"

struct ps_http_stream;

enum {
    PS_HTTP_STREAMS_MAX = 32,             /* of one server at once */
    PS_HTTP_STREAM_WAITING = 1024 * 1024, /* bytes that may wait for one reader */
};

/* Ends the exchange. Gives the stream whose answer it begins, or NULL: to a HEAD, where the client
 * is gone already, and where as many run as may (the answer is 503 then). gone runs once, on the
 * loop, when the client or the server has left; the stream is no more then. It does not run for a
 * stream that was ended. */
struct ps_http_stream *ps_http_stream_start(struct ps_http_exchange *exchange,
                                            const char *content_type, void (*gone)(void *cookie),
                                            void *cookie) PS_MUST_USE;
/* Copies data. A reader for whom too much would wait is dropped: gone runs later. One who takes
 * nothing at all is dropped after the server's timeout. */
void ps_http_stream_send(struct ps_http_stream *stream, const char *data, size_t len);
size_t ps_http_stream_waiting(const struct ps_http_stream *stream); /* bytes not yet taken */
void ps_http_stream_drop(struct ps_http_stream *stream);            /* gone runs later */
void ps_http_stream_end(struct ps_http_stream *stream);             /* NULL is fine */

#endif
