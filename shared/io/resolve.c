#include "shared/io/resolve.h"

#include "shared/core/alloc.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct ps_resolve {
    struct ps_loop *loop;
    ps_resolve_fn fn; /* NULL once cancelled */
    void *cookie;
    char *host;
    struct evdns_getaddrinfo_request *request; /* NULL once answered */
    struct ps_timer *later;
    char *addresses[PS_RESOLVE_MAX]; /* owned */
    size_t count;                    /* 0 when err holds why there is none */
    struct ps_err err;
};

static void resolve_free(struct ps_resolve *resolve)
{
    for (size_t i = 0; i < resolve->count; i++)
        free(resolve->addresses[i]);
    ps_timer_destroy(resolve->later);
    free(resolve->host);
    free(resolve);
}

static void on_later(void *cookie)
{
    struct ps_resolve *resolve = cookie;

    if (resolve->count > 0)
        resolve->fn(resolve->cookie, (const char *const *)resolve->addresses, resolve->count, NULL);
    else
        resolve->fn(resolve->cookie, NULL, 0, &resolve->err);
    resolve_free(resolve);
}

static void take(struct ps_resolve *resolve, const struct evutil_addrinfo *list)
{
    char text[INET6_ADDRSTRLEN];
    const void *bytes;

    for (; list != NULL && resolve->count < PS_RESOLVE_MAX; list = list->ai_next) {
        if (list->ai_family == AF_INET6)
            bytes = &((const struct sockaddr_in6 *)(const void *)list->ai_addr)->sin6_addr;
        else if (list->ai_family == AF_INET)
            bytes = &((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr;
        else
            continue;
        if (inet_ntop(list->ai_family, bytes, text, sizeof(text)) != NULL)
            resolve->addresses[resolve->count++] = ps_alloc_text(text);
    }
    if (resolve->count == 0)
        (void)ps_fail(&resolve->err, PS_FAILURE_NETWORK, 0, "%s has no address", resolve->host);
}

static void on_answer(int error, struct evutil_addrinfo *list, void *cookie)
{
    struct ps_resolve *resolve = cookie;

    resolve->request = NULL;
    if (resolve->fn == NULL) {
        if (list != NULL)
            evutil_freeaddrinfo(list);
        resolve_free(resolve);
        return;
    }
    if (error == 0) {
        take(resolve, list);
    } else {
        ps_loop_dns_doubt(resolve->loop);
        (void)ps_fail(&resolve->err,
                      error == EVUTIL_EAI_AGAIN ? PS_FAILURE_TIMEOUT : PS_FAILURE_NETWORK, 0,
                      "look up %s: %s", resolve->host, evutil_gai_strerror(error));
    }
    if (list != NULL)
        evutil_freeaddrinfo(list);
    /* libevent answers from the hosts file before evdns_getaddrinfo returns. */
    ps_timer_set(resolve->later, 0);
}

struct ps_resolve *ps_resolve_start(struct ps_loop *loop, const char *host, ps_resolve_fn fn,
                                    void *cookie)
{
    struct ps_resolve *resolve = ps_alloc_zero(1, sizeof(*resolve));
    /* An address is taken as it stands, ::1 too where no interface has another of its kind. */
    struct evutil_addrinfo hints = { .ai_flags = strchr(host, ':') ? 0 : EVUTIL_AI_ADDRCONFIG,
                                     .ai_family = AF_UNSPEC,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_protocol = IPPROTO_TCP };

    resolve->loop = loop;
    resolve->fn = fn;
    resolve->cookie = cookie;
    resolve->host = ps_alloc_text(host);
    resolve->later = ps_timer_create(loop, on_later, resolve);
    resolve->request =
        evdns_getaddrinfo(ps_loop_dns(loop), resolve->host, NULL, &hints, on_answer, resolve);
    return resolve;
}

void ps_resolve_cancel(struct ps_resolve *resolve)
{
    if (resolve == NULL)
        return;
    if (resolve->request == NULL) {
        resolve_free(resolve);
        return;
    }
    resolve->fn = NULL; /* on_answer frees it: libevent still holds the pointer */
    evdns_getaddrinfo_cancel(resolve->request);
}
