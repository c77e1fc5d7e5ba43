#include "shared/core/visible_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_a_terminal_would_obey_is_written_out(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"plain text,\ttab\n",                     "plain text,\ttab\n"             },
        { "Köppe \xe2\x80\x94 日本 😀",       "Köppe \xe2\x80\x94 日本 😀"},
        { "a\x1b]0;owned\x07z",                    "a\\u001b]0;owned\\u0007z"       },
        { "\x1b[2Jred\r",                          "\\u001b[2Jred\\u000d"           },
        { "\x7f\xc2\x9b",                          "\\u007f\\u009b"                 },
        { "abc\xe2\x80\xae"
          "fdp.exe",                      "abc\\u202efdp.exe"              },
        { "\xe2\x81\xa6x\xe2\x81\xa9\xe2\x80\x8f", "\\u2066x\\u2069\\u200f"         },
        { "a\xe2\x80\xa8"
          "b",                            "a\\u2028b"                      },
        { "bad \xff\xc3",                          "bad \\ufffd\\ufffd"             },
        { "",                                      ""                               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *visible = ps_text_visible(cases[i].text, strlen(cases[i].text));

        assert_string_equal(visible, cases[i].want);
        assert_int_equal(ps_text_is_visible(cases[i].text, strlen(cases[i].text)),
                         strcmp(cases[i].text, cases[i].want) == 0);
        free(visible);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_written_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
