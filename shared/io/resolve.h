/* Resolves a host name to addresses without blocking the loop (hiredis and libpq would block in
 * getaddrinfo). Only io/address_walk uses it. */
#ifndef PS_IO_RESOLVE_H
#define PS_IO_RESOLVE_H
#include "shared/io/loop.h"

#include <stddef.h>

enum { PS_RESOLVE_MAX = 32 }; /* addresses of one name; a name server may list thousands */

struct ps_resolve; /* one lookup in flight */

/* addresses: numeric text, at least one and at most PS_RESOLVE_MAX, in the resolver's order,
 * borrowed for the call; or NULL with err (NETWORK or TIMEOUT). Runs once on the loop, never before
 * ps_resolve_start returned. */
typedef void (*ps_resolve_fn)(void *cookie, const char *const *addresses, size_t count,
                              const struct ps_err *err);
/* Looks up ${host}; a numeric address is its own answer. Never NULL. */
struct ps_resolve *ps_resolve_start(struct ps_loop *loop, const char *host, ps_resolve_fn fn,
                                    void *cookie);
void ps_resolve_cancel(struct ps_resolve *resolve); /* fn will not run; NULL is fine */

#endif
