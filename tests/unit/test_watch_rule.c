#include "shared/core/watch_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_stored_reads_the_same(void **state)
{
    static const struct {
        enum ps_watch_kind kind;
        const char *text;
        int number;
        const char *noun;
    } rows[] = {
        {PS_WATCH_KIND_NUMBER,    "42",           42,   "paper number"},
        { PS_WATCH_KIND_PAPER,    "P2300",        2300, "paper"       },
        { PS_WATCH_KIND_PAPER,    "P0042",        42,   "paper"       },
        { PS_WATCH_KIND_PAPER,    "N5007",        5007, "paper"       },
        { PS_WATCH_KIND_PAPER,    "LWG4000",      4000, "issue"       },
        { PS_WATCH_KIND_PAPER,    "LEWG1",        1,    "issue"       },
        { PS_WATCH_KIND_AUTHOR,   "k\xc3\xb6ppe", 0,    "author"      },
        { PS_WATCH_KIND_AUTHOR,   "lewg",         0,    "author"      },
        { PS_WATCH_KIND_SUBGROUP, "lewg",         0,    "subgroup"    },
        { PS_WATCH_KIND_PATTERN,  "A b+",         0,    "pattern"     },
        { PS_WATCH_KIND_ALL,      "",             0,    "everything"  },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watch_rule rule, again;
        enum ps_watch_kind kind;

        assert_true(ps_watch_rule_stored(rows[i].kind, rows[i].text, &rule));
        assert_string_equal(rule.text, rows[i].text);
        assert_int_equal(rule.number, rows[i].number);
        assert_true(ps_watch_rule_stored(rule.kind, rule.text, &again));
        assert_true(ps_watch_rule_same(&rule, &again));
        assert_true(ps_watch_kind_parse(ps_watch_kind_name(rule.kind), &kind));
        assert_int_equal(kind, rule.kind);
        assert_string_equal(ps_watch_noun(rule.kind, rule.text), rows[i].noun);
    }
}

static void what_is_none_is_refused(void **state)
{
    static const struct {
        enum ps_watch_kind kind;
        const char *text;
    } rows[] = {
        {PS_WATCH_KIND_NUMBER,    "k\xc3\xb6ppe"},
        { PS_WATCH_KIND_NUMBER,   "0"           },
        { PS_WATCH_KIND_NUMBER,   "1000000"     },
        { PS_WATCH_KIND_AUTHOR,   "42"          },
        { PS_WATCH_KIND_AUTHOR,   ""            },
        { PS_WATCH_KIND_AUTHOR,   "\xff"        },
        { PS_WATCH_KIND_PAPER,    "2300"        },
        { PS_WATCH_KIND_PAPER,    "P"           },
        { PS_WATCH_KIND_PAPER,    "Q2300"       },
        { PS_WATCH_KIND_PAPER,    "P2300R1"     },
        { PS_WATCH_KIND_PAPER,    "LWGLWG1"     },
        { PS_WATCH_KIND_SUBGROUP, "a b"         },
    };
    struct ps_watch_rule rule = { .number = 7 };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_false(ps_watch_rule_stored(rows[i].kind, rows[i].text, &rule));
        assert_int_equal(rule.number, 7);
    }
}

static void a_draft_is_watched_as_its_paper(void **state)
{
    struct ps_watch_rule rule;

    (void)state;
    ps_watch_rule_paper("D", 42, &rule);
    assert_string_equal(rule.text, "P0042");
    assert_string_equal(rule.prefix, "P");
    ps_watch_rule_paper("CWG", 42, &rule);
    assert_string_equal(rule.text, "CWG42");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_reads_the_same),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(a_draft_is_watched_as_its_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
