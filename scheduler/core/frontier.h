/* The frontier, the highest paper number that is not an outlier, and the hot numbers around it.
 *
 * New drafts appear just above the frontier, so these numbers are probed in every cycle. A single
 * paper with a number far above all others (a typing error in the index) must not move the
 * frontier there: the numbers in between would be thousands of useless probes. Pure; both planners
 * use it. */
#ifndef PS_SCHEDULER_FRONTIER_H
#define PS_SCHEDULER_FRONTIER_H
#include "scheduler/core/paper_index.h"
#include "scheduler/core/url_set.h"
#include "shared/core/config.h"
#include "shared/core/number_set.h"

/* The highest P-number (index and discovered drafts) whose distance to the next lower one is at
 * most gap; if no pair is that close, the lowest; 0 for none. */
int ps_frontier(const struct ps_paper_index *index, const struct ps_url_set *discovered, int gap);

/* Adds the numbers that both planners treat as hot for the frontier's sake: from frontier -
 * FRONTIER_WINDOW_BELOW + 1 (at least 1) to frontier + FRONTIER_WINDOW_ABOVE, and
 * FRONTIER_EXPLICIT_RANGES; none above PS_PAPER_NUMBER_MAX. */
void ps_frontier_numbers(const struct ps_config *config, int64_t frontier,
                         struct ps_number_set *numbers);

#endif
