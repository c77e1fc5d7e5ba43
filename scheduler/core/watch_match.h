/* Watchlists against papers and drafts. */
#ifndef PS_SCHEDULER_WATCH_MATCH_H
#define PS_SCHEDULER_WATCH_MATCH_H
#include "shared/core/number_set.h"
#include "shared/core/watch_rule.h"

#include <stddef.h>
#include <stdint.h>

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

/* Patterns are people's own programs, and all of them are matched on one event loop: 400 of the
 * worst took seconds for each draft, and the leader its lease. So they have a budget of processor
 * time: a pattern for each text, a person and everybody together for each candidate. A pattern that
 * exceeds its own, or is the dearest where another is exceeded, is suspended: these lists do not
 * match it again, and the caller stores that and tells its owner. What it matched before counts. A
 * person's other patterns are not tried for the candidate that exceeded the person's budget.
 * cpu_us: the processor time of this thread so far, so that a busy machine suspends nothing;
 * without it (a command of a person) there is no budget. */
enum {
    PS_MATCH_PATTERN_US = 20,         /* for one text, and beside that */
    PS_MATCH_PATTERN_KCHARS_US = 100, /* for each thousand characters of it */
    PS_MATCH_TRIAL_CHARS = 200,       /* of a long text, that a pattern is tried with first */
    PS_MATCH_PERSON_US = 5000,        /* for one candidate */
    PS_MATCH_ALL_US = 40000,          /* the same for everybody */
    PS_MATCH_DEAR_US = 500            /* no pattern below is suspended for what others cost */
};
void ps_watchlists_budget(struct ps_watchlists *lists, int64_t (*cpu_us)(void));
/* What was suspended, in the order of it; false from the end on. Borrowed until lists are
 * destroyed. */
bool ps_watchlists_suspended(const struct ps_watchlists *lists, size_t at, const char **out_user,
                             const char **out_pattern);

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
   nothing; what is snoozed matches when nothing else does. A person who watches everything gets
   what no other entry of theirs matches (reason "").  A snoozed match is held back later (the view
   waiting, 0017_waiting.sql). */
void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_watch_candidate *item,
                         ps_watch_match_fn fn, void *cookie);

#endif
