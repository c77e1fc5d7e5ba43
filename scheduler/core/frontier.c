#include "scheduler/core/frontier.h"

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
