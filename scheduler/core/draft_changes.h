/* Decides whether a draft has changed since it was probed last.
 *
 * People are notified of a changed draft once for each state of it. The hard part are servers:
 * some derive Last-Modified from their clock, some send weak entity tags, two behind one name
 * disagree. A false change would notify everybody of nothing, every half hour. Pure; io/poll.h
 * compares at the end of a cycle. */
#ifndef PS_SCHEDULER_DRAFT_CHANGES_H
#define PS_SCHEDULER_DRAFT_CHANGES_H
#include "shared/core/result.h"

/* What a HEAD said about a file. All borrowed. */
struct ps_draft_state {
    const char *last_modified, *etag; /* NULL: not sent */
    int64_t length;                   /* bytes; -1: not sent */
    int64_t answered_ms;              /* by the site's clock; 0: unknown */
};

enum ps_draft_change {
    PS_DRAFT_CHANGE_NOTHING, /* the answer says nothing: an error, a deferral, a suspect */
    PS_DRAFT_CHANGE_SAME,
    PS_DRAFT_CHANGE_UPDATED,
    PS_DRAFT_CHANGE_GONE, /* the site has it, as before */
    PS_DRAFT_CHANGE_BACK  /* it was gone, is back, and has not changed */
};

enum { PS_DRAFT_CHANGE_CLOCK_MS = 3000, PS_DRAFT_CHANGE_PRINT = 17 /* bytes, with the 0 */ };

/* before: what is stored. Parts that one side did not send are not compared. Entity tags are
 * compared weakly (RFC 9110 section 8.8.3.2). A different Last-Modified means nothing if the same
 * strong entity tag says that the file is the same, or if it moved by as much as the time between
 * both answers, give or take PS_DRAFT_CHANGE_CLOCK_MS: some servers derive it from their clock. */
enum ps_draft_change ps_draft_change(const struct ps_draft_state *before, bool was_gone,
                                     const struct ps_draft_state *now, enum ps_outcome outcome);
/* Returns the state to store, with which the next answer is compared: the parts that were sent
 * now, otherwise those of before. */
struct ps_draft_state ps_draft_change_merge(const struct ps_draft_state *before,
                                            const struct ps_draft_state *now);
/* Writes a fingerprint of state, 16 hexadecimal digits. It is part of the dedupe key: if two
 * servers answer differently for one file, people are notified once of each state, and not at
 * every poll. */
void ps_draft_change_print(const struct ps_draft_state *state,
                           char out_text[PS_DRAFT_CHANGE_PRINT]);

#endif
