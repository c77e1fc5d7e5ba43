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
        {"a=1&b=2",          "b",    "2"      },
        { "a=1&a=2",         "a",    "1"      },
        { "text=",           "text", ""       },
        { "text",            "text", NULL     },
        { "",                "text", NULL     },
        { "ab=1",            "a",    NULL     },
        { "a=x+y%20z%2B%26", "a",    "x y z+&"},
        { "a=%C3%B6&b",      "a",    "ö"     },
        { "a=%zz%4",         "a",    "%zz%4"  },
        { "a=%",             "a",    "%"      },
        { "a=b=c",           "a",    "b=c"    },
        { "a=1%00b",         "a",    "1"      },
        { "&&a=1&&",         "a",    "1"      },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
