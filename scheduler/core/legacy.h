/* Translates what the Python service stored into our terms, for import-legacy. Pure. */
#ifndef PS_SCHEDULER_LEGACY_H
#define PS_SCHEDULER_LEGACY_H
#include "shared/core/paper_id.h"

/* Gives the URL of the draft as our plan would write it, below base, and its id; NULL if url does
 * not name a draft of ours (a D or P paper with an extension). Only the file name counts, because
 * the service knew one site. */
char *ps_legacy_draft(const char *url, const char *base, char out_id[PS_PAPER_ID_TEXT]) PS_MUST_USE;

#endif
