/* One lookup has one c-ares channel, which is created for it and destroyed with it: it reads
 * resolv.conf, nsswitch.conf and the hosts file as they are now, so no file needs to be watched,
 * and a cancelled lookup leaves nothing behind. c-ares asks again over TCP when an answer is
 * truncated.
 *
 * c-ares' callbacks must not destroy the channel: they store the answer, and the timer, on a later
 * turn of the loop, delivers it. */
#include "shared/io/resolve.h"

#include "shared/core/alloc.h"

#include <sys/select.h> /* ares.h of 1.18 names fd_set and does not include it */

#include <ares.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Some name servers drop questions for IPv6 addresses. After this time without an answer the
 * question for IPv4 addresses is sent alone, and its answer suffices. */
enum { IPV4_ALONE_MS = 1000 };
/* c-ares before 1.23 does not read "timeout" and "attempts" in resolv.conf, and waits five seconds
 * for the first server: as long as the whole lookup may take. These are the values of later ones.
 */
enum { TRY_MS = 2000, TRIES = 3, READS_TIMEOUT = 0x011700 };

/* A socket of c-ares that the loop watches. */
struct watched {
    struct ps_resolve *resolve;
    ares_socket_t fd;
    struct event *event;
    LIST_ENTRY(watched) next;
};

struct ps_resolve {
    struct ps_loop *loop;
    ps_resolve_fn fn;
    void *cookie;
    char *host;
    ares_channel channel; /* NULL if it could not be created */
    int flags;            /* of ares_getaddrinfo */
    LIST_HEAD(, watched) sockets;
    struct ps_timer *timer; /* c-ares' next deadline, or IPv4 alone; once done, fn */
    int64_t alone_at_ms;    /* 0: IPv4 was asked for alone */
    int waiting;            /* questions that c-ares has not answered */
    bool done;
    char *addresses[PS_RESOLVE_MAX]; /* owned */
    size_t count;                    /* 0 when err holds why there is none */
    struct ps_err err;
};

static void watched_free(struct watched *watched)
{
    LIST_REMOVE(watched, next);
    event_free(watched->event);
    free(watched);
}

static void resolve_free(struct ps_resolve *resolve)
{
    resolve->done = true; /* ares_destroy runs on_answer for the questions that are left */
    if (resolve->channel != NULL)
        ares_destroy(resolve->channel);
    ares_library_cleanup();
    while (!LIST_EMPTY(&resolve->sockets))
        watched_free(LIST_FIRST(&resolve->sockets));
    for (size_t i = 0; i < resolve->count; i++)
        free(resolve->addresses[i]);
    ps_timer_destroy(resolve->timer);
    free(resolve->host);
    free(resolve);
}

static void failed(struct ps_resolve *resolve, int status)
{
    resolve->done = true;
    (void)ps_fail(&resolve->err, status == ARES_ETIMEOUT ? PS_FAILURE_TIMEOUT : PS_FAILURE_NETWORK,
                  0, "look up %s: %s", resolve->host, ares_strerror(status));
}

static void take(struct ps_resolve *resolve, const struct ares_addrinfo_node *node, int family)
{
    char text[INET6_ADDRSTRLEN];
    const void *bytes;

    for (; node != NULL && resolve->count < PS_RESOLVE_MAX; node = node->ai_next) {
        if (node->ai_family != family)
            continue;
        if (family == AF_INET6)
            bytes = &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
        else
            bytes = &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
        if (inet_ntop(family, bytes, text, sizeof(text)) != NULL)
            resolve->addresses[resolve->count++] = ps_alloc_text(text);
    }
}

static void on_answer(void *cookie, int status, int timeouts, struct ares_addrinfo *list)
{
    struct ps_resolve *resolve = cookie;

    (void)timeouts;
    resolve->waiting--;
    if (!resolve->done && status == ARES_SUCCESS) {
        take(resolve, list->nodes, AF_INET);
        take(resolve, list->nodes, AF_INET6);
        resolve->done = resolve->count > 0;
        status = ARES_ENODATA;
    }
    if (!resolve->done && resolve->waiting == 0)
        failed(resolve, status);
    if (list != NULL)
        ares_freeaddrinfo(list);
}

/* After each call into c-ares. */
static void plan(struct ps_resolve *resolve)
{
    struct timeval left = { 0 };
    int64_t wait_ms = 0, alone_ms;

    if (!resolve->done) {
        if (ares_timeout(resolve->channel, NULL, &left) == NULL)
            left.tv_sec = TRY_MS / 1000; /* every question has a deadline: never so */
        wait_ms = (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
        alone_ms = resolve->alone_at_ms - ps_loop_now(resolve->loop);
        if (resolve->alone_at_ms != 0 && alone_ms < wait_ms)
            wait_ms = alone_ms;
    }
    ps_timer_set(resolve->timer, wait_ms);
}

static void on_socket(evutil_socket_t fd, short what, void *cookie)
{
    struct ps_resolve *resolve = ((struct watched *)cookie)->resolve;

    ares_process_fd(resolve->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD); /* may free the watched socket */
    plan(resolve);
}

/* c-ares opened a socket, waits for something else, or is about to close it. */
static void on_socket_state(void *cookie, ares_socket_t fd, int readable, int writable)
{
    struct ps_resolve *resolve = cookie;
    struct watched *watched;
    short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

    LIST_FOREACH(watched, &resolve->sockets, next)
    {
        if (watched->fd == fd) {
            watched_free(watched);
            break;
        }
    }
    if (!readable && !writable)
        return;
    watched = ps_alloc_zero(1, sizeof(*watched));
    watched->resolve = resolve;
    watched->fd = fd;
    watched->event = event_new(ps_loop_base(resolve->loop), fd, what, on_socket, watched);
    if (watched->event == NULL || event_add(watched->event, NULL) != 0)
        abort();
    LIST_INSERT_HEAD(&resolve->sockets, watched, next);
}

static void ask(struct ps_resolve *resolve, int family)
{
    /* Unsorted: c-ares would open a socket for each of thousands of addresses to sort them. */
    const struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT | resolve->flags,
                                               .ai_family = family,
                                               .ai_socktype = SOCK_STREAM,
                                               .ai_protocol = IPPROTO_TCP };

    resolve->waiting++;
    ares_getaddrinfo(resolve->channel, resolve->host, NULL, &hints, on_answer, resolve);
}

static void on_timer(void *cookie)
{
    struct ps_resolve *resolve = cookie;

    if (resolve->done) {
        if (resolve->count > 0)
            resolve->fn(resolve->cookie, (const char *const *)resolve->addresses, resolve->count,
                        NULL);
        else
            resolve->fn(resolve->cookie, NULL, 0, &resolve->err);
        resolve_free(resolve);
        return;
    }
    if (resolve->alone_at_ms != 0 && ps_loop_now(resolve->loop) >= resolve->alone_at_ms) {
        resolve->alone_at_ms = 0;
        ask(resolve, AF_INET);
    }
    ares_process_fd(resolve->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    plan(resolve);
}

static int open_channel(struct ps_resolve *resolve, const struct ps_resolve_source *source)
{
    struct ares_options options = { .sock_state_cb = on_socket_state,
                                    .sock_state_cb_data = resolve,
                                    .timeout = TRY_MS,
                                    .tries = TRIES };
    int mask = ARES_OPT_SOCK_STATE_CB, version, status;

    (void)ares_version(&version);
    if (version < READS_TIMEOUT)
        mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    if (source != NULL) {
        options.resolvconf_path = ps_alloc_text(source->resolv_conf);
        options.udp_port = options.tcp_port = source->port;
        mask |= ARES_OPT_RESOLVCONF | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
        resolve->flags = ARES_AI_ENVHOSTS;
    }
    status = ares_init_options(&resolve->channel, &options, mask);
    free(options.resolvconf_path);
    return status;
}

static bool is_numeric(const char *host)
{
    struct in6_addr bytes;

    return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1;
}

struct ps_resolve *ps_resolve_start_from(struct ps_loop *loop,
                                         const struct ps_resolve_source *source, const char *host,
                                         ps_resolve_fn fn, void *cookie)
{
    struct ps_resolve *resolve = ps_alloc_zero(1, sizeof(*resolve));
    int status;

    resolve->loop = loop;
    resolve->fn = fn;
    resolve->cookie = cookie;
    resolve->host = ps_alloc_text(host);
    LIST_INIT(&resolve->sockets);
    resolve->timer = ps_timer_create(loop, on_timer, resolve);
    resolve->alone_at_ms = ps_loop_now(loop) + IPV4_ALONE_MS;
    status = ares_library_init(ARES_LIB_INIT_ALL); /* counted: one cleanup for each */
    if (is_numeric(host)) {
        /* c-ares 1.18 sends a question for an IPv4 address to the name server all the same. */
        resolve->addresses[resolve->count++] = ps_alloc_text(host);
        resolve->done = true;
    } else {
        if (status == ARES_SUCCESS)
            status = open_channel(resolve, source);
        if (status == ARES_SUCCESS)
            ask(resolve, AF_UNSPEC);
        else
            failed(resolve, status); /* unreadable resolv.conf, or too many open files */
    }
    plan(resolve);
    return resolve;
}

struct ps_resolve *ps_resolve_start(struct ps_loop *loop, const char *host, ps_resolve_fn fn,
                                    void *cookie)
{
    return ps_resolve_start_from(loop, NULL, host, fn, cookie);
}

void ps_resolve_cancel(struct ps_resolve *resolve)
{
    if (resolve != NULL)
        resolve_free(resolve);
}
