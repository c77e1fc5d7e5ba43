#include "shared/core/alloc.h"
#include "shared/io/http_private.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_CONNECTIONS = 64, /* a host */
    SPARE_CALLS = 128,
    /* So many timeouts with no answer between them, and an HTTP/2 connection may be wedged while
       new requests keep it from growing old: new ones start on connections of their own. */
    TIMEOUTS_IN_A_ROW = 8
};

TAILQ_HEAD(call_list, ps_http_call);

/* One curl multi with its connections. */
struct ps_http_engine {
    struct ps_http *http;
    CURLM *multi;
    struct ps_timer *timer;
    struct call_list running;
    bool retired; /* takes no new calls; goes with its last one */
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
    struct watch **watches; /* by socket */
    size_t watches_size;
};

/* A socket that curl has us watch. */
struct watch {
    struct ps_http_engine *engine;
    struct event *event; /* NULL: none */
    short what;
    bool wanted; /* by curl, now */
    bool ours;   /* a connection: curl tells when it closes it (ps_http_socket_closes) */
};

static void on_socket(evutil_socket_t fd, short what, void *cookie);

static void watch_rest(struct watch *watch)
{
    if (watch->event != NULL)
        event_free(watch->event);
    watch->event = NULL;
    watch->wanted = false;
}

static void watch_set(struct watch *watch, curl_socket_t fd, int action)
{
    short what = (short)((action & CURL_POLL_IN ? EV_READ : 0) |
                         (action & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

    if (watch->event && watch->what == what)
        return;
    if (watch->event)
        event_free(watch->event);
    watch->what = what;
    watch->event = event_new(ps_loop_base(watch->engine->http->loop), fd, what, on_socket, watch);
    if (!watch->event || event_add(watch->event, NULL) != 0)
        abort();
}

static struct watch **watch_at(struct ps_http *http, curl_socket_t fd)
{
    size_t at = (size_t)fd;

    if (at >= http->watches_size) {
        size_t size = 2 * at + 16;

        http->watches = ps_alloc_array(http->watches, size, sizeof(struct watch *));
        memset(http->watches + http->watches_size, 0,
               (size - http->watches_size) * sizeof(struct watch *));
        http->watches_size = size;
    }
    return &http->watches[at];
}

static void watch_end(struct watch **watch)
{
    if (*watch == NULL)
        return;
    watch_rest(*watch);
    free(*watch);
    *watch = NULL;
}

void ps_http_socket_opens(struct ps_http_call *call, curl_socket_t fd)
{
    struct watch **watch = watch_at(call->http, fd);

    watch_end(watch);
    *watch = ps_alloc_zero(1, sizeof(**watch));
    (*watch)->ours = true;
    (*watch)->engine = call->engine;
}

void ps_http_socket_closes(struct ps_http *http, curl_socket_t fd)
{
    watch_end(watch_at(http, fd));
}

/* A connection goes from one request to the next: it stays watched in between, which saves two
 * calls into the kernel for each request. */
static int on_watch(CURL *easy, curl_socket_t fd, int action, void *cookie, void *socket_cookie)
{
    struct ps_http_engine *engine = cookie;
    struct watch **watch = watch_at(engine->http, fd);

    (void)easy;
    (void)socket_cookie;
    if (action == CURL_POLL_REMOVE) {
        if (*watch != NULL && (*watch)->ours && (*watch)->what == (EV_READ | EV_PERSIST))
            (*watch)->wanted = false;
        else /* not kept, or still on its way: such a socket curl closes without a word */
            watch_end(watch);
        return 0;
    }
    if (*watch == NULL)
        *watch = ps_alloc_zero(1, sizeof(**watch));
    (*watch)->engine = engine;
    (*watch)->wanted = true;
    watch_set(*watch, fd, action);
    return 0;
}

/* Runs inside curl, which must not be called back from here: even 0 ms goes through the loop. */
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
    if (http->spare_count >= SPARE_CALLS) {
        ps_http_call_destroy(call);
        return;
    }
    ps_http_call_reset(call);
    TAILQ_INSERT_HEAD(&http->spare, call, next);
    http->spare_count++;
}

static struct ps_http_engine *engine_create(struct ps_http *http);

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

/* Callbacks may send and cancel; each round asks curl anew. A retired engine may be gone after. */
static void collect(struct ps_http_engine *engine)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result; /* message dies with the removal */
        struct ps_http_call *call = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
        (void)curl_multi_remove_handle(engine->multi, easy);
        count_timeouts(engine->http, engine, code);
        ps_http_call_end(call, code);
        call_release(call);
    }
    if (engine->retired && TAILQ_EMPTY(&engine->running))
        engine_destroy(engine);
}

static void on_socket(evutil_socket_t fd, short what, void *cookie)
{
    struct watch *watch = cookie;
    struct ps_http_engine *engine = watch->engine;
    int ready = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    if (!watch->wanted) { /* the server closes it, or talks out of turn: curl finds out itself */
        watch_rest(watch);
        return;
    }
    (void)curl_multi_socket_action(engine->multi, fd, ready, &running);
    collect(engine);
}

static void on_timer(void *cookie)
{
    struct ps_http_engine *engine = cookie;
    int running;

    (void)curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(engine);
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
    for (size_t i = 0; i < http->watches_size; i++)
        watch_end(&http->watches[i]); /* of sockets that were opened and never watched */
    free(http->watches);
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
        ps_timer_set(engine->timer, 0); /* it may be the one that calls us */
}

uint64_t ps_http_connections_opened(const struct ps_http *http)
{
    return http->opened;
}
