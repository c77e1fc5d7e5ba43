/* A small HTTP server on evhttp: routes, caps, slow clients timed out. */
#ifndef PS_IO_HTTP_SERVER_H
#define PS_IO_HTTP_SERVER_H
#include "shared/core/str.h"
#include "shared/io/loop.h"

struct ps_http_server;
struct ps_http_exchange; /* one request that waits for its answer */

struct ps_http_server_options {
    const char *host;
    uint16_t port;               /* 0: any free one */
    size_t max_header, max_body; /* bytes; 0: 16 KiB each */
    int timeout_seconds; /* a client's silence; a whole request gets three times that; 0: 10 */
    int max_connections; /* at the cap the one idle for longest is closed; 0: 256 */
};

enum { PS_HTTP_SERVER_GET = 1, PS_HTTP_SERVER_POST = 2 };

/* Must call ps_http_respond before it returns, or keep exchange and call it later. */
typedef void (*ps_http_route_fn)(void *cookie, struct ps_http_exchange *exchange);

/* err (CONFIGURATION) says what is in the way when host:port cannot be bound. */
struct ps_http_server *ps_http_server_create(struct ps_loop *loop,
                                             const struct ps_http_server_options *options,
                                             struct ps_err *err) PS_MUST_USE;
void ps_http_server_destroy(struct ps_http_server *server);
uint16_t ps_http_server_port(const struct ps_http_server *server);
/* Exact path; another method than methods names gets 405, an unknown path 404. HEAD is served where
 * GET is. */
void ps_http_server_route(struct ps_http_server *server, const char *path, unsigned methods,
                          ps_http_route_fn fn, void *cookie);
struct ps_str ps_http_body(struct ps_http_exchange *exchange); /* borrowed */
const char *ps_http_header(struct ps_http_exchange *exchange,
                           const char *name); /* borrowed, NULL when absent */
const char *
ps_http_query(struct ps_http_exchange *exchange); /* raw text after '?', NULL when none */
/* A header of the answer, before it is given. */
void ps_http_add_header(struct ps_http_exchange *exchange, const char *name, const char *value);
/* Ends the exchange; body is copied. Also when the client or the server is gone meanwhile; nothing
 * is sent then. Every answer of a route, 404 and 405 too, carries Cache-Control: no-store and
 * X-Content-Type-Options: nosniff. */
void ps_http_respond(struct ps_http_exchange *exchange, int status, const char *content_type,
                     const char *body, size_t len);

#endif
