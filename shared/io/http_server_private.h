/* The inside of http_server.c that http_stream.c shares. No other file includes it. */
#ifndef PS_IO_HTTP_SERVER_PRIVATE_H
#define PS_IO_HTTP_SERVER_PRIVATE_H
#include "shared/io/http_server.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>

struct ps_http_route {
    char *path;
    size_t prefix_len; /* of a path that ends in an asterisk, without it; 0: exact */
    unsigned methods;
    ps_http_route_fn fn;
    void *cookie;
};

/* evhttp 2.1 neither counts its connections nor reports when one ends. The server therefore holds a
 * reference to each bufferevent; evhttp removes the callbacks of a bufferevent when it closes the
 * connection. */
struct ps_http_connection {
    TAILQ_ENTRY(ps_http_connection) next;
    struct bufferevent *bev; /* one reference is ours */
    int64_t idle_since_ms;   /* accepted, or last response sent */
    bool has_bytes;          /* bytes of a request came since then */
    bool headed;             /* its whole header did */
    bool in_line;            /* the header's current line is not empty */
    bool busy;               /* a route has its request */
    bool closing;            /* shut down; evhttp has not noticed yet */
};

struct ps_http_exchange {
    TAILQ_ENTRY(ps_http_exchange) next;
    struct ps_http_server *server;         /* NULL once the server is destroyed */
    struct evhttp_request *req;            /* NULL once the client is gone */
    struct ps_http_connection *connection; /* NULL if the server does not track it */
    size_t prefix_len;                     /* of the route; 0: it is exact */
};

/* A response that outlives its exchange. The server knows only this part of it, so that the server
 * does not depend on http_stream.c. */
struct ps_http_open_response {
    TAILQ_ENTRY(ps_http_open_response) next;
    /* The server is being destroyed; the function removes the response from the list. */
    void (*on_server_destroy)(struct ps_http_open_response *response);
};

struct ps_http_server {
    struct ps_loop *loop;
    struct evhttp *http;
    struct evconnlistener *listener; /* borrowed from http */
    struct ps_timer *sweep;
    struct ps_http_route *routes;
    size_t route_count;
    TAILQ_HEAD(, ps_http_connection) connections;
    TAILQ_HEAD(, ps_http_exchange) exchanges;
    TAILQ_HEAD(, ps_http_open_response) open_responses;
    int open_response_count;
    int timeout_seconds;
    int connection_count, max_connections;
    int64_t request_timeout_ms;
    uint16_t port;
    bool check_host;
    char *host_names;
    bool accept_paused; /* at the cap no connection can be closed: the listener is disabled */
};

/* Shuts the connection down. evhttp sees the end of the stream, runs its callbacks and frees the
 * connection. */
void ps_http_connection_shutdown(struct ps_http_connection *connection);
/* Adds the headers that every response carries (ps_http_respond); keeps a Cache-Control that the
 * route has set. */
void ps_http_add_common_headers(struct evkeyvalq *headers);

#endif
