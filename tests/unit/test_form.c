#include "notifier/core/form.h"

#include "shared/core/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void values_are_found_and_decoded(void **state)
{
    static const struct {
        const char *form, *name, *want;
    } rows[] = {
        {"a=1&b=2",               "b",    "2"                 },
        { "a=1&a=2",              "a",    "1"                 },
        { "text=",                "text", ""                  },
        { "text",                 "text", NULL                },
        { "",                     "text", NULL                },
        { "ab=1",                 "a",    NULL                },
        { "a=x+y%20z%2B%26",      "a",    "x y z+&"           },
        { "a=%C3%B6&b",           "a",    "ö"                },
        { "a=%zz%4",              "a",    "%zz%4"             },
        { "a=%c3%b6%3d%3D",       "a",    "ö=="              },
        { "a=%fA%Af%9f%90",       "a",    "\xfa\xaf\x9f\x90"  },
        { "a=%@1%1G%/0%g0%`0%:0", "a",    "%@1%1G%/0%g0%`0%:0"},
        { "a=%41&b=%42",          "a",    "A"                 },
        { "a=%",                  "a",    "%"                 },
        { "a=b=c",                "a",    "b=c"               },
        { "a=1%00b",              "a",    "1"                 },
        { "&&a=1&&",              "a",    "1"                 },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *value = ps_form_value(rows[i].form, strlen(rows[i].form), rows[i].name);

        if (rows[i].want == NULL)
            assert_null(value);
        else
            assert_string_equal(value, rows[i].want);
        free(value);
    }
}

/* The form is not the end of what is in memory: a body in pieces. */
static void nothing_behind_the_form_is_read(void **state)
{
    static const char form[] = "a=%4142&b=1";
    static const struct {
        size_t len;
        const char *want;
    } rows[] = {
        {3,  "%" },
        { 4, "%4"},
        { 5, "A" },
        { 6, "A4"}
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *value = ps_form_value(form, rows[i].len, "a");

        assert_string_equal(value, rows[i].want);
        free(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_and_decoded),
        cmocka_unit_test(nothing_behind_the_form_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
