#include "scheduler/core/watch_match.h"
#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void on_match(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    assert_true(ps_buf_format(cookie, "%s:%s:%s ", user, ps_watch_kind_name(by), reason));
}

static void papers_and_drafts_reach_the_people_who_watch(void **state)
{
    static const struct {
        const char *rule;
        const char *lists[4][2]; /* user, entry */
        struct {
            int number;
            const char *author, *text;
        } item;
        const char *want;
    } rows[] = {
        {"a number",                                 { { "U1", "2300" } },  { 2300, "", NULL },        "U1:number:2300 "},
        { "another number",                          { { "U1", "2300" } },  { 230, "", NULL },         ""               },
        { "an author substring",
         { { "U1", "niebler" } },
         { 1, "Eric Niebler", NULL },
         "U1:author:niebler "                                                                                           },
        { "case folded on both sides",
         { { "U1", "k\xc3\xb6ppe" } },
         { 1, "THOMAS K\xc3\x96PPE", NULL },
         "U1:author:k\xc3\xb6ppe "                                                                                      },
        { "full case folding",
         { { "U1", "strasse" } },
         { 1,
            "Herr Stra\xc3\x9f"
            "e",
            NULL },
         "U1:author:strasse "                                                                                           },
        { "the draft's text",
         { { "U1", "baker" } },
         { 1, "", "Doc no D0001R0 Reply to: Lewis Baker" },
         "U1:author:baker "                                                                                             },
        { "neither",                                 { { "U1", "baker" } }, { 1, "Somebody", "Else" }, ""               },
        { "no author and no text",                   { { "U1", "baker" } }, { 1, NULL, NULL },         ""               },
        { "author before number",
         { { "U1", "2300" }, { "U1", "niebler" } },
         { 2300, "Eric Niebler", NULL },
         "U1:author:niebler "                                                                                           },
        { "once a person",
         { { "U1", "eric" }, { "U1", "niebler" }, { "U1", "2300" } },
         { 2300, "Eric Niebler", "Eric Niebler" },
         "U1:author:eric "                                                                                              },
        { "everybody who watches",
         { { "U1", "2300" }, { "U2", "eric" }, { "U3", "7" } },
         { 2300, "Eric", NULL },
         "U1:number:2300 U2:author:eric "                                                                               },
        { "issues match by author only",
         { { "U1", "1" }, { "U2", "gibbons" } },
         { -1, "Bill Gibbons", NULL },
         "U2:author:gibbons "                                                                                           },
        { "digits in an author field are no number",
         { { "U1", "2300" } },
         { 1, "Agent 2300", NULL },
         ""                                                                                                             },
        { "an entry that is none is passed over",
         { { "U1", "" }, { "U1", " " }, { "U2", "5" } },
         { 5, "a b", NULL },
         "U2:number:5 "                                                                                                 },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watchlists *lists = ps_watchlists_create();
        struct ps_buf got;

        ps_buf_init(&got, 1000);
        for (size_t k = 0; k < PS_COUNT_OF(rows[i].lists) && rows[i].lists[k][0]; k++)
            ps_watchlists_add(lists, rows[i].lists[k][0], rows[i].lists[k][1]);
        ps_watchlists_match(lists,
                            &(struct ps_watch_candidate){ .number = rows[i].item.number,
                                                          .author = rows[i].item.author,
                                                          .text = rows[i].item.text },
                            on_match, &got);
        if (strcmp(ps_buf_str(&got), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].rule, ps_buf_str(&got));
        ps_buf_clear(&got);
        ps_watchlists_destroy(lists);
    }
}

static void watched_numbers_are_one_set_of_everybodys(void **state)
{
    struct ps_watchlists *lists = ps_watchlists_create();
    const struct ps_number_set *numbers = ps_watchlists_numbers(lists);

    (void)state;
    for (int i = 0; i < 40; i++)
        ps_watchlists_add(lists, i < 20 ? "U1" : "U2", "author");
    ps_watchlists_add(lists, "U2", "2300");
    ps_watchlists_add(lists, "U3", "0042");
    ps_watchlists_add(lists, "U3", "2300");
    assert_int_equal(numbers->len, 2);
    assert_int_equal(numbers->items[0], 42);
    assert_int_equal(numbers->items[1], 2300);
    ps_watchlists_destroy(lists);
    ps_watchlists_destroy(NULL);
}

#define WATCHED "+"
#define MUTED   "-"
#define SNOOZED "~"

/* kind:value, and how: watched, muted or snoozed, or watched and one of these. */
static void add_row(struct ps_watchlists *lists, const char *user, const char *text,
                    const char *how)
{
    char kind[16];
    const char *colon = strchr(text, ':');

    memcpy(kind, text, (size_t)(colon - text));
    kind[colon - text] = '\0';
    ps_watchlists_add_row(lists, &(struct ps_watch_row){ .user = user,
                                                         .kind = kind,
                                                         .value = colon + 1,
                                                         .watched = strchr(how, '+') != NULL,
                                                         .quiet = strpbrk(how, "-~") != NULL,
                                                         .snooze = strchr(how, '~') != NULL });
}

static void subgroups_patterns_and_what_is_quiet(void **state)
{
    static const struct {
        const char *rule;
        const char *rows[3][2];
        const char *want;
    } rows[] = {
        {"a subgroup",                          { { "subgroup:lewg", WATCHED } },                     "U1:subgroup:lewg "   },
        { "a subgroup is a whole word",         { { "subgroup:ewg", WATCHED } },                      ""                    },
        { "a pattern in the title",
         { { "pattern:^exec(ution|utor)", WATCHED } },
         "U1:pattern:^exec(ution|utor) "                                                                                    },
        { "a pattern in the author",            { { "pattern:NIEB.*r$", WATCHED } },                  "U1:pattern:NIEB.*r$ "},
        { "a pattern in the draft's text",
         { { "pattern:senders? and", WATCHED } },
         "U1:pattern:senders? and "                                                                                         },
        { "a pattern that is nowhere",          { { "pattern:coroutine", WATCHED } },                 ""                    },
        { "a stored pattern that is none",      { { "pattern:(", WATCHED } },                         ""                    },
        { "author, number, subgroup, pattern",
         { { "pattern:exec", WATCHED }, { "subgroup:lewg", WATCHED }, { "number:2300", WATCHED } },
         "U1:number:2300 "                                                                                                  },
        { "subgroup before pattern",
         { { "pattern:exec", WATCHED }, { "subgroup:lewg", WATCHED } },
         "U1:subgroup:lewg "                                                                                                },
        { "a muted entry does not match",       { { "author:niebler", WATCHED MUTED } },              ""                    },
        { "another entry does",
         { { "author:niebler", WATCHED MUTED }, { "subgroup:lewg", WATCHED } },
         "U1:subgroup:lewg "                                                                                                },
        { "a muted number silences the paper",
         { { "author:niebler", WATCHED }, { "number:2300", MUTED } },
         ""                                                                                                                 },
        { "of another paper it does not",
         { { "author:niebler", WATCHED }, { "number:2301", MUTED } },
         "U1:author:niebler "                                                                                               },
        { "all is muted",                       { { "author:niebler", WATCHED }, { "all:", MUTED } }, ""                    },
        { "all is snoozed: kept for later",
         { { "author:niebler", WATCHED }, { "all:", SNOOZED } },
         "U1:author:niebler "                                                                                               },
        { "a snoozed entry comes last",
         { { "author:niebler", WATCHED SNOOZED }, { "pattern:exec", WATCHED } },
         "U1:pattern:exec "                                                                                                 },
        { "and matches for later",
         { { "author:niebler", WATCHED SNOOZED } },
         "U1:author:niebler "                                                                                               },
        { "what is only muted matches nothing", { { "subgroup:lewg", MUTED } },                       ""                    },
        { "what is only snoozed neither",       { { "subgroup:lewg", SNOOZED } },                     ""                    },
    };
    const struct ps_watch_candidate item = { .number = 2300,
                                             .author = "Eric Niebler",
                                             .text = "On senders and receivers",
                                             .title = "Execution",
                                             .subgroup = "SG1, LEWG" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_watchlists *lists = ps_watchlists_create();
        struct ps_buf got;

        ps_buf_init(&got, 1000);
        for (size_t k = 0; k < PS_COUNT_OF(rows[i].rows) && rows[i].rows[k][0]; k++)
            add_row(lists, "U1", rows[i].rows[k][0], rows[i].rows[k][1]);
        ps_watchlists_match(lists, &item, on_match, &got);
        ps_watchlists_match(lists, &(struct ps_watch_candidate){ .number = -1 }, on_match, &got);
        if (strcmp(ps_buf_str(&got), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].rule, ps_buf_str(&got));
        ps_buf_clear(&got);
        ps_watchlists_destroy(lists);
    }
}

static void a_number_that_is_only_muted_is_not_watched(void **state)
{
    struct ps_watchlists *lists = ps_watchlists_create();

    (void)state;
    add_row(lists, "U1", "number:42", MUTED);
    add_row(lists, "U1", "number:43", WATCHED MUTED);
    assert_int_equal(ps_watchlists_numbers(lists)->len, 1);
    assert_int_equal(ps_watchlists_numbers(lists)->items[0], 43);
    ps_watchlists_destroy(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(papers_and_drafts_reach_the_people_who_watch),
        cmocka_unit_test(watched_numbers_are_one_set_of_everybodys),
        cmocka_unit_test(subgroups_patterns_and_what_is_quiet),
        cmocka_unit_test(a_number_that_is_only_muted_is_not_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
