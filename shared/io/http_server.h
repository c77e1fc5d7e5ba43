/* A small HTTP server on evhttp: exact routes, caps on everything that a client can fill, time
 * limits for slow clients.
 *
 * It serves the health port and the status page of each program and the notifier's port for Slack
 * events. A request reaches the route's function, which answers now or later with ps_http_respond.
 * http_stream.h turns an exchange into a response without an end.
 *
 * Guarantees: a client holds at most max_header + max_body bytes of memory before a route runs; a
 * connection that is silent or trickles is closed; at the connection cap a connection without a
 * complete header is closed first, so that a crowd of idle clients cannot keep Kubernetes' probes
 * or a Slack event out. Change these limits only together with tests/component/test_http_server.c.
 */
#ifndef PS_IO_HTTP_SERVER_H
#define PS_IO_HTTP_SERVER_H
#include "shared/core/str.h"
#include "shared/io/loop.h"

struct ps_http_server;
struct ps_http_exchange; /* one request that waits for its response */

struct ps_http_server_options {
    const char *host;
    uint16_t port;               /* 0: any free port */
    size_t max_header, max_body; /* bytes; 0: 16 KiB each */
    int timeout_seconds; /* a client's silence; a whole request gets three times as long; 0: 10 */
    int max_connections; /* 0: 256 */
    bool check_host;     /* on a loopback address: refuse hosts that a stranger can name
                            (http_host.h) with 403 */
    const char
        *host_names; /* names to answer to all the same, commas between; copied; NULL: none */
};

enum { PS_HTTP_SERVER_GET = 1, PS_HTTP_SERVER_POST = 2 };

/* Runs on the loop for each request of a route. The function must end the exchange with
 * ps_http_respond or ps_http_stream_start: before it returns, or later. */
typedef void (*ps_http_route_fn)(void *cookie, struct ps_http_exchange *exchange);

/* Borrows loop; options are borrowed for the call. Returns NULL with err (CONFIGURATION) if
 * host:port cannot be bound; err names the address and the reason. */
struct ps_http_server *ps_http_server_create(struct ps_loop *loop,
                                             const struct ps_http_server_options *options,
                                             struct ps_err *err) PS_MUST_USE;
/* Closes all connections. Owners of unanswered exchanges must still call ps_http_respond, which
 * then only frees. NULL is fine. */
void ps_http_server_destroy(struct ps_http_server *server);
uint16_t ps_http_server_port(const struct ps_http_server *server); /* the bound port */

/* Serves path (copied, compared exactly) with fn; borrows cookie until the server is destroyed. A
 * path that ends in a slash and an asterisk serves every path with one more segment after the slash
 * (ps_http_tail); an exact route comes first. methods is PS_HTTP_SERVER_… or-ed; HEAD is served
 * where GET is. Another method gets 405, an unknown path 404. */
void ps_http_server_route(struct ps_http_server *server, const char *path, unsigned methods,
                          ps_http_route_fn fn, void *cookie);

/* Parts of the request, borrowed until the exchange ends. If the client is gone, the body is empty
 * and the others are NULL. */
struct ps_str ps_http_body(struct ps_http_exchange *exchange);
const char *ps_http_header(struct ps_http_exchange *exchange,
                           const char *name);                 /* NULL if absent */
const char *ps_http_query(struct ps_http_exchange *exchange); /* raw text after '?', or NULL */
/* The raw segment that stands for the asterisk of the route; "" for a route without one. */
const char *ps_http_tail(struct ps_http_exchange *exchange);
/* Gives the decoded value of the first query parameter of that name ('+' and %XX), NULL if there is
 * none, or if it holds a NUL byte. The caller frees it. */
char *ps_http_query_value(struct ps_http_exchange *exchange, const char *name) PS_MUST_USE;

/* Whether the request came without a proxy, as far as can be seen: it has no header that proxies
 * add (http_host.h), and its Host is one that only this machine or its network uses, or one of
 * host_names. */
bool ps_http_is_direct(struct ps_http_exchange *exchange);

/* Adds a header to the response; call it before ps_http_respond. */
void ps_http_add_header(struct ps_http_exchange *exchange, const char *name, const char *value);
/* Sends the response and ends the exchange; copies body. If the client or the server is gone, it
 * only frees the exchange. Every response carries X-Content-Type-Options: nosniff, and
 * Cache-Control: no-store unless the route added another Cache-Control. A 204 and a 304 have no
 * body. */
void ps_http_respond(struct ps_http_exchange *exchange, int status, const char *content_type,
                     const char *body, size_t len);

#endif
