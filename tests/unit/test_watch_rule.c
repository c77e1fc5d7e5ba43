#include "shared/core/watch_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_stored_reads_the_same(void **state)
{
    static const struct {
        const char *typed;
        enum ps_watch_kind kind;
        const char *text;
    } rows[] = {
        {" 0042 ",            PS_WATCH_KIND_NUMBER,   "42"              },
        { "Köppe",           PS_WATCH_KIND_AUTHOR,   "köppe"          },
        { "subgroup  LEWG ",  PS_WATCH_KIND_SUBGROUP, "lewg"            },
        { "SUBGROUP sg14",    PS_WATCH_KIND_SUBGROUP, "sg14"            },
        { "/A b+/",           PS_WATCH_KIND_PATTERN,  "A b+"            },
        { "regex A b+",       PS_WATCH_KIND_PATTERN,  "A b+"            },
        { "All",              PS_WATCH_KIND_ALL,      ""                },
        { "everything",       PS_WATCH_KIND_ALL,      ""                },
        { "subgroups of one", PS_WATCH_KIND_AUTHOR,   "subgroups of one"},
        { "subgroup",         PS_WATCH_KIND_AUTHOR,   "subgroup"        },
        { "a/b",              PS_WATCH_KIND_AUTHOR,   "a/b"             },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watch_rule rule, again;
        struct ps_err err;
        enum ps_watch_kind kind;

        assert_true(ps_watch_rule_parse(rows[i].typed, strlen(rows[i].typed), &rule, &err));
        assert_int_equal(rule.kind, rows[i].kind);
        assert_string_equal(rule.text, rows[i].text);
        assert_int_equal(rule.number, rule.kind == PS_WATCH_KIND_NUMBER ? 42 : 0);
        assert_true(ps_watch_rule_stored(rule.kind, rule.text, &again));
        assert_true(ps_watch_rule_same(&rule, &again));
        assert_true(ps_watch_kind_parse(ps_watch_kind_name(rule.kind), &kind));
        assert_int_equal(kind, rule.kind);
    }
}

static void what_is_none_is_refused(void **state)
{
    static const char *const rows[] = {
        "", "x", "0", "//", "/*/", "subgroup x", "subgroup a b", "subgroup abcdefghijklmnopqrstu"
    };
    struct ps_watch_rule rule = { .number = 7 };
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_false(ps_watch_rule_parse(rows[i], strlen(rows[i]), &rule, &err));
        assert_int_equal(rule.number, 7);
    }
    assert_false(ps_watch_rule_stored(PS_WATCH_KIND_NUMBER, "köppe", &rule));
    assert_false(ps_watch_rule_stored(PS_WATCH_KIND_AUTHOR, "42", &rule));
}

static void a_subgroup_is_a_whole_word(void **state)
{
    static const struct {
        const char *index, *subgroup;
        bool named;
    } rows[] = {
        {"LEWG",                         "lewg", true },
        { "EWG, LEWG Library Evolution", "lewg", true },
        { "LEWG",                        "ewg",  false},
        { "LEWGI",                       "lewg", false},
        { "SG14/SG1",                    "sg1",  true },
        { "",                            "sg1",  false},
        { "Ewg",                         "ewg",  true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_int_equal(ps_subgroup_named(rows[i].index, rows[i].subgroup), rows[i].named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_reads_the_same),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(a_subgroup_is_a_whole_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
