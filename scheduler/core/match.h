/* Watchlists against papers and drafts. */
#ifndef PS_SCHEDULER_MATCH_H
#define PS_SCHEDULER_MATCH_H
#include "shared/core/numset.h"

#include <stddef.h>

struct ps_watchlists; /* every person's entries, folded once */

struct ps_watchlists *ps_watchlists_create(void) PS_MUST_USE;
void ps_watchlists_destroy(struct ps_watchlists *lists);
/* entry as stored (normalised); an entry that is none is passed over. Entries of one user must come
 * together. */
void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry);
const struct ps_numset *ps_watchlists_numbers(const struct ps_watchlists *lists); /* borrowed */

/* A paper of the index, or a draft. number: of P and D papers; -1 for N papers and issues, which
 * match by author only. */
struct ps_match_item {
    int number;
    const char *author; /* of the index; NULL or "" for none */
    const char *text;   /* first words of the draft; NULL for none */
};

/* reason: the entry that matched; borrowed until lists are destroyed. */
typedef void (*ps_match_fn)(void *cookie, const char *user, const char *reason, bool by_author);
/* Author entries are tried first; at most one call a user. */
void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_match_item *item,
                         ps_match_fn fn, void *cookie);

#endif
