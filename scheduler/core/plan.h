/* What to probe in one cycle, in order. */
#ifndef PS_SCHEDULER_PLAN_H
#define PS_SCHEDULER_PLAN_H
#include "scheduler/core/frontier.h"
#include "shared/core/config.h"
#include "shared/core/number_set.h"
#include "shared/core/task.h"

/* All borrowed for the call. config gives ISO_BASE_URL, prefixes, extensions, windows, depths,
 * divisor. */
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
        watched_deferred; /* watched numbers above WATCHED_NUMBERS_MAX; later cycles ask for them */
    struct ps_number_set hot_numbers;
    int64_t slice, slices; /* cold: numbers whose rest by slices is slice */
};

/* Rules of the design (hot, cold, order, URL, never published). Of the watched numbers that are hot
 * for no other reason, a cycle takes WATCHED_NUMBERS_MAX; the next cycle goes on where this one
 * ends, so that each number has its turn. Caller's memory; clear frees. */
void ps_plan_make(const struct ps_plan_input *input, struct ps_plan *out_plan);
/* Is it this number's turn: is it hot, or cold and in the cycle's slice? */
bool ps_plan_asks(const struct ps_plan *plan, int number);
void ps_plan_clear(struct ps_plan *plan);

#endif
