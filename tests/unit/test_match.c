#include "scheduler/core/match.h"
#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void on_match(void *cookie, const char *user, const char *reason, bool by_author)
{
    assert_true(ps_buf_format(cookie, "%s:%s:%s ", user, by_author ? "author" : "number", reason));
}

static void papers_and_drafts_reach_the_people_who_watch(void **state)
{
    static const struct {
        const char *rule;
        const char *lists[4][2]; /* user, entry */
        struct ps_match_item item;
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
        ps_watchlists_match(lists, &rows[i].item, on_match, &got);
        if (strcmp(ps_buf_str(&got), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].rule, ps_buf_str(&got));
        ps_buf_clear(&got);
        ps_watchlists_destroy(lists);
    }
}

static void watched_numbers_are_one_set_of_everybodys(void **state)
{
    struct ps_watchlists *lists = ps_watchlists_create();
    const struct ps_numset *numbers = ps_watchlists_numbers(lists);

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(papers_and_drafts_reach_the_people_who_watch),
        cmocka_unit_test(watched_numbers_are_one_set_of_everybodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
