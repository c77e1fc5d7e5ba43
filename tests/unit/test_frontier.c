#include "scheduler/core/frontier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void the_frontier_is_the_highest_number_that_is_not_alone(void **state)
{
    static const struct {
        const char *rule;
        int gap;
        int index[6], drafts[4]; /* 0 ends */
        int want;
    } rows[] = {
        {"none",                               50, { 0 },                      { 0 },    0   },
        { "one paper alone is the lowest",     50, { 77 },                     { 0 },    77  },
        { "the highest of a dense run",        50, { 1, 2, 3 },                { 0 },    3   },
        { "exactly the threshold counts",      50, { 100, 150 },               { 0 },    150 },
        { "one past it does not",              50, { 100, 151 },               { 0 },    100 },
        { "P5000 alone does not move it",      50, { 1140, 1142, 5000 },       { 0 },    1142},
        { "two outliers together do",          50, { 1142, 5000, 5001 },       { 0 },    5001},
        { "two outliers apart do not",         50, { 1141, 1142, 5000, 9000 }, { 0 },    1142},
        { "no pair close: the lowest",         50, { 100, 200, 300 },          { 0 },    100 },
        { "a discovered draft counts",         50, { 1142 },                   { 1160 }, 1160},
        { "a draft bridges a gap",             50, { 1100, 1180 },             { 1140 }, 1180},
        { "drafts alone",                      50, { 0 },                      { 7, 9 }, 9   },
        { "a draft far above does not",        50, { 1141, 1142 },             { 4000 }, 1142},
        { "a threshold of 1 wants neighbours", 1,  { 10, 11, 13 },             { 0 },    11  },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_paper_index *index = ps_paper_index_create();
        struct ps_url_set *drafts = ps_url_set_create();
        char text[64];

        for (size_t k = 0; k < PS_COUNT_OF(rows[i].index) && rows[i].index[k]; k++) {
            (void)snprintf(text, sizeof(text), "P%04dR3", rows[i].index[k]);
            assert_true(ps_paper_index_add(index, text, &(struct ps_paper){ .type = "paper" }));
        }
        for (size_t k = 0; k < PS_COUNT_OF(rows[i].drafts) && rows[i].drafts[k]; k++) {
            (void)snprintf(text, sizeof(text), "https://x/D%04dR0.pdf", rows[i].drafts[k]);
            assert_true(ps_url_set_add(drafts, text));
        }
        ps_paper_index_finish(index);
        if (ps_frontier(index, drafts, rows[i].gap) != rows[i].want)
            fail_msg("%s: %d", rows[i].rule, ps_frontier(index, drafts, rows[i].gap));
        ps_url_set_destroy(drafts);
        ps_paper_index_destroy(index);
    }
}

static void only_p_papers_of_the_index_count(void **state)
{
    struct ps_paper_index *index = ps_paper_index_create();
    struct ps_url_set *drafts = ps_url_set_create();

    (void)state;
    assert_true(ps_paper_index_add(index, "P0010R0", &(struct ps_paper){ .type = "paper" }));
    assert_true(ps_paper_index_add(index, "D0020R0", &(struct ps_paper){ .type = "paper" }));
    assert_true(ps_paper_index_add(index, "N0030", &(struct ps_paper){ .type = "paper" }));
    assert_true(ps_paper_index_add(index, "CWG40", &(struct ps_paper){ .type = "issue" }));
    ps_paper_index_finish(index);
    assert_int_equal(ps_frontier(index, drafts, 50), 10);
    ps_url_set_destroy(drafts);
    ps_paper_index_destroy(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frontier_is_the_highest_number_that_is_not_alone),
        cmocka_unit_test(only_p_papers_of_the_index_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
