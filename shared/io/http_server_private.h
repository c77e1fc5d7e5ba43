/* What http_server.c and http_stream.c share. */
#ifndef PS_IO_HTTP_SERVER_PRIVATE_H
#define PS_IO_HTTP_SERVER_PRIVATE_H
#include "shared/io/http_server.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>

struct ps_http_route {
    char *path;
    unsigned methods;
    ps_http_route_fn fn;
    void *cookie;
};

/* evhttp 2.1 neither counts its connections nor tells when one ends. We hold a reference to each
 * bufferevent instead: one that evhttp let go of has no callbacks any more. */
struct ps_http_conn {
    TAILQ_ENTRY(ps_http_conn) next;
    struct bufferevent *bev;
    int64_t since; /* accepted, or answered last */
    bool busy;     /* a route has its request */
    bool cut;
};

struct ps_http_exchange {
    TAILQ_ENTRY(ps_http_exchange) next;
    struct ps_http_server *server; /* NULL once the server is gone */
    struct evhttp_request *req;    /* NULL once the client is gone */
    struct ps_http_conn *conn;
};

struct ps_http_server {
    struct ps_loop *loop;
    struct evhttp *http;
    struct evconnlistener *events_server; /* borrowed from http */
    struct ps_timer *sweep;
    struct ps_http_route *routes;
    size_t route_count;
    TAILQ_HEAD(, ps_http_conn) conns;
    TAILQ_HEAD(, ps_http_exchange) exchanges;
    TAILQ_HEAD(, ps_http_stream) streams;
    int stream_count;
    int timeout_seconds;
    int conn_count, max_connections;
    int64_t request_ms;
    uint16_t port;
    bool held; /* listener disabled: no connection can make room */
};

void ps_http_conn_cut(struct ps_http_conn *conn);
void ps_http_common_headers(struct evkeyvalq *headers);
void ps_http_streams_orphan(struct ps_http_server *server); /* it is being destroyed */

#endif
