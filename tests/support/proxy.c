#include "tests/support/proxy.h"

#include "shared/core/alloc.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct pair {
    TAILQ_ENTRY(pair) link;
    struct ps_test_proxy *proxy;
    struct bufferevent *client;
    struct bufferevent *server;
};

struct ps_test_proxy {
    struct event_base *base;
    struct evconnlistener *events_server; /* NULL while it refuses */
    struct sockaddr_in own;
    struct sockaddr_in target;
    enum ps_test_proxy_mode mode;
    TAILQ_HEAD(, pair) pairs;
    int taken;
    int64_t bytes;
};

static void pair_destroy(struct pair *pair)
{
    TAILQ_REMOVE(&pair->proxy->pairs, pair, link);
    bufferevent_free(pair->client);
    bufferevent_free(pair->server);
    free(pair);
}

static void pass_on(struct pair *pair, bool from_server)
{
    struct ps_test_proxy *proxy = pair->proxy;
    struct bufferevent *from = from_server ? pair->server : pair->client;
    struct bufferevent *to = from_server ? pair->client : pair->server;
    struct evbuffer *input = bufferevent_get_input(from);

    if (proxy->mode == PS_PROXY_STALL)
        return;
    if (from_server)
        proxy->bytes += (int64_t)evbuffer_get_length(input);
    if (from_server && proxy->mode == PS_PROXY_SWALLOW)
        (void)evbuffer_drain(input, evbuffer_get_length(input));
    else
        (void)bufferevent_write_buffer(to, input);
}

static void on_client_read(struct bufferevent *event, void *cookie)
{
    (void)event;
    pass_on(cookie, false);
}

static void on_server_read(struct bufferevent *event, void *cookie)
{
    (void)event;
    pass_on(cookie, true);
}

static void on_event(struct bufferevent *event, short what, void *cookie)
{
    (void)event;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        pair_destroy(cookie);
}

static void on_accept(struct evconnlistener *events_server, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *cookie)
{
    struct ps_test_proxy *proxy = cookie;
    struct pair *pair = ps_alloc_zero(1, sizeof(*pair));

    (void)events_server;
    (void)address;
    (void)len;
    proxy->taken++;
    pair->proxy = proxy;
    pair->client = bufferevent_socket_new(proxy->base, fd, BEV_OPT_CLOSE_ON_FREE);
    pair->server = bufferevent_socket_new(proxy->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (pair->client == NULL || pair->server == NULL)
        abort();
    TAILQ_INSERT_TAIL(&proxy->pairs, pair, link);
    bufferevent_setcb(pair->client, on_client_read, NULL, on_event, pair);
    bufferevent_setcb(pair->server, on_server_read, NULL, on_event, pair);
    (void)bufferevent_enable(pair->client, EV_READ | EV_WRITE);
    (void)bufferevent_enable(pair->server, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(pair->server, (struct sockaddr *)&proxy->target,
                                   sizeof(proxy->target)) != 0)
        pair_destroy(pair);
}

static void listen_on(struct ps_test_proxy *proxy)
{
    proxy->events_server = evconnlistener_new_bind(
        proxy->base, on_accept, proxy, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
        (struct sockaddr *)&proxy->own, sizeof(proxy->own));
    if (proxy->events_server == NULL)
        abort();
}

struct ps_test_proxy *ps_test_proxy_create(struct ps_loop *loop, uint16_t target_port)
{
    struct ps_test_proxy *proxy = ps_alloc_zero(1, sizeof(*proxy));
    socklen_t len = sizeof(proxy->own);

    proxy->base = ps_loop_base(loop);
    TAILQ_INIT(&proxy->pairs);
    proxy->own.sin_family = AF_INET;
    proxy->own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    proxy->target = proxy->own;
    proxy->target.sin_port = htons(target_port);
    listen_on(proxy);
    if (getsockname(evconnlistener_get_fd(proxy->events_server), (struct sockaddr *)&proxy->own,
                    &len) != 0)
        abort();
    return proxy;
}

void ps_test_proxy_cut(struct ps_test_proxy *proxy)
{
    while (!TAILQ_EMPTY(&proxy->pairs))
        pair_destroy(TAILQ_FIRST(&proxy->pairs));
}

void ps_test_proxy_set(struct ps_test_proxy *proxy, enum ps_test_proxy_mode mode)
{
    struct pair *pair;
    struct pair *next;

    proxy->mode = mode;
    if (mode == PS_PROXY_REFUSE) {
        ps_test_proxy_cut(proxy);
        if (proxy->events_server != NULL)
            evconnlistener_free(proxy->events_server);
        proxy->events_server = NULL;
        return;
    }
    if (proxy->events_server == NULL)
        listen_on(proxy);
    for (pair = TAILQ_FIRST(&proxy->pairs); pair != NULL; pair = next) {
        next = TAILQ_NEXT(pair, link);
        pass_on(pair, false); /* what was held back */
        pass_on(pair, true);
    }
}

void ps_test_proxy_destroy(struct ps_test_proxy *proxy)
{
    if (proxy == NULL)
        return;
    ps_test_proxy_set(proxy, PS_PROXY_REFUSE);
    free(proxy);
}

uint16_t ps_test_proxy_port(const struct ps_test_proxy *proxy)
{
    return ntohs(proxy->own.sin_port);
}

int ps_test_proxy_taken(const struct ps_test_proxy *proxy)
{
    return proxy->taken;
}

int64_t ps_test_proxy_bytes(const struct ps_test_proxy *proxy)
{
    return proxy->bytes;
}
