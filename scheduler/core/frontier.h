/* Effective frontier and the hot numbers around it. */
#ifndef PS_SCHEDULER_FRONTIER_H
#define PS_SCHEDULER_FRONTIER_H
#include "scheduler/core/index.h"
#include "scheduler/core/urlset.h"

/* The highest P-number (index and discovered drafts) whose distance to the next lower one is at
 * most gap; if no pair is that close, the lowest; 0 for none. */
int ps_frontier(const struct ps_index *index, const struct ps_urlset *discovered, int gap);

#endif
