#include "scheduler/core/index_diff.h"

#include "shared/core/alloc.h"

#include <stdlib.h>
#include <string.h>

static int newest_first(const void *left, const void *right)
{
    const struct ps_paper *a = *(const struct ps_paper *const *)left;
    const struct ps_paper *b = *(const struct ps_paper *const *)right;

    if (a->days != b->days) /* PS_NO_DATE is the least of all: no date comes last */
        return (a->days < b->days) - (a->days > b->days);
    return strcmp(b->id, a->id);
}

void ps_index_diff_make(const struct ps_paper_index *before, const struct ps_paper_index *after,
                        struct ps_index_diff *out_diff)
{
    size_t old_len = ps_paper_index_len(before), len = ps_paper_index_len(after), old = 0;
    struct ps_index_diff diff = { 0 };

    diff.added = ps_alloc_array(NULL, len + 1, sizeof(const struct ps_paper *));
    diff.updated = ps_alloc_array(NULL, len + 1, sizeof(const struct ps_paper *));
    for (size_t i = 0; i < len; i++) {
        const struct ps_paper *paper = ps_paper_index_at(after, i);
        int order = 1;

        /* Both sides are sorted by id. An entry that is only in before is skipped: it is missing
         * from the download. */
        while (old < old_len && (order = strcmp(ps_paper_index_at(before, old)->id, paper->id)) < 0)
            old++;
        if (old == old_len || order != 0)
            diff.added[diff.added_len++] = paper;
        else if (!ps_paper_same(ps_paper_index_at(before, old), paper))
            diff.updated[diff.updated_len++] = paper;
    }
    qsort(diff.added, diff.added_len, sizeof(const struct ps_paper *), newest_first);
    qsort(diff.updated, diff.updated_len, sizeof(const struct ps_paper *), newest_first);
    *out_diff = diff;
}

void ps_index_diff_clear(struct ps_index_diff *diff)
{
    free(diff->added);
    free(diff->updated);
    *diff = (struct ps_index_diff){ 0 };
}
