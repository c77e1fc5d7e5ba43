/* A set of paper numbers, kept sorted. */
#ifndef PS_CORE_NUMBER_SET_H
#define PS_CORE_NUMBER_SET_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_number_set {
    int *items; /* owned, ascending, unique */
    size_t len;
    size_t size;
};

void ps_number_set_init(struct ps_number_set *set);
void ps_number_set_clear(struct ps_number_set *set);
void ps_number_set_add(struct ps_number_set *set, int number);
void ps_number_set_add_range(struct ps_number_set *set, int first,
                             int last); /* both ends in; empty when first > last */
void ps_number_set_remove(struct ps_number_set *set, const struct ps_number_set *other);
bool ps_number_set_has(const struct ps_number_set *set, int number);

#endif
