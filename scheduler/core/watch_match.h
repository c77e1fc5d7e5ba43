/* Watchlists against papers and drafts. */
#ifndef PS_SCHEDULER_WATCH_MATCH_H
#define PS_SCHEDULER_WATCH_MATCH_H
#include "shared/core/number_set.h"
#include "shared/core/watch_rule.h"

#include <stddef.h>

struct ps_watchlists; /* every person's entries, folded once; patterns compiled when first needed */

struct ps_watchlists *ps_watchlists_create(void) PS_MUST_USE;
void ps_watchlists_destroy(struct ps_watchlists *lists);
/* entry as stored (normalised); an entry that is none is passed over. Entries of one user must come
 * together. */
void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry);

/* A row of the view watched: something that a person watches, does not want to hear of, or both. */
struct ps_watch_row {
    const char *user;
    const char *kind, *value; /* watch_rule.h */
    bool watched;
    bool quiet;  /* muted now, or snoozed now */
    bool snooze; /* of quiet: matches are told later */
};
/* The same for any of them; text is borrowed for the call. */
void ps_watchlists_add_row(struct ps_watchlists *lists, const struct ps_watch_row *row);
const struct ps_number_set *ps_watchlists_numbers(const struct ps_watchlists *lists); /* borrowed */

/* A paper of the index, or a draft. number: of P and D papers; -1 for N papers and issues, which
 * match by number never. */
struct ps_watch_candidate {
    int number;
    const char *author;   /* of the index; NULL or "" for none, as the others */
    const char *text;     /* first words of the draft */
    const char *title;    /* of the index: for patterns */
    const char *subgroup; /* of the index */
};

/* reason: the entry that matched; borrowed until lists are destroyed. */
typedef void (*ps_watch_match_fn)(void *cookie, const char *user, const char *reason,
                                  enum ps_watch_kind by);
/* Author entries are tried first, then the number, subgroups and patterns; at most one call a user.
   What is muted does not match, and a paper whose number is muted matches nothing; what is snoozed
   matches when nothing else does. A snoozed match is held back later (the view waiting,
   0017_waiting.sql). */
void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_watch_candidate *item,
                         ps_watch_match_fn fn, void *cookie);

#endif
