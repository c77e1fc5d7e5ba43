#include "shared/core/ordered_set.h"

#include "shared/core/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ITEMS = 256 };

/* Never empty. */
struct ps_ordered_block {
    const void **items; /* BLOCK_ITEMS */
    size_t len;
};

void ps_ordered_set_init(struct ps_ordered_set *set, ps_ordered_set_fn compare)
{
    *set = (struct ps_ordered_set){ .compare = compare };
}

void ps_ordered_set_clear(struct ps_ordered_set *set)
{
    for (size_t i = 0; i < set->len; i++)
        free(set->blocks[i].items);
    free(set->blocks);
    ps_ordered_set_init(set, set->compare);
}

/* The first block whose last item is not before key; set->len if there is none. */
static size_t find_block(const struct ps_ordered_set *set, const void *key,
                         ps_ordered_set_fn compare)
{
    size_t low = 0, high = set->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ps_ordered_block *block = &set->blocks[middle];

        if (compare(block->items[block->len - 1], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t find_item(const struct ps_ordered_block *block, const void *key,
                        ps_ordered_set_fn compare)
{
    size_t low = 0, high = block->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(block->items[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Inserts an empty block at that place. */
static struct ps_ordered_block *open_block(struct ps_ordered_set *set, size_t at)
{
    if (set->len == set->size) {
        set->size = set->size == 0 ? 16 : 2 * set->size;
        set->blocks = ps_alloc_array(set->blocks, set->size, sizeof(*set->blocks));
    }
    memmove(&set->blocks[at + 1], &set->blocks[at], (set->len - at) * sizeof(*set->blocks));
    set->len++;
    set->blocks[at] =
        (struct ps_ordered_block){ .items = ps_alloc_array(NULL, BLOCK_ITEMS,
                                                           sizeof(*set->blocks[at].items)) };
    return &set->blocks[at];
}

void ps_ordered_set_add(struct ps_ordered_set *set, const void *item)
{
    size_t at = find_block(set, item, set->compare), place;
    struct ps_ordered_block *block;

    if (set->len == 0)
        (void)open_block(set, 0);
    else if (at == set->len)
        at--; /* behind all others: at the end of the last block */
    if (set->blocks[at].len == BLOCK_ITEMS) {
        /* Moves the second half of the full block into a new one behind it. */
        struct ps_ordered_block *right = open_block(set, at + 1), *left = &set->blocks[at];
        size_t half = left->len / 2;

        right->len = left->len - half;
        memcpy(right->items, &left->items[half], right->len * sizeof(*right->items));
        left->len = half;
        if (set->compare(set->blocks[at].items[set->blocks[at].len - 1], item) < 0)
            at++;
    }
    block = &set->blocks[at];
    place = find_item(block, item, set->compare);
    memmove(&block->items[place + 1], &block->items[place],
            (block->len - place) * sizeof(*block->items));
    block->items[place] = item;
    block->len++;
    set->count++;
}

void ps_ordered_set_remove(struct ps_ordered_set *set, const void *item)
{
    size_t at = find_block(set, item, set->compare), place;
    struct ps_ordered_block *block;

    if (at == set->len)
        return;
    block = &set->blocks[at];
    place = find_item(block, item, set->compare);
    if (place == block->len || block->items[place] != item)
        return;
    block->len--;
    set->count--;
    memmove(&block->items[place], &block->items[place + 1],
            (block->len - place) * sizeof(*block->items));
    if (block->len > 0)
        return;
    free(block->items);
    set->len--;
    memmove(&set->blocks[at], &set->blocks[at + 1], (set->len - at) * sizeof(*set->blocks));
}

struct ps_ordered_place ps_ordered_set_seek(const struct ps_ordered_set *set, const void *key,
                                            ps_ordered_set_fn compare)
{
    struct ps_ordered_place place = { .block = find_block(set, key, compare) };

    if (place.block < set->len)
        place.item = find_item(&set->blocks[place.block], key, compare);
    return place;
}

const void *ps_ordered_set_next(const struct ps_ordered_set *set, struct ps_ordered_place *place)
{
    const struct ps_ordered_block *block;

    if (place->block >= set->len)
        return NULL;
    block = &set->blocks[place->block];
    if (place->item + 1 < block->len)
        return block->items[place->item++];
    place->block++;
    place->item = 0;
    return block->items[block->len - 1];
}
