#include "shared/core/field_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ps_str items[] = {
    {"a",     1},
    { "5",    1},
    { "b",    1},
    { "",     0},
    { "a",    1},
    { "6",    1},
    { "u",    1},
    { "\xC3", 1},
    { "z",    1},
    { "x\0y", 3}
};
static const struct ps_field_reader reader = { items, PS_COUNT_OF(items), "entry" };

static void an_absent_field_reads_as_empty(void **state)
{
    struct ps_str text;
    int64_t number = 9;
    struct ps_err err;

    (void)state;
    assert_true(ps_str_is(ps_field_find(&reader, "a"), "5"));
    assert_int_equal(ps_field_find(&reader, "5").len, 0);
    assert_true(ps_field_text(&reader, "none", 0, &text, &err));
    assert_int_equal(text.len, 0);
    assert_true(ps_field_count(&reader, "b", 5, &number, &err));
    assert_int_equal(number, 0);
    assert_true(ps_field_count(&reader, "a", 5, &number, &err));
    assert_int_equal(number, 5);
}

static void every_error_names_record_and_field(void **state)
{
    struct ps_str text = { "kept", 4 };
    int64_t number = 9;
    struct ps_err err;

    (void)state;
    assert_false(ps_field_need(&reader, "b", 9, &text, &err));
    assert_string_equal(err.what, "entry: b is missing");
    assert_false(ps_field_text(&reader, "a", 0, &text, &err));
    assert_string_equal(err.what, "entry: a is longer than 0 bytes");
    assert_false(ps_field_text(&reader, "u", 9, &text, &err));
    assert_string_equal(err.what, "entry: u is not valid UTF-8");
    assert_false(ps_field_text(&reader, "z", 9, &text, &err));
    assert_string_equal(err.what, "entry: z is not valid UTF-8");
    assert_false(ps_field_int(&reader, "a", 6, 9, &number, &err));
    assert_string_equal(err.what, "entry: a is not a whole number from 6 to 9");
    assert_false(ps_field_count(&reader, "a", 4, &number, &err));
    assert_false(ps_field_int(&reader, "b", 0, 9, &number, &err));
    assert_string_equal(err.what, "entry: b is missing");
    assert_true(ps_str_is(text, "kept"));
    assert_int_equal(number, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absent_field_reads_as_empty),
        cmocka_unit_test(every_error_names_record_and_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
