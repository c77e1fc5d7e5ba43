#include "shared/io/http_server.h"

#include "shared/core/alloc.h"
#include "shared/core/http_host.h"
#include "shared/io/http_server_private.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEFAULT_CAP = 16 * 1024,
    DEFAULT_TIMEOUT_S = 10,
    DEFAULT_CONNECTIONS = 256,
    SWEEP_MS = 500,
    SWEEP_PAUSED_MS = 50, /* while no connection is accepted */
    FRESH_MS = 1000,      /* a younger connection may have a request or a response under way */
    /* A client that sends its request byte by byte keeps resetting the silence timeout; the whole
       request gets this many timeouts. */
    REQUEST_TIMEOUTS = 3,
    SCANNED = 512, /* bytes of a header looked at in one piece */
    /* Connections that wait here while the loop is busy, or the whole machine. A full backlog drops
       a connection's first packet, which the client sends again after a second, then after three.
       The kernel lowers it to net.core.somaxconn, which is 4096 by default. */
    BACKLOG = 4096
};

/* evhttp answers 501 by itself to a method that is not listed here; ours is 405. */
static const int all_methods = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                               EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                               EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;

/* Connections: accepted, swept when they end or take too long, closed at the cap. */

/* Follows the header as it arrives; it ends with an empty line. evhttp calls us only when the body
 * is there too. */
static void on_bytes(struct evbuffer *input, const struct evbuffer_cb_info *info, void *cookie)
{
    struct ps_http_connection *connection = cookie;
    struct evbuffer_ptr at;
    char bytes[SCANNED];
    size_t left = info->n_added;

    if (left == 0 || connection->headed ||
        evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - left, EVBUFFER_PTR_SET) != 0)
        return;
    while (left > 0 && !connection->headed) {
        ev_ssize_t got =
            evbuffer_copyout_from(input, &at, bytes, left < sizeof(bytes) ? left : sizeof(bytes));

        if (got <= 0)
            return;
        for (ev_ssize_t i = 0; i < got; i++) {
            if (bytes[i] == '\n') {
                connection->headed =
                    connection->headed || (connection->has_bytes && !connection->in_line);
                connection->in_line = false;
            } else if (bytes[i] != '\r') {
                connection->has_bytes = connection->in_line = true;
            }
        }
        left -= (size_t)got;
        if (left > 0 && evbuffer_ptr_set(input, &at, (size_t)got, EVBUFFER_PTR_ADD) != 0)
            return;
    }
}

static void connection_destroy(struct ps_http_server *server, struct ps_http_connection *connection)
{
    TAILQ_REMOVE(&server->connections, connection, next);
    server->connection_count--;
    (void)evbuffer_remove_cb(bufferevent_get_input(connection->bev), on_bytes, connection);
    bufferevent_decref(connection->bev);
    free(connection);
}

void ps_http_connection_shutdown(struct ps_http_connection *connection)
{
    connection->closing = true;
    (void)shutdown(bufferevent_getfd(connection->bev), SHUT_RDWR);
}

/* Frees connections that evhttp closed, and shuts down those whose request takes too long. */
static void sweep_connections(struct ps_http_server *server)
{
    int64_t now = ps_loop_now(server->loop);
    struct ps_http_connection *connection, *after;

    for (connection = TAILQ_FIRST(&server->connections); connection; connection = after) {
        bufferevent_event_cb event_cb;

        after = TAILQ_NEXT(connection, next);
        bufferevent_getcb(connection->bev, NULL, NULL, &event_cb, NULL);
        if (event_cb == NULL) /* evhttp closed it */
            connection_destroy(server, connection);
        else if (!connection->busy && !connection->closing &&
                 now - connection->idle_since_ms > server->request_timeout_ms)
            ps_http_connection_shutdown(connection);
    }
}

/* What a connection is worth at the cap. A client that wants an answer sends its whole header at
 * once. */
enum worth { SILENT, HALF_HEADER, WHOLE_HEADER, SPARED };

static enum worth worth_of(const struct ps_http_connection *connection, int64_t now)
{
    if (connection->busy || connection->closing)
        return SPARED;
    if (connection->headed)
        return now - connection->idle_since_ms >= FRESH_MS ? WHOLE_HEADER : SPARED;
    return connection->has_bytes ? HALF_HEADER : SILENT;
}

/* At the cap, closes a connection: first the oldest that sent nothing, then the oldest without a
 * complete header, at last one that was idle for a second. So a crowd of idle clients cannot keep a
 * readiness probe or a Slack event out, however fast it connects. A request that has arrived and
 * was not read yet protects its connection. Returns false if no connection can be closed. */
static bool make_room(struct ps_http_server *server)
{
    int64_t now = ps_loop_now(server->loop);
    struct ps_http_connection *connection, *victim = NULL;
    enum worth least = SPARED;
    int live = 0;

    TAILQ_FOREACH (connection, &server->connections, next)
        live += !connection->closing;
    if (live < server->max_connections)
        return true;
    TAILQ_FOREACH (connection, &server->connections, next) {
        enum worth worth = worth_of(connection, now);
        int unread = 0;

        if (worth >= SPARED ||
            (worth >= least && (worth != least || victim == NULL ||
                                connection->idle_since_ms >= victim->idle_since_ms)))
            continue;
        if (!connection->headed &&
            ioctl(bufferevent_getfd(connection->bev), FIONREAD, &unread) == 0 && unread > 0)
            continue;
        victim = connection;
        least = worth;
    }
    if (victim != NULL)
        ps_http_connection_shutdown(victim);
    return victim != NULL;
}

static void on_sweep(void *cookie)
{
    struct ps_http_server *server = cookie;

    sweep_connections(server);
    if (server->accept_paused && make_room(server)) {
        server->accept_paused = false;
        evconnlistener_enable(server->listener);
    }
    if (server->connection_count > 0)
        ps_timer_set(server->sweep, server->accept_paused ? SWEEP_PAUSED_MS : SWEEP_MS);
}

static struct bufferevent *on_accept(struct event_base *base, void *cookie)
{
    struct ps_http_server *server = cookie;
    struct ps_http_connection *connection;

    sweep_connections(server);
    if (!make_room(
            server)) { /* this connection is accepted already; the next one waits in the backlog */
        server->accept_paused = true;
        evconnlistener_disable(server->listener);
    }
    connection = ps_alloc_zero(1, sizeof(*connection));
    connection->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!connection->bev) {
        free(connection);
        return NULL; /* evhttp then creates a bufferevent itself, which is not tracked */
    }
    bufferevent_incref(connection->bev);
    connection->idle_since_ms = ps_loop_now(server->loop);
    (void)evbuffer_add_cb(bufferevent_get_input(connection->bev), on_bytes, connection);
    TAILQ_INSERT_TAIL(&server->connections, connection, next);
    server->connection_count++;
    if (server->accept_paused || !ps_timer_pending(server->sweep))
        ps_timer_set(server->sweep, server->accept_paused ? SWEEP_PAUSED_MS : SWEEP_MS);
    return connection->bev;
}

static struct ps_http_connection *find_connection(struct ps_http_server *server,
                                                  struct evhttp_connection *evcon)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
    struct ps_http_connection *connection;

    TAILQ_FOREACH (connection, &server->connections, next) {
        if (connection->bev == bev)
            return connection;
    }
    return NULL;
}

static void on_client_gone(struct evhttp_connection *evcon, void *cookie)
{
    struct ps_http_exchange *exchange = cookie;

    (void)evcon;
    exchange->req = NULL;
    exchange->connection = NULL;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200,  "OK"                    },
        { 202, "Accepted"              },
        { 204, "No Content"            },
        { 303, "See Other"             },
        { 304, "Not Modified"          },
        { 308, "Permanent Redirect"    },
        { 400, "Bad Request"           },
        { 401, "Unauthorized"          },
        { 403, "Forbidden"             },
        { 404, "Not Found"             },
        { 405, "Method Not Allowed"    },
        { 413, "Content Too Large"     },
        { 415, "Unsupported Media Type"},
        { 429, "Too Many Requests"     },
        { 500, "Internal Server Error" },
        { 503, "Service Unavailable"   },
    };

    for (size_t i = 0; i < PS_COUNT_OF(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Answer";
}

void ps_http_add_common_headers(struct evkeyvalq *headers)
{
    if (evhttp_find_header(headers, "Cache-Control") == NULL)
        evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
}

static void send_response(struct evhttp_request *req, int status, const char *content_type,
                          const char *body, size_t len)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    char length[32];

    if (content_type && status != 304)
        evhttp_add_header(headers, "Content-Type", content_type);
    ps_http_add_common_headers(headers);
    if (status == 304)
        len = 0; /* and no Content-Length, which would be taken for that of the stored response */
    else if (status != 204) { /* RFC 9110, 8.6: a 204 must not have a Content-Length */
        (void)evutil_snprintf(length, sizeof(length), "%zu", len);
        evhttp_add_header(headers, "Content-Length", length);
    }
    if (len > 0 && evhttp_request_get_command(req) != EVHTTP_REQ_HEAD)
        evbuffer_add(evhttp_request_get_output_buffer(req), body, len);
    evhttp_send_reply(req, status, reason_of(status), NULL);
}

static void send_status(struct evhttp_request *req, int status)
{
    const char *reason = reason_of(status);

    send_response(req, status, "text/plain; charset=utf-8", reason, strlen(reason));
}

static const struct ps_http_route *find_route(const struct ps_http_server *server,
                                              struct evhttp_request *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

    for (size_t i = 0; path && i < server->route_count; i++) {
        if (strcmp(server->routes[i].path, path) == 0)
            return &server->routes[i];
    }
    for (size_t i = 0; path && i < server->route_count; i++) {
        size_t len = server->routes[i].prefix_len;

        if (len > 0 && strncmp(server->routes[i].path, path, len) == 0 && path[len] != '\0' &&
            strchr(path + len, '/') == NULL)
            return &server->routes[i];
    }
    return NULL;
}

/* The connection has no request: what it sends next is one. */
static void await_request(const struct ps_http_server *server,
                          struct ps_http_connection *connection)
{
    connection->busy = connection->has_bytes = connection->headed = connection->in_line = false;
    connection->idle_since_ms = ps_loop_now(server->loop);
}

static void on_request(struct evhttp_request *req, void *cookie)
{
    struct ps_http_server *server = cookie;
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    const struct ps_http_route *route = find_route(server, req);
    struct ps_http_exchange *exchange;
    struct ps_http_connection *connection = find_connection(server, evcon);
    enum evhttp_cmd_type command = evhttp_request_get_command(req);
    unsigned method = command == EVHTTP_REQ_GET || command == EVHTTP_REQ_HEAD ? PS_HTTP_SERVER_GET
                      : command == EVHTTP_REQ_POST                            ? PS_HTTP_SERVER_POST
                                                                              : 0;

    if (connection)
        await_request(server, connection);
    if (server->check_host &&
        !ps_http_host_allowed(evhttp_find_header(evhttp_request_get_input_headers(req), "Host"),
                              server->host_names)) {
        send_status(req, 403);
        return;
    }
    if (!route) {
        send_status(req, 404);
        return;
    }
    if ((route->methods & method) == 0) {
        evhttp_add_header(evhttp_request_get_output_headers(req), "Allow",
                          route->methods == PS_HTTP_SERVER_GET    ? "GET, HEAD"
                          : route->methods == PS_HTTP_SERVER_POST ? "POST"
                                                                  : "GET, HEAD, POST");
        send_status(req, 405);
        return;
    }
    exchange = ps_alloc_zero(1, sizeof(*exchange));
    exchange->server = server;
    exchange->req = req;
    exchange->prefix_len = route->prefix_len;
    exchange->connection = connection;
    if (connection)
        connection->busy = true;
    TAILQ_INSERT_TAIL(&server->exchanges, exchange, next);
    evhttp_connection_set_closecb(evcon, on_client_gone, exchange);
    route->fn(route->cookie, exchange);
}

void ps_http_add_header(struct ps_http_exchange *exchange, const char *name, const char *value)
{
    if (exchange->req)
        evhttp_add_header(evhttp_request_get_output_headers(exchange->req), name, value);
}

void ps_http_respond(struct ps_http_exchange *exchange, int status, const char *content_type,
                     const char *body, size_t len)
{
    if (exchange->server)
        TAILQ_REMOVE(&exchange->server->exchanges, exchange, next);
    if (exchange->req) {
        evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->req), NULL, NULL);
        if (exchange->connection) {
            await_request(exchange->server, exchange->connection);
        }
        send_response(exchange->req, status, content_type, body, len);
    }
    free(exchange);
}

struct ps_str ps_http_body(struct ps_http_exchange *exchange)
{
    struct ps_str body = { "", 0 };
    struct evbuffer *input;

    if (!exchange->req)
        return body;
    input = evhttp_request_get_input_buffer(exchange->req);
    if (evbuffer_get_length(input) > 0) {
        body.len = evbuffer_get_length(input);
        body.data = (const char *)evbuffer_pullup(input, -1);
    }
    return body;
}

const char *ps_http_header(struct ps_http_exchange *exchange, const char *name)
{
    if (!exchange->req)
        return NULL;
    return evhttp_find_header(evhttp_request_get_input_headers(exchange->req), name);
}

bool ps_http_is_direct(struct ps_http_exchange *exchange)
{
    static const char *const added[] = { PS_HTTP_PROXY_HEADERS };

    if (exchange->server == NULL)
        return false;
    for (size_t i = 0; i < PS_COUNT_OF(added); i++)
        if (ps_http_header(exchange, added[i]) != NULL)
            return false;
    return ps_http_host_allowed(ps_http_header(exchange, "Host"), exchange->server->host_names);
}

const char *ps_http_query(struct ps_http_exchange *exchange)
{
    const struct evhttp_uri *uri;

    if (!exchange->req)
        return NULL;
    uri = evhttp_request_get_evhttp_uri(exchange->req);
    return uri ? evhttp_uri_get_query(uri) : NULL;
}

const char *ps_http_tail(struct ps_http_exchange *exchange)
{
    const struct evhttp_uri *uri;
    const char *path;

    if (!exchange->req || exchange->prefix_len == 0)
        return "";
    uri = evhttp_request_get_evhttp_uri(exchange->req);
    path = uri ? evhttp_uri_get_path(uri) : NULL;
    return path && strlen(path) > exchange->prefix_len ? path + exchange->prefix_len : "";
}

char *ps_http_query_value(struct ps_http_exchange *exchange, const char *name)
{
    const char *query = ps_http_query(exchange);
    struct ps_str rest = ps_str_of(query), part, key;

    while (query != NULL && ps_str_next(&rest, '&', &part)) {
        if (ps_str_next(&part, '=', &key) && ps_str_is(key, name)) {
            char *raw = ps_alloc_format("%.*s", (int)part.len, part.data == NULL ? "" : part.data);
            size_t len = 0;
            char *decoded = evhttp_uridecode(raw, 1, &len), *copy = NULL;

            if (decoded != NULL && strlen(decoded) == len)
                copy = ps_alloc_text(decoded);
            free(decoded);
            free(raw);
            return copy;
        }
    }
    return NULL;
}

void ps_http_server_route(struct ps_http_server *server, const char *path, unsigned methods,
                          ps_http_route_fn fn, void *cookie)
{
    size_t len = strlen(path);
    /* in front of an asterisk; 0 for a path without one */
    size_t prefix = len > 2 && strcmp(path + len - 2, "/*") == 0 ? len - 1 : 0;

    server->routes =
        ps_alloc_array(server->routes, server->route_count + 1, sizeof(struct ps_http_route));
    server->routes[server->route_count++] =
        (struct ps_http_route){ ps_alloc_text(path), prefix, methods, fn, cookie };
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage space;
    } address;
    socklen_t len = sizeof(address);

    memset(&address, 0, sizeof(address));
    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static int bound_socket(const struct evutil_addrinfo *info)
{
    int fd = socket(info->ai_family, SOCK_STREAM, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    if (evutil_make_socket_nonblocking(fd) == 0 && evutil_make_socket_closeonexec(fd) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, info->ai_addr, (socklen_t)info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    on = errno;
    (void)close(fd);
    errno = on;
    return -1;
}

static int listening_socket(const char *host, uint16_t port, struct ps_err *err)
{
    struct evutil_addrinfo hints = { 0 }, *info = NULL;
    char service[8];
    int fd, failed;

    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    hints.ai_flags = EVUTIL_AI_PASSIVE;
    (void)evutil_snprintf(service, sizeof(service), "%u", (unsigned)port);
    failed = evutil_getaddrinfo(host, service, &hints, &info);
    if (failed) {
        ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "cannot listen on %s:%u: %s", host,
                (unsigned)port, evutil_gai_strerror(failed));
        return -1;
    }
    fd = bound_socket(info);
    if (fd < 0)
        ps_fail(err, PS_FAILURE_CONFIGURATION, errno, "cannot listen on %s:%u: %s", host,
                (unsigned)port, evutil_socket_error_to_string(errno));
    evutil_freeaddrinfo(info);
    return fd;
}

struct ps_http_server *ps_http_server_create(struct ps_loop *loop,
                                             const struct ps_http_server_options *options,
                                             struct ps_err *err)
{
    int timeout = options->timeout_seconds > 0 ? options->timeout_seconds : DEFAULT_TIMEOUT_S;
    int fd = listening_socket(options->host, options->port, err);
    struct ps_http_server *server;

    if (fd < 0)
        return NULL;
    server = ps_alloc_zero(1, sizeof(*server));
    server->loop = loop;
    TAILQ_INIT(&server->connections);
    TAILQ_INIT(&server->exchanges);
    TAILQ_INIT(&server->open_responses);
    server->timeout_seconds = timeout;
    server->port = port_of(fd);
    server->max_connections =
        options->max_connections > 0 ? options->max_connections : DEFAULT_CONNECTIONS;
    server->check_host = options->check_host && ps_http_host_is_loopback(options->host);
    server->host_names = ps_alloc_text(options->host_names);
    server->request_timeout_ms = (int64_t)timeout * 1000 * REQUEST_TIMEOUTS;
    server->sweep = ps_timer_create(loop, on_sweep, server);
    server->http = evhttp_new(ps_loop_base(loop));
    server->listener =
        server->http ? evconnlistener_new(ps_loop_base(loop), NULL, NULL,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd)
                     : NULL;
    if (!server->listener) {
        (void)close(fd);
        ps_http_server_destroy(server);
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "cannot serve %s:%u", options->host,
                      (unsigned)options->port);
        return NULL;
    }
    evhttp_set_bevcb(server->http, on_accept, server);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_allowed_methods(server->http, (ev_uint16_t)all_methods);
    evhttp_set_timeout(server->http, timeout);
    evhttp_set_max_headers_size(
        server->http, (ev_ssize_t)(options->max_header ? options->max_header : DEFAULT_CAP));
    evhttp_set_max_body_size(server->http,
                             (ev_ssize_t)(options->max_body ? options->max_body : DEFAULT_CAP));
    if (!evhttp_bind_listener(server->http, server->listener)) {
        evconnlistener_free(server->listener);
        ps_http_server_destroy(server);
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "cannot serve %s:%u", options->host,
                      (unsigned)options->port);
        return NULL;
    }
    return server;
}

void ps_http_server_destroy(struct ps_http_server *server)
{
    struct ps_http_exchange *exchange;
    struct ps_http_open_response *response;
    struct ps_http_connection *connection;

    if (!server)
        return;
    while ((exchange = TAILQ_FIRST(&server->exchanges)) != NULL) {
        TAILQ_REMOVE(&server->exchanges, exchange, next);
        /* The owner of the exchange still calls ps_http_respond, which then only frees it. */
        if (exchange->req)
            evhttp_connection_set_closecb(evhttp_request_get_connection(exchange->req), NULL, NULL);
        exchange->server = NULL;
        exchange->req = NULL;
        exchange->connection = NULL;
    }
    while ((response = TAILQ_FIRST(&server->open_responses)) != NULL)
        response->on_server_destroy(response);
    if (server->http)
        evhttp_free(server->http);
    while ((connection = TAILQ_FIRST(&server->connections)) != NULL)
        connection_destroy(server, connection);
    ps_timer_destroy(server->sweep);
    for (size_t i = 0; i < server->route_count; i++)
        free(server->routes[i].path);
    free(server->routes);
    free(server->host_names);
    free(server);
}

uint16_t ps_http_server_port(const struct ps_http_server *server)
{
    return server->port;
}
