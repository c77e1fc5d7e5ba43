#include "shared/core/ordered_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 3000 };

static int by_value(const void *left, const void *right)
{
    const int *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Walks through the set and compares it with the members of a plain table. */
static void compare_with(const struct ps_ordered_set *set, const int *values, const bool *member)
{
    struct ps_ordered_place place = { .block = 0 };
    size_t count = 0;

    for (int i = 0; i < ITEMS; i++) {
        if (!member[i])
            continue;
        assert_ptr_equal(ps_ordered_set_next(set, &place), &values[i]);
        count++;
    }
    assert_null(ps_ordered_set_next(set, &place));
    assert_null(ps_ordered_set_next(set, &place));
    assert_int_equal(set->count, count);
}

static void items_are_in_order_after_any_changes(void **state)
{
    static int values[ITEMS];
    static bool member[ITEMS];
    struct ps_ordered_set set;
    uint32_t seed = 7;

    (void)state;
    for (int i = 0; i < ITEMS; i++)
        values[i] = 2 * i;
    ps_ordered_set_init(&set, by_value);
    compare_with(&set, values, member);
    for (int round = 0; round < 40000; round++) {
        /* It grows, then shrinks to nothing, then grows again. */
        bool grows = round < 15000 || round >= 30000;
        int i = (int)(next_random(&seed) % ITEMS);
        bool add = next_random(&seed) % 100 < (grows ? 80 : 20);

        if (add && !member[i])
            ps_ordered_set_add(&set, &values[i]);
        else if (!add)
            ps_ordered_set_remove(&set, &values[i]);
        member[i] = add;
        if (round % 1000 == 0)
            compare_with(&set, values, member);
    }
    for (int i = 0; i < ITEMS; i++)
        ps_ordered_set_remove(&set, &values[i]);
    assert_int_equal(set.count, 0);
    ps_ordered_set_clear(&set);
}

/* Sorted input fills one block after the other, in both directions. */
static void sorted_input_is_taken(void **state)
{
    static int values[ITEMS];
    static bool member[ITEMS];
    struct ps_ordered_set set;

    (void)state;
    for (int i = 0; i < ITEMS; i++)
        values[i] = 2 * i;
    for (int direction = 0; direction < 2; direction++) {
        ps_ordered_set_init(&set, by_value);
        memset(member, 1, sizeof(member));
        for (int i = 0; i < ITEMS; i++)
            ps_ordered_set_add(&set, &values[direction == 0 ? i : ITEMS - 1 - i]);
        compare_with(&set, values, member);
        ps_ordered_set_clear(&set);
        memset(member, 0, sizeof(member));
        compare_with(&set, values, member);
    }
}

static void a_place_is_found_by_key(void **state)
{
    static int values[ITEMS];
    struct ps_ordered_set set;

    (void)state;
    ps_ordered_set_init(&set, by_value);
    for (int i = 0; i < ITEMS; i++) {
        values[i] = 2 * i;
        ps_ordered_set_add(&set, &values[i]);
    }
    for (int key = -1; key < 2 * ITEMS + 2; key++) {
        struct ps_ordered_place place = ps_ordered_set_seek(&set, &key, by_value);
        const int *found = ps_ordered_set_next(&set, &place);

        if (key > 2 * (ITEMS - 1))
            assert_null(found);
        else
            assert_int_equal(*found, key < 0 ? 0 : key + (key & 1));
    }
    ps_ordered_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_in_order_after_any_changes),
        cmocka_unit_test(sorted_input_is_taken),
        cmocka_unit_test(a_place_is_found_by_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
