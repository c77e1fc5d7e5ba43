/* A sorted set of paper numbers. The planner computes the frontier and the gaps with it. */
#ifndef PS_CORE_NUMBER_SET_H
#define PS_CORE_NUMBER_SET_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_number_set {
    int *items; /* owned; ascending, unique; may be read directly */
    size_t len;
    size_t size; /* allocated */
};

void ps_number_set_init(struct ps_number_set *set);  /* empty, in the caller's memory */
void ps_number_set_clear(struct ps_number_set *set); /* frees; the set is empty */
void ps_number_set_add(struct ps_number_set *set, int number);
/* Adds first to last, both included; nothing if first > last. */
void ps_number_set_add_range(struct ps_number_set *set, int first, int last);
bool ps_number_set_has(const struct ps_number_set *set, int number); /* a binary search */

#endif
