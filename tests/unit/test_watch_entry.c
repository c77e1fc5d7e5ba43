#include "shared/core/watch_entry.h"

#include "shared/core/paper_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_read(void **state)
{
    static const struct {
        const char *given;
        bool is_number;
        int number;
        const char *text;
    } rows[] = {
        {"2300",                           true,  2300,                "2300"                    },
        { " 0042\t",                       true,  42,                  "42"                      },
        { "999999",                        true,  PS_PAPER_NUMBER_MAX, "999999"                  },
        { "Stroustrup",                    false, 0,                   "stroustrup"              },
        { "  Eric Niebler\n",              false, 0,                   "eric niebler"            },
        { "\u00a0Eric\u00a0Niebler\u2003", false, 0,                   "eric niebler"            }, /* as copied from a page */
        { "\u00a02300\u3000",              true,  2300,                "2300"                    },
        { "P2300",                         false, 0,                   "p2300"                   },
        { "-5",                            false, 0,                   "-5"                      },
        { "\xC3\x96zg\xC3\xBCr",           false, 0,                   "\xC3\xB6zg\xC3\xBCr"     },
        { "\xCE\xA3\xCE\x91",              false, 0,                   "\xCF\x83\xCE\xB1"        },
        { "\xE6\x9D\x8E\xE6\x98\x8E",      false, 0,                   "\xE6\x9D\x8E\xE6\x98\x8E"},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watch_entry entry, again;
        struct ps_err err;

        assert_true(ps_watch_entry_parse(rows[i].given, strlen(rows[i].given), &entry, &err));
        assert_int_equal(entry.is_number, rows[i].is_number);
        assert_int_equal(entry.number, rows[i].number);
        assert_string_equal(entry.text, rows[i].text);
        assert_true(ps_watch_entry_parse(entry.text, strlen(entry.text), &again, &err));
        assert_int_equal(again.is_number, entry.is_number);
        assert_string_equal(again.text, entry.text);
    }
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *given;
        const char *why;
    } rows[] = {
        {"",                      "paper number or part" },
        { " \t ",                 "paper number or part" },
        { "0",                    "1 to 999999"          },
        { "000",                  "1 to 999999"          },
        { "1000000",              "1 to 999999"          },
        { "99999999999999999999", "1 to 999999"          },
        { "x",                    "at least 2 characters"},
        { "\xC3\x96",             "at least 2 characters"},
        { "ab\xFFz",              "UTF-8"                },
        { "ab\xC3",               "UTF-8"                },
        { "a\x01z",               "control"              },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watch_entry entry = { .number = 77 };
        struct ps_err err = { .category = PS_FAILURE_UNKNOWN };

        assert_false(ps_watch_entry_parse(rows[i].given, strlen(rows[i].given), &entry, &err));
        assert_non_null(strstr(err.what, rows[i].why));
        assert_int_equal(entry.number, 77);
    }
}

static void an_entry_is_at_most_100_bytes_as_stored(void **state)
{
    char text[PS_WATCH_ENTRY_MAX + 2];
    struct ps_watch_entry entry;
    struct ps_err err;

    (void)state;
    memset(text, 'A', sizeof(text));
    assert_true(ps_watch_entry_parse(text, PS_WATCH_ENTRY_MAX, &entry, &err));
    assert_int_equal(strlen(entry.text), PS_WATCH_ENTRY_MAX);
    assert_false(ps_watch_entry_parse(text, PS_WATCH_ENTRY_MAX + 1, &entry, &err));
    /* U+023A takes two bytes, its lower case U+2C65 three. */
    for (size_t i = 0; i < PS_WATCH_ENTRY_MAX; i += 2)
        memcpy(text + i, "\xC8\xBA", 2);
    assert_false(ps_watch_entry_parse(text, PS_WATCH_ENTRY_MAX, &entry, &err));
    assert_true(ps_watch_entry_parse(text, 66, &entry, &err));
    assert_int_equal(strlen(entry.text), 99);
}

static void a_nul_inside_is_a_control_character(void **state)
{
    struct ps_watch_entry entry;
    struct ps_err err;

    (void)state;
    assert_false(ps_watch_entry_parse("ab\0cd", 5, &entry, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(an_entry_is_at_most_100_bytes_as_stored),
        cmocka_unit_test(a_nul_inside_is_a_control_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
