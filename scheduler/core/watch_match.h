/* Watchlists against papers and drafts. */
#ifndef PS_SCHEDULER_WATCH_MATCH_H
#define PS_SCHEDULER_WATCH_MATCH_H
#include "shared/core/number_set.h"
#include "shared/core/watch_rule.h"

#include <stddef.h>

struct ps_watchlists; /* every person's entries, folded once; patterns compiled when first needed */

struct ps_watchlists *ps_watchlists_create(void) PS_MUST_USE;
void ps_watchlists_destroy(struct ps_watchlists *lists);
/* entry: as a person types it (watch_parse.h); one that is refused is passed over. Entries of one
 * user must come together. */
void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry);

/* A row of the view watch_now: something that a person watches, does not want to hear of, or both.
 */
struct ps_watch_row {
    const char *user;
    const char *kind, *value; /* watch_rule.h */
    bool watched;
    bool quiet;  /* muted now, or snoozed now */
    bool snooze; /* of quiet: matches are told later */
};
/* The same for any of them; text is borrowed for the call. */
void ps_watchlists_add_row(struct ps_watchlists *lists, const struct ps_watch_row *row);
/* The numbers whose drafts are probed for: of watched numbers and P papers. Borrowed. */
const struct ps_number_set *ps_watchlists_numbers(const struct ps_watchlists *lists);

enum { PS_MATCH_TEXT_WORDS = 200 /* of a draft's text that are searched for authors */ };

/* A paper or issue of the index, or a draft. Any text may be NULL or "" for none. */
struct ps_watch_candidate {
    const char *prefix; /* "P" "D" "N" "CWG" …; NULL counts as "P" */
    int number;
    const char *author;   /* of the index */
    const char *authors;  /* of the draft's document: names, separated by commas */
    const char *text;     /* first words of the draft. Authors are looked for in its first
                             PS_MATCH_TEXT_WORDS words, and only where authors is empty */
    const char *title;    /* for patterns */
    const char *subgroup; /* of the index */
};

/* reason: the entry that matched; borrowed until lists are destroyed. */
typedef void (*ps_watch_match_fn)(void *cookie, const char *user, const char *reason,
                                  enum ps_watch_kind by);
/* Author entries are tried first, then papers and numbers, subgroups and patterns; at most one call
   a user. An author matches whole words, a paper its drafts and revisions, a number every kind of
   paper and issue of it. What is muted does not match, and a paper whose number is muted matches
   nothing; what is snoozed matches when nothing else does. A snoozed match is held back later (the
   view waiting, 0017_waiting.sql). */
void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_watch_candidate *item,
                         ps_watch_match_fn fn, void *cookie);

#endif
