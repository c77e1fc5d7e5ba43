/* Watchlists against the entries of an index that are new, or that changed. Between the diff of two
 * snapshots and the outbox: what matches here becomes a row. */
#ifndef PS_SCHEDULER_INDEX_MATCH_H
#define PS_SCHEDULER_INDEX_MATCH_H
#include "scheduler/core/paper_index.h"
#include "scheduler/core/watch_match.h"

enum { PS_INDEX_CHANGES_TEXT = 64 };

/* Calls fn for each user whose watchlist matches paper, which is new. */
void ps_index_match_added(const struct ps_watchlists *lists, const struct ps_paper *paper,
                          ps_watch_match_fn fn, void *cookie);

/* The same for an entry that changed from before to after (the same id): a paper is matched again
 * when its title, author or subgroup changes. Calls fn for each user whom after matches for another
 * reason than before did. A user whom the entry matched before for the same reason was notified
 * then, or began to watch later, and the change says nothing new to them: otherwise a subgroup
 * renamed all over the index would send everyone everything they watch. */
void ps_index_match_changed(const struct ps_watchlists *lists, const struct ps_paper *before,
                            const struct ps_paper *after, ps_watch_match_fn fn, void *cookie);

/* Names the fields that differ: "title", "author and subgroup", "date, link and status"; "" for
 * none. Beyond title, author and subgroup they are type, date, link and status. */
void ps_index_changes(const struct ps_paper *before, const struct ps_paper *after,
                      char out_text[PS_INDEX_CHANGES_TEXT]);
/* May what matches it have changed? */
bool ps_index_changes_matter(const struct ps_paper *before, const struct ps_paper *after);

#endif
