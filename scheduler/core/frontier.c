#include "scheduler/core/frontier.h"

/* The highest number that lies at most gap above its predecessor. Numbers far above all others are
 * outliers, such as a number that was reserved or mistyped: a frontier there would make the planner
 * probe thousands of names that do not exist. */
int ps_frontier(const struct ps_paper_index *index, const struct ps_url_set *discovered, int gap)
{
    const struct ps_number_set *drafts = ps_url_set_numbers(discovered);
    struct ps_number_set numbers;
    int frontier = 0;

    ps_number_set_init(&numbers);
    for (size_t i = 0; i < ps_paper_index_latest_len(index); i++)
        ps_number_set_add(&numbers, ps_paper_index_latest_at(index, i)->parsed.number);
    for (size_t i = 0; i < drafts->len; i++)
        ps_number_set_add(&numbers, drafts->items[i]);
    if (numbers.len > 0)
        frontier = numbers.items[0];
    for (size_t i = numbers.len; i-- > 1;) {
        if (numbers.items[i] - numbers.items[i - 1] <= gap) {
            frontier = numbers.items[i];
            break;
        }
    }
    ps_number_set_clear(&numbers);
    return frontier;
}

static void add_clamped(struct ps_number_set *set, int64_t first, int64_t last, int lowest)
{
    if (first < lowest)
        first = lowest;
    if (last > PS_PAPER_NUMBER_MAX)
        last = PS_PAPER_NUMBER_MAX;
    if (first <= last)
        ps_number_set_add_range(set, (int)first, (int)last);
}

void ps_frontier_numbers(const struct ps_config *config, int64_t frontier,
                         struct ps_number_set *numbers)
{
    add_clamped(numbers, frontier - config->frontier_window_below + 1,
                frontier + config->frontier_window_above, 1);
    for (size_t i = 0; i < config->frontier_explicit_ranges.len; i++) {
        const struct ps_range *range = &config->frontier_explicit_ranges.items[i];

        add_clamped(numbers, range->first, range->last, 0);
    }
}
