/* A set of paper numbers, kept sorted. */
#ifndef PS_CORE_NUMSET_H
#define PS_CORE_NUMSET_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_numset {
    int *items; /* owned, ascending, unique */
    size_t len;
    size_t size;
};

void ps_numset_init(struct ps_numset *set);
void ps_numset_clear(struct ps_numset *set);
void ps_numset_add(struct ps_numset *set, int number);
void ps_numset_add_range(struct ps_numset *set, int first,
                         int last); /* both ends in; empty when first > last */
void ps_numset_remove(struct ps_numset *set, const struct ps_numset *other);
bool ps_numset_has(const struct ps_numset *set, int number);

#endif
