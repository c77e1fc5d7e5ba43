#include "shared/core/number_set.h"

#include "shared/core/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Returns the index of the first item that is >= number. */
static size_t lower_bound(const struct ps_number_set *set, int number)
{
    size_t low = 0, high = set->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (set->items[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void reserve(struct ps_number_set *set, size_t size)
{
    if (size <= set->size)
        return;
    if (size < set->size * 2)
        size = set->size * 2;
    set->items = ps_alloc_array(set->items, size, sizeof(*set->items));
    set->size = size;
}

void ps_number_set_init(struct ps_number_set *set)
{
    *set = (struct ps_number_set){ 0 };
}

void ps_number_set_clear(struct ps_number_set *set)
{
    free(set->items);
    ps_number_set_init(set);
}

void ps_number_set_add(struct ps_number_set *set, int number)
{
    ps_number_set_add_range(set, number, number);
}

void ps_number_set_add_range(struct ps_number_set *set, int first, int last)
{
    size_t count, from, to, i;

    if (first > last)
        return;
    count = (size_t)((long long)last - first + 1);
    from = lower_bound(set, first);
    to = lower_bound(set, last);
    if (to < set->len && set->items[to] == last)
        to++;
    /* Replace the items between first and last by the whole range. */
    reserve(set, set->len - (to - from) + count);
    if (set->len > to)
        memmove(set->items + from + count, set->items + to, (set->len - to) * sizeof(*set->items));
    for (i = 0; i < count; i++)
        set->items[from + i] = (int)((long long)first + (long long)i);
    set->len = set->len - (to - from) + count;
}

bool ps_number_set_has(const struct ps_number_set *set, int number)
{
    size_t at = lower_bound(set, number);

    return at < set->len && set->items[at] == number;
}
