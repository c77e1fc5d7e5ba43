#include "scheduler/core/frontier.h"

int ps_frontier(const struct ps_index *index, const struct ps_urlset *discovered, int gap)
{
    const struct ps_numset *drafts = ps_urlset_numbers(discovered);
    struct ps_numset numbers;
    int frontier = 0;

    ps_numset_init(&numbers);
    for (size_t i = 0; i < ps_index_latest_len(index); i++)
        ps_numset_add(&numbers, ps_index_latest_at(index, i)->parsed.number);
    for (size_t i = 0; i < drafts->len; i++)
        ps_numset_add(&numbers, drafts->items[i]);
    if (numbers.len > 0)
        frontier = numbers.items[0];
    for (size_t i = numbers.len; i-- > 1;) {
        if (numbers.items[i] - numbers.items[i - 1] <= gap) {
            frontier = numbers.items[i];
            break;
        }
    }
    ps_numset_clear(&numbers);
    return frontier;
}
