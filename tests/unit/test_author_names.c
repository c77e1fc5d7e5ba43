#include "tests/unit/document_text.h"
#include "worker/core/author_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *text;
    const char *names; /* joined by '|'; "" for none */
};

static void check(const struct row *rows, size_t count, enum ps_author_trust trust)
{
    for (size_t i = 0; i < count; i++) {
        struct ps_document document = { 0 };
        char *names;

        ps_author_names_add(&document, rows[i].text, trust);
        names = joined_authors(&document);
        if (strcmp(names, rows[i].names) != 0)
            fail_msg("\"%s\": \"%s\"", rows[i].text, names);
        free(names);
        ps_document_clear(&document);
    }
}

static void a_field_gives_the_names_of_people(void **state)
{
    static const struct row rows[] = {
        {"Wren Quillfeather <wren@example.org>",                                    "Wren Quillfeather"                     },
        { "Wren Quillfeather wren@example.org",                                     "Wren Quillfeather"                     },
        { "Wren Quillfeather, wren.q@example.org",                                  "Wren Quillfeather"                     },
        { "Wren Quillfeather (wren at example dot org)",                            "Wren Quillfeather"                     },
        { "Wren Quillfeather wren (at) example.org",                                "Wren Quillfeather"                     },
        { "Wren Quillfeather <wren [at] example [dot] org>",                        "Wren Quillfeather"                     },
        { "Ada Birch, Bo Cedar and Cy Damson <cy@example.org>",                     "Ada Birch|Bo Cedar|Cy Damson"          },
        { "Ada Birch, Bo Cedar, and Cy Damson",                                     "Ada Birch|Bo Cedar|Cy Damson"          },
        { "Ada Birch & Bo Cedar; Cy Damson / Di Elder",                             "Ada Birch|Bo Cedar|Cy Damson|Di Elder" },
        { "Ada Birch\n<ada@example.org>\nBo Cedar\n<bo@example.org>",               "Ada Birch|Bo Cedar"                    },
        { "Ada Birch <ada@example.org> Bo Cedar <bo@example.org>",                  "Ada Birch|Bo Cedar"                    },
        { "Ada Birch ada@example.org, Bo Cedar bo@example.org",                     "Ada Birch|Bo Cedar"                    },
        { "Ada Birch (Oak Widgets) <a@oak.example>, Bo Cedar (Elm Inc.)",           "Ada Birch|Bo Cedar"                    },
        { "Ada Birch, Oak Widgets Inc., ada@example.org",                           "Ada Birch"                             },
        { "Ada Birch, Oak Widgets, ada@oakwidgets.example",                         "Ada Birch"                             },
        { "Ada Birch\nSapling Labs\nada@example.org",                               "Ada Birch"                             },
        { "{ada,bo}@example.org\nAda Birch, Bo Cedar",                              "Ada Birch|Bo Cedar"                    },
        { "Ada Birch\xC2\xB9, Bo Cedar2, Cy Damson*\xE2\x80\xA0",                   "Ada Birch|Bo Cedar|Cy Damson"          },
        { "Dr. Ada Birch, Bo Cedar Jr., Cy Damson, Ph.D.",                          "Ada Birch|Bo Cedar Jr.|Cy Damson"      },
        { "Walter E. Elder, D. S. Fir, JF Gorse, J.-C. Hazel",
         "Walter E. Elder|D. S. Fir|JF Gorse|J.-C. Hazel"                                                                   },
        { "Jos\xC3\xA9 \xC3\x81lamo, \xC5\x81ukasz Brzoza, Fran\xC3\xA7ois d'Orme",
         "Jos\xC3\xA9 \xC3\x81lamo|\xC5\x81ukasz Brzoza|Fran\xC3\xA7ois d'Orme"                                             },
        { "Arthur O\xE2\x80\x99"
          "Dwyer-Yew, Ludo van der Berk, Rosa de la Palma",                "Arthur O\xE2\x80\x99"
          "Dwyer-Yew|Ludo van der Berk|Rosa de la Palma"},
        { "\xE6\xA3\xAE \xE6\x9C\xA8 <mori@example.jp>",                            "\xE6\xA3\xAE \xE6\x9C\xA8"             },
        { "Rowan <rowan@example.org>",                                              "Rowan"                                 },
        { "Ada Birch, Ada BIRCH, Bo Cedar",                                         "Ada Birch|Bo Cedar"                    },
        { "Ada Birch\tElm Widgets\tada@example.org\nBo Cedar\tOak\tbo@example.org",
         "Ada Birch|Bo Cedar"                                                                                               },
        { "Ada Birch\tBo Cedar\nada@example.org\tbo@example.org",                   "Ada Birch|Bo Cedar"                    },
        { "Ada Birch1, Bo Cedar2\n1Elm Widgets, 2Oak Hill",                         "Ada Birch|Bo Cedar"                    },
        { "ada@example.org",                                                        ""                                      },
        { "LEWG, SG14",                                                             ""                                      },
        { "Library Evolution Working Group",                                        ""                                      },
        { "https://example.org/ada Ada Birch",                                      "Ada Birch"                             },
        { "",                                                                       ""                                      },
        { ", ; <> () \n\t\n",                                                       ""                                      },
        { "Ada Birch <ada@example.org",                                             "Ada Birch"                             },
    };

    (void)state;
    check(rows, sizeof(rows) / sizeof(rows[0]), PS_AUTHOR_FIELD);
}

static void a_guess_accepts_only_clear_full_names(void **state)
{
    static const struct row rows[] = {
        {"Ada Birch",                 "Ada Birch"         },
        { "Ada Birch, Bo Cedar",      "Ada Birch|Bo Cedar"},
        { "Ada Birch and Bo Cedar",   "Ada Birch|Bo Cedar"},
        { "by Ada Birch",             "Ada Birch"         },
        { "Rowan",                    ""                  },
        { "a small note",             ""                  },
        { "ISO WG21 C++ Programming", ""                  },
        { "Table of Contents",        ""                  },
        { "Proposed Wording",         ""                  },
        { "std::vector is fine",      ""                  },
    };

    (void)state;
    check(rows, sizeof(rows) / sizeof(rows[0]), PS_AUTHOR_GUESS);
}

static void the_number_of_names_is_limited(void **state)
{
    struct ps_document document = { 0 };
    struct ps_buf text;

    (void)state;
    ps_buf_init(&text, 16384);
    for (int i = 0; i < 300; i++)
        ps_buf_format(&text, "A%c%c B%c, ", 'a' + i % 26, 'a' + i / 26, 'a' + i % 26);
    ps_author_names_add(&document, ps_buf_str(&text), PS_AUTHOR_FIELD);
    assert_int_equal(document.author_count, PS_DOCUMENT_AUTHORS_MAX);
    ps_document_clear(&document);
    ps_buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_gives_the_names_of_people),
        cmocka_unit_test(a_guess_accepts_only_clear_full_names),
        cmocka_unit_test(the_number_of_names_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
