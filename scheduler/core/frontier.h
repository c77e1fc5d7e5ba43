/* Effective frontier and the hot numbers around it. */
#ifndef PS_SCHEDULER_FRONTIER_H
#define PS_SCHEDULER_FRONTIER_H
#include "scheduler/core/paper_index.h"
#include "scheduler/core/url_set.h"

/* The highest P-number (index and discovered drafts) whose distance to the next lower one is at
 * most gap; if no pair is that close, the lowest; 0 for none. */
int ps_frontier(const struct ps_paper_index *index, const struct ps_url_set *discovered, int gap);

#endif
