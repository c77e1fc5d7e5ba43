#include "worker/core/text_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_line_is_clean(void **state)
{
    static const struct {
        const char *text, *line;
    } rows[] = {
        {"a b",                                     "a b"               },
        { "  a \r\n\n b  ",                         "a b"               },
        { "a\xC2\xA0\xE2\x80\x83\xE3\x80\x80"
          "b",                             "a b"               },
        { "a \t b",                                 "a\tb"              },
        { "\ta",                                    "\ta"               },
        { "a\t\tb\t",                               "a\t\tb"            },
        { "for\xC2\xADget\xE2\x80\x8B\xEF\xBB\xBF", "forget"            },
        { "\xE2\x80\xAE"
          "abc\xE2\x81\xA0",               "abc"               },
        { "Bu\xEF\xAC\x80"
          "ered e\xEF\xAC\x83"
          "cient",                         "Buffered efficient"},
        { "Ko\xCC\x88ppe",                          "K\xC3\xB6ppe"      },
        { "a\x01\x1B[31m",                          "a [31m"            },
        { "a\xFF"
          "b",                             "a\xEF\xBF\xBD"
          "b"                                    },
        { "",                                       ""                  },
        { " \n ",                                   ""                  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *line = ps_text_line(rows[i].text, strlen(rows[i].text));

        assert_string_equal(line, rows[i].line);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_line_is_clean) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
