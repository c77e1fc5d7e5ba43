/* What the Python service stored, as we store it. */
#ifndef PS_SCHEDULER_LEGACY_H
#define PS_SCHEDULER_LEGACY_H
#include "shared/core/paper_id.h"

/* Gives the draft's URL as our plan would write it, below base, and its id; NULL where url names no
   draft of ours (a D or P paper with an extension). What comes before the file name is not looked
   at: the service knew one site. */
char *ps_legacy_draft(const char *url, const char *base, char out_id[PS_PAPER_ID_TEXT]) PS_MUST_USE;

#endif
