#include "shared/core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_aligned_and_keeps_its_content(void **state)
{
    struct ps_arena *arena = ps_arena_create();
    unsigned char *blocks[2000];
    size_t i, j;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(blocks); i++) {
        blocks[i] = ps_arena_alloc(arena, i % 200);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        memset(blocks[i], (int)(i % 251), i % 200);
    }
    for (i = 0; i < PS_COUNT_OF(blocks); i++) {
        for (j = 0; j < i % 200; j++)
            assert_int_equal(blocks[i][j], i % 251);
    }
    ps_arena_destroy(arena);
    ps_arena_destroy(NULL);
}

static void a_large_object_does_not_waste_the_open_chunk(void **state)
{
    struct ps_arena *arena = ps_arena_create();
    char *small = ps_arena_alloc(arena, 16);
    char *large = ps_arena_alloc(arena, 1000000);
    char *next = ps_arena_alloc(arena, 16);

    (void)state;
    memset(large, 1, 1000000);
    assert_ptr_equal(next, small + 16);
    assert_in_range(ps_arena_bytes(arena), 1000016, 1100000);
    ps_arena_destroy(arena);
}

static void texts_are_copied_and_ended(void **state)
{
    struct ps_arena *arena = ps_arena_create();
    const char *text = ps_arena_text(arena, "draft", 3);

    (void)state;
    assert_string_equal(text, "dra");
    assert_string_equal(ps_arena_text(arena, NULL, 0), "");
    assert_string_equal(text, "dra");
    ps_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_keeps_its_content),
        cmocka_unit_test(a_large_object_does_not_waste_the_open_chunk),
        cmocka_unit_test(texts_are_copied_and_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
