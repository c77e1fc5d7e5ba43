#include "shared/core/dotenv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void lines_are_names_and_values(void **state)
{
    static const struct {
        const char *text, *value; /* of A; NULL for none */
    } cases[] = {
        {"A=1",                           "1"             },
        { "A=1\n",                        "1"             },
        { "A=1\r\nB=2\r\n",               "1"             },
        { "\xEF\xBB\xBF"
          "A=1",                 "1"             },
        { "  export A = x y \n",          "x y"           },
        { "export\tA=1",                  "1"             },
        { "# A=2\n\n  # x\nA=1",          "1"             },
        { "A=1\nA=2",                     "2"             },
        { "A=",                           ""              },
        { "A= # none",                    ""              },
        { "A=  # none",                   ""              },
        { "A=a#b",                        "a#b"           },
        { "A=#b",                         "#b"            },
        { "A=a b # c # d",                "a b"           },
        { "A=a\t# c",                     "a"             },
        { "A=a=b",                        "a=b"           },
        { "A='a # b \\n \"'  # c",        "a # b \\n \""  },
        { "A=\" a \\\"\\n\\t\\\\ ' \"#c", " a \"\n\t\\ ' "},
        { "A=''",                         ""              },
        { "A=it's",                       "it's"          },
        { "AB=1",                         NULL            },
        { "exportA=1",                    NULL            },
        { "",                             NULL            },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_err err;
        struct ps_dotenv *dotenv = ps_dotenv_parse(cases[i].text, strlen(cases[i].text), &err);
        const char *value;

        assert_non_null(dotenv);
        value = ps_dotenv_get(dotenv, "A");
        assert_string_equal(value != NULL ? value : "(none)",
                            cases[i].value != NULL ? cases[i].value : "(none)");
        ps_dotenv_destroy(dotenv);
    }
}

static void a_bad_line_is_named_and_its_value_is_not(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *where;
    } cases[] = {
        {"hunter2",             7,  "line 1"},
        { "A=1\nhunter2\nB=2",  15, "line 2"},
        { "A=1\n\n#\n=hunter2", 15, "line 4"},
        { "A B=hunter2",        11, "line 1"},
        { "1A=hunter2",         10, "line 1"},
        { "A=\"hunter2",        10, "line 1"},
        { "A='hunter2\n'",      12, "line 1"},
        { "A=\"hunter2\\\"",    12, "line 1"},
        { "A=\"hunter2\\q\"",   13, "line 1"},
        { "A=\"hunter2\\",      11, "line 1"},
        { "A='x' hunter2",      13, "line 1"},
        { "A=hunter2\0",        10, "line 1"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_err err;

        assert_null(ps_dotenv_parse(cases[i].text, cases[i].len, &err));
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        assert_non_null(strstr(err.what, cases[i].where));
        assert_null(strstr(err.what, "hunter2"));
    }
}

static void an_empty_file_is_no_pairs(void **state)
{
    struct ps_dotenv *dotenv = ps_dotenv_parse(NULL, 0, NULL);

    (void)state;
    assert_non_null(dotenv);
    assert_null(ps_dotenv_get(dotenv, "A"));
    ps_dotenv_destroy(dotenv);
    ps_dotenv_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_names_and_values),
        cmocka_unit_test(a_bad_line_is_named_and_its_value_is_not),
        cmocka_unit_test(an_empty_file_is_no_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
