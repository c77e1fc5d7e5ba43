#include "shared/core/watch_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* "number:2300 paper:P2301", or "refused: …" with the error. */
static void read_text(const char *text, char *out, size_t size)
{
    struct ps_watch_rules rules = { .len = 0 };
    struct ps_err err;
    size_t len = 0;

    if (!ps_watch_parse(text, strlen(text), &rules, &err)) {
        (void)snprintf(out, size, "refused: %s", err.what);
        return;
    }
    for (size_t i = 0; i < rules.len; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s:%s", i > 0 ? " " : "",
                                ps_watch_kind_name(rules.items[i].kind), rules.items[i].text);
}

static void what_people_type_and_what_it_means(void **state)
{
    static const char *const rows[][2] = {
        {"2300",                                                                    "number:2300"                            },
        { "P2300",                                                                  "paper:P2300"                            },
        { "p2300r10",                                                               "paper:P2300"                            },
        { "D2300R11.pdf",                                                           "paper:P2300"                            },
        { "https://wg21.link/p2300",                                                "paper:P2300"                            },
        { "https://wg21.link/p2300r4",                                              "paper:P2300"                            },
        { "N5007",                                                                  "paper:N5007"                            },
        { "LWG4000",                                                                "paper:LWG4000"                          },
        { "CWG2345",                                                                "paper:CWG2345"                          },
        { "  Bjarne   Stroustrup \t",                                               "author:bjarne stroustrup"               },
        { "K\u00f6ppe",                                                             "author:k\u00f6ppe"                      },
        { "o\u2019dwyer",                                                           "author:o'dwyer"                         },
        { "author Niebler",                                                         "author:niebler"                         },
        { "subgroup LEWG",                                                          "subgroup:lewg"                          },
        { "/^ranges/",                                                              "pattern:^ranges"                        },
 /* other spellings of these */
        { "0042",                                                                   "number:42"                              },
        { "#2300",                                                                  "number:2300"                            },
        { "number 2300",                                                            "number:2300"                            },
        { "P42",                                                                    "paper:P0042"                            },
        { "p-2300",                                                                 "paper:P2300"                            },
        { "P 2300 R10",                                                             "paper:P2300"                            },
        { "P2300 R10",                                                              "paper:P2300"                            },
        { "paper P2300",                                                            "paper:P2300"                            },
        { "draft D2300R1",                                                          "paper:P2300"                            },
        { "P2300.",                                                                 "paper:P2300"                            },
        { "\"P2300\"",                                                              "paper:P2300"                            },
        { "\u201eP2300\u201c",                                                      "paper:P2300"                            },
        { "(P2300)",                                                                "paper:P2300"                            },
        { "`P2300`",                                                                "paper:P2300"                            },
        { "*P2300*,",                                                               "paper:P2300"                            },
        { "\uff30\uff12\uff13\uff10\uff10",                                         "paper:P2300"                            },
        { "\uff12\uff13\uff10\uff10",                                               "number:2300"                            },
        { "P\u200b2300",                                                            "paper:P2300"                            },
        { "P2300.html",                                                             "paper:P2300"                            },
        { "N5007.pdf",                                                              "paper:N5007"                            },
        { "lwg issue 4000",                                                         "paper:LWG4000"                          },
        { "issue LWG 4000",                                                         "paper:LWG4000"                          },
        { "CWG #2345",                                                              "paper:CWG2345"                          },
        { "fs12",                                                                   "paper:FS12"                             },
        { "LEWG12",                                                                 "paper:LEWG12"                           },
        { "wg21.link/p2300",                                                        "paper:P2300"                            },
        { "http://wg21.link/P2300R4.pdf?x=1#top",                                   "paper:P2300"                            },
        { "https://wg21.link/p2300/",                                               "paper:P2300"                            },
        { "https://wg21.link/p2300/github",                                         "paper:P2300"                            },
        { "https://wg21.link/lwg4000",                                              "paper:LWG4000"                          },
        { "<https://wg21.link/p2300>",                                              "paper:P2300"                            },
        { "<https://wg21.link/p2300|P2300>",                                        "paper:P2300"                            },
        { "<https://wg21.link/p2300|the one paper>",                                "paper:P2300"                            },
        { "[P2300](https://wg21.link/p2300)",                                       "paper:P2300"                            },
        { "https://isocpp.org/files/papers/D2300R11.pdf",                           "paper:P2300"                            },
        { "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2024/p2300r10.html", "paper:P2300"                            },
        { "https://cplusplus.github.io/LWG/issue4000",                              "paper:LWG4000"                          },
        { "https://cplusplus.github.io/CWG/issues/2345.html",                       "paper:CWG2345"                          },
        { "2300, 2301",                                                             "number:2300 number:2301"                },
        { "2300 2301",                                                              "number:2300 number:2301"                },
        { "P2300 and P2301",                                                        "paper:P2300 paper:P2301"                },
        { "papers P2300, N5007 & LWG4000",                                          "paper:P2300 paper:N5007 paper:LWG4000"  },
        { "P2300\nP2301\n",                                                         "paper:P2300 paper:P2301"                },
        { "P2300R1, D2300R2",                                                       "paper:P2300"                            },
        { "\"K\u00f6ppe\"",                                                         "author:k\u00f6ppe"                      },
        { "Ko\u0308ppe",                                                            "author:k\u00f6ppe"                      },
        { "Strou\u00adstrup",                                                       "author:stroustrup"                      },
        { "Eric\u00a0Niebler",                                                      "author:eric niebler"                    },
        { "Jean-Marie d'Arc",                                                       "author:jean-marie d'arc"                },
        { "D. Gregor",                                                              "author:d. gregor"                       },
        { "author: Niebler",                                                        "author:niebler"                         },
        { "author \"Eric Niebler\".",                                               "author:eric niebler"                    },
        { "author LEWG",                                                            "author:lewg"                            },
        { "author R2D2",                                                            "author:r2d2"                            },
        { "subgroups of one",                                                       "refused: a subgroup is 2 to 20"         },
        { "subgroup SG14",                                                          "subgroup:sg14"                          },
        { "Subgroup \"lewg\".",                                                     "subgroup:lewg"                          },
        { "subgroup SG17",                                                          "subgroup:ewgi"                          },
        { "subgroup Library Evolution",                                             "subgroup:lewg"                          },
        { "subgroups SG1, LEWG and EWG",                                            "subgroup:sg1 subgroup:lewg subgroup:ewg"},
        { "/^Ranges?\\b/i",                                                         "pattern:^Ranges?\\b"                    },
        { "`/^ranges/`",                                                            "pattern:^ranges"                        },
        { "regex A b+",                                                             "pattern:A b+"                           },
        { "pattern /A b+/",                                                         "pattern:A b+"                           },
        { "All",                                                                    "all:"                                   },
        { "everything",                                                             "all:"                                   },
    };
    char got[512];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        bool refused = strncmp(rows[i][1], "refused", 7) == 0;

        read_text(rows[i][0], got, sizeof(got));
        if (refused ? strstr(got, rows[i][1]) == NULL : strcmp(got, rows[i][1]) != 0)
            fail_msg("\"%s\" is %s", rows[i][0], got);
    }
}

/* The error names what was probably meant. */
static void what_cannot_be_meant_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"LEWG",                                                   "did you mean `subgroup LEWG`?"              },
        { "lewg",                                                  "did you mean `subgroup LEWG`?"              },
        { "SG14",                                                  "did you mean `subgroup SG14`?"              },
        { "LEWG papers",                                           "did you mean `subgroup LEWG`?"              },
        { "P3051 please",                                          "did you mean `P3051`?"                      },
        { "P3051, please",                                         "did you mean `P3051`?"                      },
        { "P2300, Niebler",                                        "did you mean `P2300`?"                      },
        { "P2300Rx",                                               "did you mean `P2300`?"                      },
        { "N5007R1",                                               "did you mean `N5007`?"                      },
        { "P2300-P2302",                                           "did you mean `P2300`, `P2302`?"             },
        { "2300-2305",                                             "did you mean `2300`, `2305`?"               },
        { "author 7",                                              "did you mean `7`?"                          },
        { "Smith 3",                                               "did you mean `3`?"                          },
        { "Stroustrup, Bjarne",                                    "did you mean `Bjarne Stroustrup`?"          },
        { "author Stroustrup, Bjarne",                             "did you mean `Bjarne Stroustrup`?"          },
        { "A, B, C",                                               "one author"                                 },
        { "Niebler and Baker",                                     "one author"                                 },
        { "",                                                      "a paper, a paper number or an author's name"},
        { " \"\" ",                                                "neither a paper nor an author's name"       },
        { "x",                                                     "at least 2 characters"                      },
        { "0",                                                     "1 to 999999"                                },
        { "1000000",                                               "1 to 999999"                                },
        { "99999999999999999999",                                  "1 to 999999"                                },
        { "author",                                                "which author?"                              },
        { "author ...",                                            "which author?"                              },
        { "author --",                                             "has letters"                                },
        { "author a/b",                                            "letters, spaces, hyphens and apostrophes"   },
        { "subgroup",                                              "which subgroup?"                            },
        { "subgroup x",                                            "a subgroup is 2 to 20 letters"              },
        { "subgroup L/E",                                          "letters and digits"                         },
        { "someone@example.org",                                   "neither a paper nor"                        },
        { "https://example.org/about",                             "neither a paper nor"                        },
        { "a/b",                                                   "neither a paper nor"                        },
        { "--",                                                    "neither a paper nor"                        },
        { "//",                                                    "1 to 100 bytes"                             },
        { "/(/",                                                   "not a regular expression"                   },
        { "/a*/",                                                  "finds everything"                           },
        { "a\x01"
          "b",                                            "control"                                    },
        { "a\xff"
          "b",                                            "UTF-8"                                      },
        { "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21", "at most 20 papers"                          },
    };
    char got[512];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        read_text(rows[i][0], got, sizeof(got));
        if (strncmp(got, "refused: ", 9) != 0 || strstr(got, rows[i][1]) == NULL)
            fail_msg("\"%s\": %s", rows[i][0], got);
    }
}

static void a_long_text_is_refused(void **state)
{
    struct ps_watch_rules rules = { .len = 7 };
    char *text = malloc(PS_WATCH_TYPED_MAX + 1);
    struct ps_err err;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', PS_WATCH_TYPED_MAX + 1);
    assert_false(ps_watch_parse(text, PS_WATCH_TYPED_MAX + 1, &rules, &err));
    assert_false(ps_watch_parse(text, PS_WATCH_ENTRY_MAX + 1, &rules, &err));
    assert_non_null(strstr(err.what, "at most 100 bytes"));
    assert_false(ps_watch_parse("a\0b", 3, &rules, &err));
    assert_int_equal(rules.len, 7);
    assert_true(ps_watch_parse(text, PS_WATCH_ENTRY_MAX, &rules, &err));
    free(text);
}

static void a_rule_can_be_typed_again(void **state)
{
    static const char *const rows[] = { "2300",      "N5007",        "author lewg", "subgroup lewg",
                                        "/A b+\\d/", "eric niebler", "all" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watch_rules rules, again;
        struct ps_err err;
        char *text;

        assert_true(ps_watch_parse(rows[i], strlen(rows[i]), &rules, &err));
        text = ps_watch_format(&rules.items[0]);
        assert_true(ps_watch_parse(text, strlen(text), &again, &err));
        assert_true(ps_watch_rule_same(&rules.items[0], &again.items[0]));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_type_and_what_it_means),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(a_long_text_is_refused),
        cmocka_unit_test(a_rule_can_be_typed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
