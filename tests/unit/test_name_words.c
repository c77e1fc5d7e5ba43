#include "shared/core/name_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool contains(const char *text, const char *name)
{
    struct ps_name_words *where = ps_name_words_create(text, strlen(text), SIZE_MAX);
    struct ps_name_words *what = ps_name_words_create(name, strlen(name), SIZE_MAX);
    bool found = ps_name_words_contain(where, what);

    ps_name_words_index(where);
    assert_int_equal(ps_name_words_contain(where, what), found);
    ps_name_words_destroy(where);
    ps_name_words_destroy(what);
    return found;
}

enum { SPELLINGS_MAX = 6, SPELLING_BYTES = 40 };

/* Cuts "Koppe|Koeppe" into its parts; gives their number. */
static size_t cut(const char *line, char out[SPELLINGS_MAX][SPELLING_BYTES])
{
    size_t count = 0;

    while (*line != '\0' && count < SPELLINGS_MAX) {
        size_t len = strcspn(line, "|");

        assert_true(len < SPELLING_BYTES);
        memcpy(out[count], line, len);
        out[count++][len] = '\0';
        line += len + (line[len] == '|');
    }
    return count;
}

/* Each line: spellings of one name. Every one finds every other. */
static void spellings_of_one_name_are_equal(void **state)
{
    static const char *const rows[] = {
        "K\u00f6ppe|Koppe|Koeppe|KO\u0308PPE|k\u00f6ppe|Ko\u0308ppe",
        "O\u2019Dwyer|O'Dwyer|O\u02bcDwyer|O`Dwyer|O\u00b4Dwyer|ODwyer",
        "M\u00fcller|Mueller|Muller|MULLER|Mu\u0308ller",
        "J\u00e4rvi|Jarvi|Jaervi",
        "S\u00f8rensen|Sorensen|Soerensen",
        "Wei\u00df|Weiss|WEISS|WEI\u1e9e",
        "Mu\u00f1oz|Munoz",
        "\u0141ukasz|Lukasz",
        "Stroustrup|Strou\u00adstrup|Strou\u200bstrup|\ufeffStroustrup",
        "Griffiths|Gri\ufb03ths",
        "\u00c6gir Niebler|Aegir  Niebler|AEGIR\u00a0NIEBLER|aegir\tniebler",
        "Jean-Marie|Jean Marie|jean\u2010marie",
    };
    char names[SPELLINGS_MAX][SPELLING_BYTES];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        size_t count = cut(rows[i], names);

        assert_true(count > 1);
        for (size_t a = 0; a < count; a++)
            for (size_t b = 0; b < count; b++)
                if (!contains(names[a], names[b]))
                    fail_msg("\"%s\" does not contain \"%s\"", names[a], names[b]);
    }
}

/* The first spelling of a line finds the others, and they find it; they may differ among
 * themselves, because a digraph at such a place is rarely an umlaut. */
static void an_umlaut_is_found_by_either_spelling(void **state)
{
    static const char *const rows[] = {
        "Schm\u00f6l|Schmoel|Schmol",
        "\u00c5kesson|Akesson|Aakesson",
        "Sch\u00f6|Scho|Schoe",
        "H\u00f6yer|Hoyer|Hoeyer",
    };
    char names[SPELLINGS_MAX][SPELLING_BYTES];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        size_t count = cut(rows[i], names);

        assert_int_equal(count, 3);
        for (size_t k = 1; k < count; k++) {
            assert_true(contains(names[0], names[k]));
            assert_true(contains(names[k], names[0]));
        }
    }
}

static void words_are_whole_and_in_sequence(void **state)
{
    static const struct {
        const char *text, *name;
        bool found;
    } rows[] = {
        {"Validation of ranges",       "vali",              false},
        { "Vali, Daveed",              "vali",              true },
        { "Eric Niebler, Lewis Baker", "eric niebler",      true },
        { "Eric Niebler, Lewis Baker", "niebler",           true },
        { "Eric Niebler, Lewis Baker", "lewis baker",       true },
        { "Eric Niebler, Lewis Baker", "niebler lewis",     false},
        { "Eric Niebler, Lewis Baker", "eric baker",        false},
        { "Eric W. Niebler",           "eric niebler",      false},
        { "Bjarne\n  Stroustrup",      "bjarne stroustrup", true },
        { "On Stroustrup's wish",      "stroustrup",        true },
        { "Michael Spencer",           "michal",            false},
        { "Micha\u0142 Dominiak",      "michael",           false},
        { "Xu",                        "xue",               false},
        { "Joey",                      "joy",               false},
        { "Sam Su",                    "sue",               false},
        { "J\xffrvi",                  "rvi",               false},
        { "",                          "a",                 false},
        { "a",                         "",                  false},
        { "...",                       "...",               false},
        { "a b c a b d",               "a b d",             true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        if (contains(rows[i].text, rows[i].name) != rows[i].found)
            fail_msg("\"%s\" in \"%s\"", rows[i].name, rows[i].text);
}

static void no_more_words_than_asked_for(void **state)
{
    struct ps_name_words *text = ps_name_words_create("one two three", 13, 2);
    struct ps_name_words *name = ps_name_words_create("three", 5, SIZE_MAX);

    (void)state;
    assert_int_equal(ps_name_words_count(text), 2);
    assert_false(ps_name_words_contain(text, name));
    ps_name_words_destroy(text);
    text = ps_name_words_create("one two three", 13, 0);
    assert_int_equal(ps_name_words_count(text), 0);
    ps_name_words_destroy(text);
    ps_name_words_destroy(name);
    ps_name_words_destroy(NULL);
}

static void a_name_has_one_key(void **state)
{
    static const char *const rows[][2] = {
        {"Thomas  K\u00f6ppe", "thomas koppe"},
        { "thomas koeppe",     "thomas koppe"},
        { "O\u2019Dwyer",      "odwyer"      },
        { "--",                ""            },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *key = ps_name_key(rows[i][0], strlen(rows[i][0]));

        assert_string_equal(key, rows[i][1]);
        free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_name_are_equal),
        cmocka_unit_test(an_umlaut_is_found_by_either_spelling),
        cmocka_unit_test(words_are_whole_and_in_sequence),
        cmocka_unit_test(no_more_words_than_asked_for),
        cmocka_unit_test(a_name_has_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
