/* Has a draft changed since it was looked at last? Pure. */
#ifndef PS_SCHEDULER_DRAFT_CHANGES_H
#define PS_SCHEDULER_DRAFT_CHANGES_H
#include "shared/core/result.h"

/* What a HEAD told of a file. All borrowed. */
struct ps_draft_state {
    const char *last_modified, *etag; /* NULL: not told */
    int64_t length;                   /* bytes; -1: not told */
    int64_t answered_ms;              /* by the site's clock; 0: unknown */
};

enum ps_draft_change {
    PS_DRAFT_CHANGE_NOTHING, /* the answer tells nothing: an error, a deferral, a suspect */
    PS_DRAFT_CHANGE_SAME,
    PS_DRAFT_CHANGE_UPDATED,
    PS_DRAFT_CHANGE_GONE, /* was there */
    PS_DRAFT_CHANGE_BACK  /* was gone, and has not changed meanwhile */
};

enum { PS_DRAFT_CHANGE_CLOCK_MS = 3000, PS_DRAFT_CHANGE_PRINT = 17 /* bytes, with the 0 */ };

/* before: what is stored; a part that either side was not told says nothing. Entity tags are
 * compared weakly (RFC 9110 section 8.8.3.2). A Last-Modified that differs says nothing where the
 * same strong entity tag says that the file is the same, or where it moved as far as the time
 * between both answers went on, to PS_DRAFT_CHANGE_CLOCK_MS: some servers make it up from their
 * clock.
 */
enum ps_draft_change ps_draft_change(const struct ps_draft_state *before, bool was_gone,
                                     const struct ps_draft_state *now, enum ps_outcome outcome);
/* What comes next is compared with: the parts told now, those of before where they were not. */
struct ps_draft_state ps_draft_change_merge(const struct ps_draft_state *before,
                                            const struct ps_draft_state *now);
/* Tells one state from another, in 16 hexadecimal digits: a file that two servers answer
 * differently for is told of once for each state, not once a poll. */
void ps_draft_change_print(const struct ps_draft_state *state,
                           char out_text[PS_DRAFT_CHANGE_PRINT]);

#endif
