#include "shared/core/alloc.h"
#include "shared/io/http_client_private.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_CONNECTIONS = 64, /* for each host */
    SPARE_CALLS = 128,        /* unused calls that stay allocated */
    /* After this many timeouts without a response in between, an HTTP/2 connection may be dead
       while new requests keep it from expiring. New requests then start on new connections. */
    TIMEOUTS_IN_A_ROW = 8
};

TAILQ_HEAD(call_list, ps_http_call);

/* One curl multi handle with its connections. */
struct ps_http_engine {
    struct ps_http *http;
    CURLM *multi;
    struct ps_timer *timer;
    struct call_list running;
    bool retired; /* takes no new calls; destroyed with its last one */
    struct ps_http_engine *next_retired;
};

struct ps_http {
    struct ps_loop *loop;
    char *user_agent, *ca_file, *proxy, *no_proxy;
    struct ps_http_options options;
    struct ps_http_engine *engine, *retired;
    struct call_list spare;
    size_t spare_count;
    int timeouts;
    uint64_t opened;
    struct socket_event **socket_events; /* indexed by descriptor */
    size_t socket_event_size;
};

/* The libevent event of one socket of curl's.
 *
 * A connection serves one request after the other. Between two requests curl asks to stop watching
 * the socket; the event stays registered, which saves two system calls for each request. The server
 * may close the connection or send bytes in that time: on_socket then unregisters the event, and
 * curl notices when it next uses the connection. */
struct socket_event {
    struct ps_http_engine *engine;
    struct event *event; /* NULL: not registered */
    short what;
    bool in_use;        /* curl waits for the socket now */
    bool is_connection; /* opened by on_open_socket: curl reports when it closes it */
};

static void on_socket(evutil_socket_t fd, short what, void *cookie);

static struct socket_event **socket_event_at(struct ps_http *http, curl_socket_t fd)
{
    size_t at = (size_t)fd;

    if (at >= http->socket_event_size) {
        size_t size = 2 * at + 16;

        http->socket_events =
            ps_alloc_array(http->socket_events, size, sizeof(struct socket_event *));
        memset(http->socket_events + http->socket_event_size, 0,
               (size - http->socket_event_size) * sizeof(struct socket_event *));
        http->socket_event_size = size;
    }
    return &http->socket_events[at];
}

static void socket_event_destroy(struct socket_event **event)
{
    if (*event == NULL)
        return;
    if ((*event)->event != NULL)
        event_free((*event)->event);
    free(*event);
    *event = NULL;
}

void ps_http_on_socket_opened(struct ps_http_call *call, curl_socket_t fd)
{
    struct socket_event **event = socket_event_at(call->http, fd);

    socket_event_destroy(event);
    *event = ps_alloc_zero(1, sizeof(**event));
    (*event)->is_connection = true;
    (*event)->engine = call->engine;
}

void ps_http_on_socket_closed(struct ps_http *http, curl_socket_t fd)
{
    socket_event_destroy(socket_event_at(http, fd));
}

/* curl's CURLMOPT_SOCKETFUNCTION: watch fd for action from now on. */
static int on_watch(CURL *easy, curl_socket_t fd, int action, void *cookie, void *socket_cookie)
{
    struct ps_http_engine *engine = cookie;
    struct socket_event **at = socket_event_at(engine->http, fd);
    struct socket_event *event = *at;
    short what = (short)((action & CURL_POLL_IN ? EV_READ : 0) |
                         (action & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

    (void)easy;
    (void)socket_cookie;
    if (action == CURL_POLL_REMOVE) {
        /* Any other socket may be closed without a report; an event on a reused descriptor would be
         * wrong. */
        if (event != NULL && event->is_connection && event->what == (EV_READ | EV_PERSIST))
            event->in_use = false;
        else
            socket_event_destroy(at);
        return 0;
    }
    if (event == NULL)
        event = *at = ps_alloc_zero(1, sizeof(*event));
    event->engine = engine;
    event->in_use = true;
    if (event->event != NULL && event->what == what)
        return 0;
    if (event->event != NULL)
        event_free(event->event);
    event->what = what;
    event->event = event_new(ps_loop_base(engine->http->loop), fd, what, on_socket, event);
    if (event->event == NULL || event_add(event->event, NULL) != 0)
        abort();
    return 0;
}

/* Runs inside curl, and curl must not be called from here: even a timeout of 0 ms goes through the
 * loop. */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *cookie)
{
    struct ps_http_engine *engine = cookie;

    (void)multi;
    if (timeout_ms < 0)
        ps_timer_cancel(engine->timer);
    else
        ps_timer_set(engine->timer, timeout_ms);
    return 0;
}

static void engine_destroy(struct ps_http_engine *engine)
{
    struct ps_http_engine **link = &engine->http->retired;

    assert(TAILQ_EMPTY(&engine->running));
    while (*link && *link != engine)
        link = &(*link)->next_retired;
    if (*link)
        *link = engine->next_retired;
    (void)curl_multi_cleanup(engine->multi);
    ps_timer_destroy(engine->timer);
    free(engine);
}

static void call_release(struct ps_http_call *call)
{
    struct ps_http *http = call->http;

    TAILQ_REMOVE(&call->engine->running, call, next);
    call->engine = NULL;
    if (http->spare_count >= SPARE_CALLS || call->connects) {
        ps_http_call_destroy(call);
        return;
    }
    ps_http_call_reset(call);
    TAILQ_INSERT_HEAD(&http->spare, call, next);
    http->spare_count++;
}

static struct ps_http_engine *engine_create(struct ps_http *http);

/* Retires the engine after TIMEOUTS_IN_A_ROW; see there. */
static void count_timeouts(struct ps_http *http, const struct ps_http_engine *engine, CURLcode code)
{
    if (engine != http->engine)
        return;
    if (code != CURLE_OPERATION_TIMEDOUT) {
        http->timeouts = 0;
    } else if (++http->timeouts >= TIMEOUTS_IN_A_ROW && http->options.http2) {
        http->timeouts = 0;
        http->engine->retired = true;
        http->engine->next_retired = http->retired;
        http->retired = http->engine;
        http->engine = engine_create(http);
    }
}

/* Finishes the requests that curl has completed. A callback may send and cancel requests, so each
 * round asks curl again instead of holding a list. A retired engine may be destroyed on return. */
static void finish_calls(struct ps_http_engine *engine)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result; /* curl frees message when the handle is removed */
        struct ps_http_call *call = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
        if (call->connects &&
            code == CURLE_OK) { /* it stays in the multi, which has the connection */
            ps_http_call_finish(call, code);
            continue;
        }
        (void)curl_multi_remove_handle(engine->multi, easy);
        count_timeouts(engine->http, engine, code);
        ps_http_call_finish(call, code);
        call_release(call);
    }
    if (engine->retired && TAILQ_EMPTY(&engine->running))
        engine_destroy(engine);
}

/* curl may free the socket's event inside curl_multi_socket_action: do not use it afterwards. */
static void on_socket(evutil_socket_t fd, short what, void *cookie)
{
    struct socket_event *event = cookie;
    struct ps_http_engine *engine = event->engine;
    int ready = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    if (!event->in_use) { /* an idle connection that the server closed; see struct socket_event */
        event_free(event->event);
        event->event = NULL;
        return;
    }
    (void)curl_multi_socket_action(engine->multi, fd, ready, &running);
    finish_calls(engine);
}

static void on_timer(void *cookie)
{
    struct ps_http_engine *engine = cookie;
    int running;

    (void)curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_calls(engine);
}

static struct ps_http_engine *engine_create(struct ps_http *http)
{
    struct ps_http_engine *engine = ps_alloc_zero(1, sizeof(*engine));
    long connections =
        http->options.max_connections > 0 ? http->options.max_connections : DEFAULT_CONNECTIONS;

    engine->http = http;
    engine->multi = curl_multi_init();
    if (!engine->multi)
        abort();
    engine->timer = ps_timer_create(http->loop, on_timer, engine);
    TAILQ_INIT(&engine->running);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_PIPELINING,
                            http->options.http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
    (void)curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, connections * 2);
    return engine;
}

struct ps_http *ps_http_create(struct ps_loop *loop, const struct ps_http_options *options)
{
    struct ps_http *http = ps_alloc_zero(1, sizeof(*http));

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    http->loop = loop;
    http->options = *options;
    http->user_agent = ps_alloc_text(options->user_agent);
    http->options.user_agent = http->user_agent;
    if (options->ca_file != NULL && options->ca_file[0] != '\0')
        http->ca_file = ps_alloc_text(options->ca_file);
    http->options.ca_file = http->ca_file;
    http->proxy = ps_alloc_text(options->proxy == NULL ? "" : options->proxy);
    http->options.proxy = http->proxy;
    http->no_proxy = ps_alloc_text(options->no_proxy == NULL ? "" : options->no_proxy);
    http->options.no_proxy = http->no_proxy;
    TAILQ_INIT(&http->spare);
    http->engine = engine_create(http);
    return http;
}

static void cancel_all(struct ps_http_engine *engine)
{
    struct ps_http_call *call;

    while ((call = TAILQ_FIRST(&engine->running)) != NULL) {
        (void)curl_multi_remove_handle(engine->multi, call->easy);
        call_release(call);
    }
    engine_destroy(engine);
}

void ps_http_destroy(struct ps_http *http)
{
    struct ps_http_call *call;

    if (!http)
        return;
    cancel_all(http->engine);
    while (http->retired)
        cancel_all(http->retired);
    while ((call = TAILQ_FIRST(&http->spare)) != NULL) {
        TAILQ_REMOVE(&http->spare, call, next);
        ps_http_call_destroy(call);
    }
    free(http->user_agent);
    free(http->ca_file);
    free(http->proxy);
    free(http->no_proxy);
    for (size_t i = 0; i < http->socket_event_size; i++)
        socket_event_destroy(
            &http->socket_events[i]); /* opened, but curl never asked to watch it */
    free(http->socket_events);
    free(http);
    curl_global_cleanup();
}

static struct ps_http_call *call_take(struct ps_http *http)
{
    struct ps_http_call *call = TAILQ_FIRST(&http->spare);

    if (call) {
        TAILQ_REMOVE(&http->spare, call, next);
        http->spare_count--;
    } else {
        call = ps_http_call_create(http, &http->options, &http->opened);
    }
    call->engine = http->engine;
    TAILQ_INSERT_TAIL(&http->engine->running, call, next);
    return call;
}

struct ps_http_call *ps_http_send(struct ps_http *http, const struct ps_http_request *request,
                                  ps_http_fn fn, void *cookie, struct ps_err *err)
{
    struct ps_http_call *call = call_take(http);

    if (!ps_http_call_prepare(call, request, err)) {
        call_release(call);
        return NULL;
    }
    call->fn = fn;
    call->cookie = cookie;
    if (curl_multi_add_handle(call->engine->multi, call->easy) != CURLM_OK)
        abort(); /* out of memory, or a bug: the handle is in use */
    return call;
}

struct ps_http_call *ps_http_connect(struct ps_http *http, const char *url, int64_t timeout_ms,
                                     ps_http_fn fn, void *cookie, struct ps_err *err)
{
    const struct ps_http_request request = { .method = PS_HTTP_GET,
                                             .url = url,
                                             .timeout_ms = timeout_ms };
    struct ps_http_call *call = call_take(http);

    ps_http_call_connects(call);
    if (!ps_http_call_prepare(call, &request, err)) {
        call_release(call);
        return NULL;
    }
    call->fn = fn;
    call->cookie = cookie;
    if (curl_multi_add_handle(call->engine->multi, call->easy) != CURLM_OK)
        abort(); /* memory, or a handle that is in use: a bug */
    return call;
}

void ps_http_cancel(struct ps_http_call *call)
{
    struct ps_http_engine *engine;

    if (!call)
        return;
    engine = call->engine;
    assert(engine);
    (void)curl_multi_remove_handle(engine->multi, call->easy);
    call_release(call);
    if (engine->retired && TAILQ_EMPTY(&engine->running))
        ps_timer_set(engine->timer, 0); /* destroy it later: it may be our caller */
}

uint64_t ps_http_connections_opened(const struct ps_http *http)
{
    return http->opened;
}
