/* Host name to address without blocking the loop (hiredis and libpq would). */
#ifndef PS_IO_RESOLVE_H
#define PS_IO_RESOLVE_H
#include "shared/io/loop.h"

struct ps_resolve; /* one look-up under way */

/* address: numeric text, or NULL with err (NETWORK or TIMEOUT). Runs on the loop, never before
 * ps_resolve_start returned. */
typedef void (*ps_resolve_fn)(void *cookie, const char *address, const struct ps_err *err);
struct ps_resolve *ps_resolve_start(struct ps_loop *loop, const char *host, ps_resolve_fn fn,
                                    void *cookie);
/* The same where a host has several addresses: gives the one whose turn it is, so that a caller who
 * counts its tries tries them all. ps_resolve_start is turn 0. */
struct ps_resolve *ps_resolve_start_turn(struct ps_loop *loop, const char *host, unsigned turn,
                                         ps_resolve_fn fn, void *cookie);
void ps_resolve_cancel(struct ps_resolve *resolve); /* fn will not run; NULL is fine */

#endif
