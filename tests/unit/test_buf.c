#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_buffer_is_an_empty_text(void **state)
{
    struct ps_buf buf;
    char *taken;

    (void)state;
    ps_buf_init(&buf, 10);
    assert_string_equal(ps_buf_str(&buf), "");
    taken = ps_buf_take(&buf);
    assert_string_equal(taken, "");
    free(taken);
    ps_buf_clear(&buf);
}

static void an_addition_past_the_cap_changes_nothing(void **state)
{
    struct ps_buf buf;

    (void)state;
    ps_buf_init(&buf, 5);
    assert_true(ps_buf_text(&buf, "abc"));
    assert_false(buf.full);
    assert_false(ps_buf_text(&buf, "def"));
    assert_false(ps_buf_format(&buf, "%d", 123));
    assert_false(ps_buf_json_string(&buf, "x", 1));
    assert_true(buf.full);
    assert_string_equal(ps_buf_str(&buf), "abc");
    assert_true(ps_buf_format(&buf, "%d", 12));
    assert_string_equal(ps_buf_str(&buf), "abc12");
    assert_false(ps_buf_char(&buf, '!'));
    assert_int_equal(buf.len, 5);
    ps_buf_reset(&buf);
    assert_false(buf.full);
    assert_string_equal(ps_buf_str(&buf), "");
    assert_true(ps_buf_char(&buf, '!'));
    ps_buf_clear(&buf);
    assert_int_equal(buf.cap, 5);
    assert_true(ps_buf_text(&buf, "again"));
    ps_buf_clear(&buf);
}

static void it_grows_to_its_cap_and_no_further(void **state)
{
    struct ps_buf buf;
    int i;

    (void)state;
    ps_buf_init(&buf, 1000);
    for (i = 0; i < 1000; i++)
        assert_true(ps_buf_char(&buf, 'x'));
    assert_false(ps_buf_char(&buf, 'x'));
    assert_int_equal(strlen(ps_buf_str(&buf)), 1000);
    assert_true(buf.size <= 1001);
    ps_buf_clear(&buf);
    ps_buf_init(&buf, SIZE_MAX);
    assert_true(ps_buf_text(&buf, "no cap"));
    ps_buf_clear(&buf);
    ps_buf_init(&buf, 0);
    assert_true(ps_buf_text(&buf, ""));
    assert_false(ps_buf_char(&buf, 'x'));
    ps_buf_clear(&buf);
}

static void bytes_of_any_value_are_kept(void **state)
{
    struct ps_buf buf;
    char *taken;

    (void)state;
    ps_buf_init(&buf, 10);
    assert_true(ps_buf_add(&buf, "a\0b", 3));
    assert_int_equal(buf.len, 3);
    taken = ps_buf_take(&buf);
    assert_memory_equal(taken, "a\0b", 4);
    assert_int_equal(buf.len, 0);
    assert_string_equal(ps_buf_str(&buf), "");
    free(taken);
}

static void json_strings_are_escaped_and_valid_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } cases[] = {
        {"plain",           5, "\"plain\""                       },
        { "",               0, "\"\""                            },
        { "a\"b\\c",        5, "\"a\\\"b\\\\c\""                 },
        { "\b\f\n\r\t",     5, "\"\\b\\f\\n\\r\\t\""             },
        { "\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\""},
        { "stra\xC3\x9F"
          "e",     7,
         "\"stra\xC3\x9F"
          "e\""                                                  },
        { "a\xFF\x80z",     4, "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\""  },
        { "\xC0\xAF",       2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""    },
        { "\xE2\x82",       2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""    }
    };
    struct ps_buf buf;
    size_t i;

    (void)state;
    ps_buf_init(&buf, 100);
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        ps_buf_reset(&buf);
        assert_true(ps_buf_json_string(&buf, cases[i].text, cases[i].len));
        assert_string_equal(ps_buf_str(&buf), cases[i].want);
    }
    ps_buf_clear(&buf);
}

static void a_json_string_that_does_not_fit_leaves_nothing_behind(void **state)
{
    struct ps_buf buf;

    (void)state;
    ps_buf_init(&buf, 8);
    assert_true(ps_buf_text(&buf, "ab"));
    assert_false(ps_buf_json_string(&buf, "cdefg", 5));
    assert_string_equal(ps_buf_str(&buf), "ab");
    assert_true(buf.full);
    ps_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_an_empty_text),
        cmocka_unit_test(an_addition_past_the_cap_changes_nothing),
        cmocka_unit_test(it_grows_to_its_cap_and_no_further),
        cmocka_unit_test(bytes_of_any_value_are_kept),
        cmocka_unit_test(json_strings_are_escaped_and_valid_utf8),
        cmocka_unit_test(a_json_string_that_does_not_fit_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
