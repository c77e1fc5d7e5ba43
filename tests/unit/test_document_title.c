#include "worker/core/document.h"
#include "worker/core/document_title.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_addresses_and_marks_are_stripped(void **state)
{
    static const struct {
        const char *text, *number, *title;
    } rows[] = {
        {"Queues that forget",                                   NULL,      "Queues that forget"             },
        { "P9041R0: Queues that forget",                         NULL,      "Queues that forget"             },
        { "D9041R12 - Queues that forget",                       NULL,      "Queues that forget"             },
        { "p9041r0 \xE2\x80\x94 Queues that forget",             NULL,      "Queues that forget"             },
        { "P9041 | Queues that forget",                          NULL,      "Queues that forget"             },
        { "[P9041R1] Queues that forget",                        NULL,      "Queues that forget"             },
        { "N9041 Queues that forget",                            NULL,      "Queues that forget"             },
        { "Dxxxxr0: Queues that forget",                         NULL,      "Queues that forget"             },
        { "DNNNNR0 Queues that forget",                          NULL,      "Queues that forget"             },
        { "Queues that forget [P9041R0]",                        NULL,      "Queues that forget"             },
        { "Queues that forget (P9041R0)",                        "P9041R0", "Queues that forget"             },
        { "Queues that forget - P9041R0",                        "P9041R0", "Queues that forget"             },
        { "P9000 is too big",                                    "P9041R0", "P9000 is too big"               },
        { "P9041 is too big",                                    "D9041R1", "is too big"                     },
        { "A response to P9000",                                 "P9041R0", "A response to P9000"            },
        { "Wording for P9000R1 and P9001R2",                     "P9041R0", "Wording for P9000R1 and P9001R2"},
        { "Remove operators from P9000",                         NULL,      "Remove operators from P9000"    },
        { "\\<meta\\> and `std::\\*`",                           NULL,      "<meta> and `std::*`"            },
        { "Queues\n   that \xC2\xA0 for\xC2\xADget\xE2\x80\x8B", NULL,      "Queues that forget"             },
        { "Queues that forget <wren@example.org>",               NULL,      "Queues that forget"             },
        { "Queues that forget, wren (at) example.org",           NULL,      "Queues that forget,"            },
        { "Looking at std.queue",                                NULL,      "Looking at std.queue"           },
        { "zip",                                                 NULL,      "zip"                            },
        { "P9041R0",                                             NULL,      NULL                             },
        { "N9041",                                               NULL,      NULL                             },
        { "",                                                    NULL,      NULL                             },
        { " - ",                                                 NULL,      NULL                             },
        { "Microsoft Word - queues.docx",                        NULL,      NULL                             },
        { "queues_that_forget.tex",                              NULL,      NULL                             },
        { "D9041R0_queues_that_forget",                          NULL,      NULL                             },
        { "untitled",                                            NULL,      NULL                             },
        { "Markdown To PDF",                                     NULL,      NULL                             },
        { "PowerPoint Presentation",                             NULL,      NULL                             },
        { "Document Number: P9041R0",                            NULL,      NULL                             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *title = ps_title_clean(rows[i].text, strlen(rows[i].text), rows[i].number);

        if (title == NULL ? rows[i].title != NULL
                          : rows[i].title == NULL || strcmp(title, rows[i].title) != 0)
            fail_msg("\"%s\": \"%s\"", rows[i].text, title == NULL ? "(none)" : title);
        free(title);
    }
}

static void a_document_number_is_recognised_by_its_form(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"P1234R0",    7},
        { "d1234",     5},
        { "N4950",     5},
        { "P12345R10", 9},
        { "PxxxxR0",   7},
        { "DNNNN",     5},
        { "P12",       0},
        { "P1234x",    0},
        { "Print",     0},
        { "X1234",     0},
        { "P1234R",    0},
        { "",          0},
        { "P1234R0 a", 7},
        { "P123456",   0}
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (ps_title_number_len(rows[i].text) != rows[i].len)
            fail_msg("\"%s\": %zu", rows[i].text, ps_title_number_len(rows[i].text));
}

static void a_long_title_is_cut_at_a_whole_character(void **state)
{
    enum { COUNT = 400 };
    char text[2 * COUNT + 1];
    char *title;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        memcpy(text + 2 * i, "\xC3\xBC", 3);
    title = ps_title_clean(text, strlen(text), NULL);
    assert_int_equal(strlen(title), PS_DOCUMENT_TITLE_MAX);
    free(title);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_addresses_and_marks_are_stripped),
        cmocka_unit_test(a_document_number_is_recognised_by_its_form),
        cmocka_unit_test(a_long_title_is_cut_at_a_whole_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
