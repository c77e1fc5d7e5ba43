/* What changed between two snapshots of the index: the entries that are new, and those with
 * another title, author, date, link or status.
 *
 * io/index_update.h makes it of the copy in memory and a download, matches it with the watchlists
 * and stores it. Entries that are missing from a download are no difference: papers are never
 * removed (paper_index.h). Pure. */
#ifndef PS_SCHEDULER_INDEX_DIFF_H
#define PS_SCHEDULER_INDEX_DIFF_H
#include "scheduler/core/paper_index.h"

/* Papers are borrowed from after; each list newest date first (no date last), then id descending.
 */
struct ps_index_diff {
    const struct ps_paper **added;
    size_t added_len;
    const struct ps_paper **updated; /* same id, another field differs */
    size_t updated_len;
};

/* Compares two snapshots. out_diff borrows the papers of after, so after must outlive it; the
 * caller clears it. */
void ps_index_diff_make(const struct ps_paper_index *before, const struct ps_paper_index *after,
                        struct ps_index_diff *out_diff);
void ps_index_diff_clear(struct ps_index_diff *diff); /* frees the lists, not the papers */

#endif
