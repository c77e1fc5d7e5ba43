#include "shared/core/alloc.h"
#include "worker/core/mail_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_spelling_of_an_address_is_found(void **state)
{
    static const struct {
        const char *text, *address; /* NULL: none */
    } rows[] = {
        {"Ada Birch <ada@example.org>",              "ada@example.org"                  },
        { "ada.birch+wg21@mail.example.co.uk, more", "ada.birch+wg21@mail.example.co.uk"},
        { "write to ada@example.org.",               "ada@example.org"                  },
        { "{ada,bo}@example.org",                    "{ada,bo}@example.org"             },
        { "{ada, bo}@example.org",                   "{ada, bo}@example.org"            },
        { "ada at example dot org",                  "ada at example dot org"           },
        { "ada dot birch at example dot org",        "ada dot birch at example dot org" },
        { "ada AT example DOT org",                  "ada AT example DOT org"           },
        { "ada (at) example.org",                    "ada (at) example.org"             },
        { "ada(at)example(dot)org",                  "ada(at)example(dot)org"           },
        { "ada [at] example [dot] org",              "ada [at] example [dot] org"       },
        { "ada<at>example.org",                      "ada<at>example.org"               },
        { "ada @ example.org",                       "ada @ example.org"                },
        { "ada at example.org",                      "ada at example.org"               },
        { "j\xC3\xB6rg@example.org",                 "j\xC3\xB6rg@example.org"          },
        { "me@localhost",                            "me@localhost"                     },
        { "Looking at std.queue",                    NULL                               },
        { "Ada Birch at Elm",                        NULL                               },
        { "operator @ and more",                     NULL                               },
        { "@property",                               NULL                               },
        { "a @",                                     NULL                               },
        { "@",                                       NULL                               },
        { "at",                                      NULL                               },
        { "",                                        NULL                               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ps_mail_span span;
        bool found = ps_mail_find(rows[i].text, strlen(rows[i].text), 0, &span);

        if (found != (rows[i].address != NULL) ||
            (found &&
             (span.end - span.start != strlen(rows[i].address) ||
              strncmp(rows[i].text + span.start, rows[i].address, span.end - span.start) != 0)))
            fail_msg("\"%s\": %s \"%.*s\"", rows[i].text, found ? "found" : "none",
                     found ? (int)(span.end - span.start) : 0,
                     found ? rows[i].text + span.start : "");
    }
}

static void addresses_are_removed_with_their_brackets(void **state)
{
    static const struct {
        const char *text, *left;
    } rows[] = {
        {"Queues (ada@example.org) that forget", "Queues that forget"},
        { "<ada@example.org> Queues",            "Queues"            },
        { "ada@example.org",                     ""                  },
        { "a@example.org b@example.org c",       "c"                 },
        { "Queues <ada@example.org",             "Queues"            },
        { "no address",                          "no address"        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = ps_alloc_text(rows[i].text);

        ps_mail_remove(text);
        assert_string_equal(text, rows[i].left);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_an_address_is_found),
        cmocka_unit_test(addresses_are_removed_with_their_brackets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
