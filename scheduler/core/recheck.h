/* Has a draft changed since it was looked at last? Pure. */
#ifndef PS_SCHEDULER_RECHECK_H
#define PS_SCHEDULER_RECHECK_H
#include "shared/core/result.h"

/* What a HEAD told of a file. All borrowed. */
struct ps_draft_state {
    const char *last_modified, *etag; /* NULL: not told */
    int64_t length;                   /* bytes; -1: not told */
    int64_t answered_ms;              /* by the site's clock; 0: unknown */
};

enum ps_recheck {
    PS_RECHECK_NOTHING, /* the answer tells nothing: an error, a deferral, a suspect */
    PS_RECHECK_SAME,
    PS_RECHECK_UPDATED,
    PS_RECHECK_GONE, /* was there */
    PS_RECHECK_BACK  /* was gone, and has not changed meanwhile */
};

enum { PS_RECHECK_CLOCK_MS = 3000, PS_RECHECK_PRINT = 17 /* bytes, with the 0 */ };

/* before: what is stored; a part that either side was not told says nothing. Entity tags are
 * compared weakly (RFC 9110 section 8.8.3.2). A Last-Modified that differs says nothing where the
 * same strong entity tag says that the file is the same, or where it moved as far as the time
 * between both answers went on, to PS_RECHECK_CLOCK_MS: some servers make it up from their clock.
 */
enum ps_recheck ps_recheck(const struct ps_draft_state *before, bool was_gone,
                           const struct ps_draft_state *now, enum ps_outcome outcome);
/* What comes next is compared with: the parts told now, those of before where they were not. */
struct ps_draft_state ps_recheck_merge(const struct ps_draft_state *before,
                                       const struct ps_draft_state *now);
/* Tells one state from another, in 16 hexadecimal digits: a file that two servers answer
 * differently for is told of once for each state, not once a poll. */
void ps_recheck_print(const struct ps_draft_state *state, char out_text[PS_RECHECK_PRINT]);

#endif
