/*
 * A set of pointers that is always in order: for lists that grow for hours and are read at any
 * moment, such as the words and the events of the library (library.h).
 *
 * A sorted array would cost a sort, or a move of half of it, whenever one item was added; the loop
 * must not pay that in one turn. The items are in sorted blocks of at most some hundred instead: an
 * addition moves a part of one block.
 *
 * Pure. An item must not change its place in the order while it is in the set.
 */
#ifndef PS_CORE_ORDERED_SET_H
#define PS_CORE_ORDERED_SET_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* As for qsort, but of the items themselves. Two different items are never equal. */
typedef int (*ps_ordered_set_fn)(const void *left, const void *right);

struct ps_ordered_set {
    ps_ordered_set_fn compare;
    struct ps_ordered_block *blocks;
    size_t len, size; /* of blocks */
    size_t count;     /* of items */
};

/* A place in a set; valid until the set changes. */
struct ps_ordered_place {
    size_t block, item;
};

/* Makes an empty set in the caller's memory, ordered by compare for its whole life. */
void ps_ordered_set_init(struct ps_ordered_set *set, ps_ordered_set_fn compare);
/* Removes all items and frees the memory; the items are the caller's. The set can be used again. */
void ps_ordered_set_clear(struct ps_ordered_set *set);
/* Borrows item, which must not be in the set. */
void ps_ordered_set_add(struct ps_ordered_set *set, const void *item);
/* Does nothing if the item is not in the set. */
void ps_ordered_set_remove(struct ps_ordered_set *set, const void *item);

/* Gives the place of the first item for which compare(item, key) is at least 0. key may be
 * something else than an item if compare can read it; compare must agree with the set's order. */
struct ps_ordered_place ps_ordered_set_seek(const struct ps_ordered_set *set, const void *key,
                                            ps_ordered_set_fn compare);
/* Gives the item at place and moves place to the next one; NULL at the end. Start with a zeroed
 * place for all items. */
const void *ps_ordered_set_next(const struct ps_ordered_set *set, struct ps_ordered_place *place);

#endif
