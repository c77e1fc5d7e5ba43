#include "shared/core/buf.h"
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
        { "a=1",                          "1"             },
        { "A=1\na=2",                     "2"             },
        { "export a=\"1\"",               "1"             },
        { "A=\"\\${B}\"",                 "${B}"          },
        { "A=$B",                         "$B"            },
        { "A=1$",                         "1$"            },
        { "AB=1",                         NULL            },
        { "exportA=1",                    NULL            },
        { "",                             NULL            },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_err err;
        struct ps_dotenv *dotenv =
            ps_dotenv_parse(cases[i].text, strlen(cases[i].text), NULL, NULL, &err);
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

        assert_null(ps_dotenv_parse(cases[i].text, cases[i].len, NULL, NULL, &err));
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        assert_non_null(strstr(err.what, cases[i].where));
        assert_null(strstr(err.what, "hunter2"));
    }
}

static const char *look_up(void *cookie, const char *name)
{
    assert_string_equal(cookie, "cookie");
    if (strcmp(name, "HOME_DB") == 0)
        return "db.example";
    if (strcmp(name, "NOTHING") == 0)
        return "";
    return strcmp(name, "BOTH") == 0 ? "outside" : NULL;
}

static void variables_are_expanded(void **state)
{
    static char cookie[] = "cookie";
    static const struct {
        const char *text, *value; /* of A; NULL: refused */
        const char *why;
    } cases[] = {
        {"A=${HOME_DB}",                            "db.example",                       NULL                                                              },
        { "A=postgresql://u@${HOME_DB}:5432/x # c", "postgresql://u@db.example:5432/x", NULL                                                              },
        { "A=\"<${HOME_DB}>\"",                     "<db.example>",                     NULL                                                              },
        { "A='${HOME_DB}'",                         "${HOME_DB}",                       NULL                                                              },
        { "B=1\nA=${B}${B}2",                       "112",                              NULL                                                              },
        { "b=1\nA=${B}",                            "1",                                NULL                                                              },
        { "BOTH=inside\nA=${BOTH}",                 "outside",                          NULL                                                              },
        { "A=${NOTHING}",                           "",                                 NULL                                                              },
        { "A=${NOTHING:-x}",                        "x",                                NULL                                                              },
        { "A=${UNSET:-x y}",                        "x y",                              NULL                                                              },
        { "A=${UNSET:-}",                           "",                                 NULL                                                              },
        { "A=${HOME_DB:-x}",                        "db.example",                       NULL                                                              },
        { "A=1\nA=${A}2",                           "12",                               NULL                                                              },
        { "A=${UNSET}",                             NULL,                               "line 1: ${UNSET} is not set; write ${UNSET:-} for an empty value"},
        { "\nA=${A}",                               NULL,                               "line 2: ${A} is not set"                                         },
        { "A=${",                                   NULL,
         "\"${\" must start ${NAME} or ${NAME:-text}; put the value in 'single quotes'"                                                                   },
        { "A=${}",                                  NULL,                               "\"${\" must start ${NAME}"                                       },
        { "A=${hunter2",                            NULL,                               "\"${\" must start ${NAME}"                                       },
        { "A=\"${hunter2\"",                        NULL,                               "\"${\" must start ${NAME}"                                       },
        { "A=${hunt er2}",                          NULL,                               "\"${\" must start ${NAME}"                                       },
        { "A=${B:?hunter2}",                        NULL,                               "\"${\" must start ${NAME}"                                       },
        { "A=x${:-hunter2}",                        NULL,                               "\"${\" must start ${NAME}"                                       },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_err err;
        struct ps_dotenv *dotenv =
            ps_dotenv_parse(cases[i].text, strlen(cases[i].text), look_up, cookie, &err);

        if (cases[i].value != NULL) {
            if (dotenv == NULL)
                fail_msg("%s: %s", cases[i].text, err.what);
            assert_string_equal(ps_dotenv_get(dotenv, "A"), cases[i].value);
        } else {
            assert_null(dotenv);
            if (strstr(err.what, cases[i].why) == NULL)
                fail_msg("%s: %s", cases[i].text, err.what);
            assert_null(strstr(err.what, "hunter2"));
        }
        ps_dotenv_destroy(dotenv);
    }
}

/* Twenty doublings of 16 bytes are 16 MiB. */
static void what_grows_without_end_is_refused(void **state)
{
    struct ps_buf text;
    struct ps_err err;

    (void)state;
    ps_buf_init(&text, 4096);
    (void)ps_buf_text(&text, "A=0123456789abcdef\n");
    for (int i = 0; i < 20; i++)
        (void)ps_buf_text(&text, "A=${A}${A}\n");
    assert_null(ps_dotenv_parse(text.data, text.len, NULL, NULL, &err));
    assert_non_null(strstr(err.what, "the value is too long"));
    ps_buf_reset(&text);
    (void)ps_buf_text(&text, "A=0123456789abcdef\n");
    for (int i = 0; i < 11; i++)
        (void)ps_buf_text(&text, "A=${A}${A}\n");
    for (int i = 0; i < 60; i++)
        (void)ps_buf_format(&text, "B%d=${A}\n", i);
    assert_null(ps_dotenv_parse(text.data, text.len, NULL, NULL, &err));
    assert_non_null(strstr(err.what, "all values together are too long"));
    ps_buf_clear(&text);
}

static void names_are_listed_as_they_were_written(void **state)
{
    static const char text[] = "b=1\nexport A=2\nB=3";
    struct ps_dotenv *dotenv = ps_dotenv_parse(text, strlen(text), NULL, NULL, NULL);

    (void)state;
    assert_int_equal(ps_dotenv_len(dotenv), 2);
    assert_string_equal(ps_dotenv_name(dotenv, 0), "b");
    assert_string_equal(ps_dotenv_name(dotenv, 1), "A");
    ps_dotenv_destroy(dotenv);
}

static void an_empty_file_is_no_pairs(void **state)
{
    struct ps_dotenv *dotenv = ps_dotenv_parse(NULL, 0, NULL, NULL, NULL);

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
        cmocka_unit_test(variables_are_expanded),
        cmocka_unit_test(what_grows_without_end_is_refused),
        cmocka_unit_test(names_are_listed_as_they_were_written),
        cmocka_unit_test(an_empty_file_is_no_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
