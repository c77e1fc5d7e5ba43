/* Matches watchlists with papers and drafts: decides which person is notified of what.
 *
 * The lists mirror the view watch_now. io/index_update.h matches entries of the index, io/ingest.h
 * and io/poll.h drafts. Matching runs on the event loop of the leader, so people's patterns have a
 * budget of processor time; see below. Pure, apart from the clock that the caller passes. */
#ifndef PS_SCHEDULER_WATCH_MATCH_H
#define PS_SCHEDULER_WATCH_MATCH_H
#include "shared/core/number_set.h"
#include "shared/core/watch_rule.h"

#include <stddef.h>
#include <stdint.h>

struct ps_watchlists; /* the entries of every person, normalised once; patterns are compiled when
                       * they are first needed */

struct ps_watchlists *ps_watchlists_create(void) PS_MUST_USE; /* without entries */
void ps_watchlists_destroy(struct ps_watchlists *lists);
/* entry: as a person types it (watch_parse.h); ignored if it is not valid. Entries of one user
 * must come together. */
void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry);

/* A row of the view watch_now: an entry that a person watches, has muted or snoozed, or both. */
struct ps_watch_row {
    const char *user;
    const char *kind, *value; /* watch_rule.h */
    bool watched;
    bool quiet;  /* muted or snoozed now */
    bool snooze; /* of quiet: it is a snooze, so matches are delivered later */
};
/* The same for any of them; text is borrowed for the call. */
void ps_watchlists_add_row(struct ps_watchlists *lists, const struct ps_watch_row *row);
/* Returns the numbers whose drafts are probed because somebody watches them: watched numbers and P
 * papers. Borrowed. */
const struct ps_number_set *ps_watchlists_numbers(const struct ps_watchlists *lists);

enum { PS_MATCH_TEXT_WORDS = 200 /* of a draft's text that are searched for authors */ };

/* Patterns are people's own programs, and all of them run on one event loop: 400 of the worst took
 * seconds for each draft and cost the leader its lease. So they have a budget of processor time: a
 * pattern for each text, and a person and everybody together for each candidate. A pattern that
 * exceeds its own budget is suspended; if another budget is exceeded, the most expensive pattern
 * is. These lists do not match a suspended pattern again; the caller stores that and notifies its
 * owner. What it matched before counts. The other patterns of a person whose budget is used up are
 * not tried for this candidate. cpu_us: the processor time of this thread so far, so that a busy
 * machine suspends nothing; without it (a command of a person) there is no budget. */
enum {
    PS_MATCH_PATTERN_US = 20,         /* for one text, and beside that */
    PS_MATCH_PATTERN_KCHARS_US = 100, /* for each thousand characters of it */
    PS_MATCH_TRIAL_CHARS = 200,       /* of a long text, that a pattern is tried with first */
    PS_MATCH_PERSON_US = 5000,        /* for one candidate */
    PS_MATCH_ALL_US = 25000,          /* the same for everybody; with 100,000 entries of the other
                                       * kinds, which take 15 ms, a candidate stays below 50 ms */
    PS_MATCH_DEAR_US = 500            /* no pattern below is suspended for what others cost */
};
/* Applies the budget to all later matching. */
void ps_watchlists_budget(struct ps_watchlists *lists, int64_t (*cpu_us)(void));
/* Returns the patterns that were suspended, in that order; false from the end on. Borrowed until
 * lists are destroyed. */
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
/* Calls fn at most once for each user whose watchlist matches. Author entries are tried first,
 * then papers and numbers, subgroups and patterns. An author matches whole words; a paper its
 * drafts and revisions; a number every kind of paper and issue with it. A muted entry does not
 * match, and a paper whose number is muted matches nothing. A person
 * who watches everything gets what no other entry of theirs matches (reason ""). A snoozed entry
 * matches if nothing else does; such a match is held back later (the view waiting,
 * 0017_waiting.sql). */
void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_watch_candidate *item,
                         ps_watch_match_fn fn, void *cookie);

#endif
