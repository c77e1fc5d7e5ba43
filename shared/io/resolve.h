/* Resolves a host name to addresses without blocking the loop (hiredis and libpq would block in
 * getaddrinfo; curl has a thread for it). A layer over c-ares. Only io/address_walk uses it. */
#ifndef PS_IO_RESOLVE_H
#define PS_IO_RESOLVE_H
#include "shared/io/loop.h"

#include <stddef.h>
#include <stdint.h>

enum { PS_RESOLVE_MAX = 32 }; /* addresses of one name; a name server may list thousands */

struct ps_resolve; /* one lookup in flight */

/* addresses: numeric text, at least one and at most PS_RESOLVE_MAX, borrowed for the call; or NULL
 * with err (NETWORK or TIMEOUT). Runs once on the loop, never before ps_resolve_start returned. */
typedef void (*ps_resolve_fn)(void *cookie, const char *const *addresses, size_t count,
                              const struct ps_err *err);
/* Looks up ${host} in the hosts file and at the name servers of resolv.conf, as both are now; a
 * numeric address is its own answer. IPv4 addresses come before IPv6 addresses. Copies host. Never
 * NULL. */
struct ps_resolve *ps_resolve_start(struct ps_loop *loop, const char *host, ps_resolve_fn fn,
                                    void *cookie);
void ps_resolve_cancel(struct ps_resolve *resolve); /* fn will not run; NULL is fine */

/* For tests: another resolv.conf, whose name servers listen on another port. The hosts file is the
 * one that CARES_HOSTS names in the environment. */
struct ps_resolve_source {
    const char *resolv_conf;
    uint16_t port;
};
/* Like ps_resolve_start. Copies source. */
struct ps_resolve *ps_resolve_start_from(struct ps_loop *loop,
                                         const struct ps_resolve_source *source, const char *host,
                                         ps_resolve_fn fn, void *cookie);

#endif
