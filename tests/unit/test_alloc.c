#include "shared/core/alloc.h"

#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static void zero_sizes_still_give_memory(void **state)
{
    void *blocks[] = { ps_alloc(0), ps_alloc_zero(0, 8), ps_alloc_zero(8, 0),
                       ps_alloc_array(NULL, 0, 8), ps_alloc_array(ps_alloc(4), 0, 8) };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(blocks); i++) {
        assert_non_null(blocks[i]);
        free(blocks[i]);
    }
}

static void zeroed_memory_is_zero(void **state)
{
    unsigned char *bytes = ps_alloc_zero(16, 4);
    size_t i;

    (void)state;
    for (i = 0; i < 64; i++)
        assert_int_equal(bytes[i], 0);
    free(bytes);
}

static void arrays_keep_their_content_when_they_grow(void **state)
{
    int *items = ps_alloc_array(NULL, 2, sizeof(*items));

    (void)state;
    items[0] = 7;
    items[1] = 8;
    items = ps_alloc_array(items, 1000, sizeof(*items));
    assert_int_equal(items[0], 7);
    assert_int_equal(items[1], 8);
    free(items);
}

static void texts_are_copied(void **state)
{
    char *text = ps_alloc_text("draft");
    char *cut = ps_alloc_copy("draft", 3);
    char *none = ps_alloc_copy(NULL, 0);
    char *formatted = ps_alloc_format("%s-%d", "P", 2300);
    char *empty = ps_alloc_format("%s", "");

    (void)state;
    assert_string_equal(text, "draft");
    assert_string_equal(cut, "dra");
    assert_string_equal(none, "");
    assert_string_equal(formatted, "P-2300");
    assert_string_equal(empty, "");
    free(empty);
    assert_null(ps_alloc_text(NULL));
    free(text);
    free(cut);
    free(none);
    free(formatted);
}

static void array_overflow(void)
{
    free(ps_alloc_array(NULL, SIZE_MAX / 2, 3));
}

static void zero_overflow(void)
{
    free(ps_alloc_zero(SIZE_MAX / 2, 3));
}

/* The product is 4: realloc alone would grant it. */
static void array_that_wraps(void)
{
    free(ps_alloc_array(NULL, SIZE_MAX / 4 + 2, 4));
}

static void copy_overflow(void)
{
    free(ps_alloc_copy("", SIZE_MAX));
}

static void an_overflowing_size_aborts(void **state)
{
    void (*const cases[])(void) = { array_overflow, array_that_wraps, zero_overflow,
                                    copy_overflow };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        pid_t child = fork();
        int status = 0;

        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            cases[i]();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_sizes_still_give_memory),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(arrays_keep_their_content_when_they_grow),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(an_overflowing_size_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
