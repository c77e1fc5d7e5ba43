/* The one way in which clients of Redis and PostgreSQL find their server: every address of every
 * host of a list, one after the other, until one of them serves.
 *
 * The owner asks for a step, tries to connect to it, and asks for the next step when that fails. A
 * round is over when every address of every host had its turn; then names are looked up anew. A
 * name that is not resolved within its time is skipped, so that no host can take the time of
 * another. */
#ifndef PS_IO_ADDRESS_WALK_H
#define PS_IO_ADDRESS_WALK_H
#include "shared/io/loop.h"

#include <stddef.h>

struct ps_address_walk;

struct ps_address_step {
    size_t host;         /* index into the list */
    const char *address; /* numeric; NULL where the host needs none (a socket folder) */
};

/* Gives the next step, borrowed for the call; or, at the end of a round, NULL with the failure of
 * the last lookup (code 0 and NETWORK if no lookup failed). Runs on the loop, once for each
 * ps_address_walk_next, never before that returned. */
typedef void (*ps_address_walk_fn)(void *cookie, const struct ps_address_step *step,
                                   const struct ps_err *err);

/* lookup_ms: the longest time for one host's look-up. The list is empty at first. Never NULL. */
struct ps_address_walk *ps_address_walk_create(struct ps_loop *loop, int64_t lookup_ms,
                                               ps_address_walk_fn fn, void *cookie) PS_MUST_USE;
void ps_address_walk_destroy(struct ps_address_walk *walk); /* fn will not run; NULL is fine */

/* Copies the names; a NULL name needs no look-up. Ends the round: the next one begins with
 * hosts[first]. */
void ps_address_walk_set(struct ps_address_walk *walk, const char *const *hosts, size_t count,
                         size_t first);
/* Asks for the next step. After the end of a round this begins a new one. */
void ps_address_walk_next(struct ps_address_walk *walk);
/* A step of this round is left, so that the owner may go on at once. */
bool ps_address_walk_more(const struct ps_address_walk *walk);
/* Ends the round, and a lookup in flight; fn does not run for it. The next step is the first of a
 * new round. */
void ps_address_walk_restart(struct ps_address_walk *walk);

#endif
