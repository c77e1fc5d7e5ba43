/* The probes of one cycle, in order, as both planners give them; and the classic planner.
 *
 * The classic planner probes hot numbers in every cycle and a slice of the others (design, "What
 * is probed"), as the Python service did. adaptive_plan.h is the other planner. Pure: the same
 * knowledge gives the same plan, so the commands plan, explain and simulate show what the leader
 * does. */
#ifndef PS_SCHEDULER_PLAN_H
#define PS_SCHEDULER_PLAN_H
#include "scheduler/core/frontier.h"
#include "shared/core/config.h"
#include "shared/core/number_set.h"
#include "shared/core/task.h"

/* All borrowed for the call. Of config it reads ISO_BASE_URL, prefixes, extensions, windows,
 * depths and the divisor. */
struct ps_plan_input {
    const struct ps_config *config;
    const struct ps_paper_index *index;
    const struct ps_url_set *discovered;
    const struct ps_number_set *watched; /* numbers on any watchlist */
    int64_t cycle;                       /* from 1 */
    int32_t today;                       /* days since 1970, UTC */
};

/* Text lives in the plan. */
struct ps_planned {
    const char *url;
    const char *file; /* "D1234R0.pdf"; borrowed from the end of url */
    enum ps_tier tier;
    const char *prefix;
    int number;
    int revision;
    const char *ext;
    double gain; /* adaptive: minutes of waiting that the probe is expected to end; classic: 0 */
};

struct ps_plan {
    struct ps_arena *arena;
    struct ps_planned *items;
    size_t len;
    int frontier;
    size_t hot, cold; /* items by tier group: hot is all but cold */
    size_t skipped_discovered;
    size_t skipped_in_index;
    size_t
        watched_deferred; /* watched numbers beyond WATCHED_NUMBERS_MAX; later cycles probe them */
    struct ps_number_set hot_numbers; /* classic only */
    int64_t slice, slices; /* cold numbers of this cycle: those with number % slices == slice */
};

/* Makes the plan of a cycle by the rules of the contract (hot, cold, order, URL, never published).
 * Of the watched numbers that are hot for no other reason, a cycle takes WATCHED_NUMBERS_MAX; the
 * next cycle continues after them, so that each number has its turn. Fills the caller's memory;
 * ps_plan_clear frees it. */
void ps_plan_make(const struct ps_plan_input *input, struct ps_plan *out_plan);
/* Whether number is probed in this cycle: it is hot, or it is cold and in the slice. */
bool ps_plan_asks(const struct ps_plan *plan, int number);
void ps_plan_clear(struct ps_plan *plan); /* frees the texts and the items */

#endif
