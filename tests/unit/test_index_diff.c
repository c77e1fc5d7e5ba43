#include "scheduler/core/index_diff.h"
#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ps_paper_index *parse(const char *json)
{
    struct ps_paper_index *index = ps_paper_index_parse(json, strlen(json), NULL, NULL, NULL);

    assert_non_null(index);
    return index;
}

static void check(const char *before, const char *after, const char *want)
{
    struct ps_paper_index *old = parse(before), *now = parse(after);
    struct ps_index_diff diff;
    struct ps_buf got;

    ps_buf_init(&got, 10000);
    ps_index_diff_make(old, now, &diff);
    for (size_t i = 0; i < diff.added_len; i++)
        assert_true(ps_buf_format(&got, "new %s\n", diff.added[i]->id));
    for (size_t i = 0; i < diff.updated_len; i++)
        assert_true(ps_buf_format(&got, "updated %s\n", diff.updated[i]->id));
    assert_string_equal(ps_buf_str(&got), want);
    ps_buf_clear(&got);
    ps_index_diff_clear(&diff);
    ps_paper_index_destroy(old);
    ps_paper_index_destroy(now);
}

#define PAPER(id, date) "\"" id "\":{\"type\":\"paper\",\"date\":\"" date "\"}"

static void nothing_changed_is_no_news(void **state)
{
    (void)state;
    check("{}", "{}", "");
    check("{" PAPER("P0001R0", "2018-01-01") "}", "{" PAPER("p1r0", "2018-01-01") "}", "");
}

static void what_is_gone_is_no_news(void **state)
{
    (void)state;
    check("{" PAPER("P0001R0", "2018-01-01") "," PAPER("P0003R0", "2018-01-01") "}",
          "{" PAPER("P0002R0", "2018-01-01") "}", "new P0002R0\n");
}

static void newest_date_first_then_id_descending_no_date_last(void **state)
{
    (void)state;
    check(
        "{}",
        "{" PAPER("P0001R0", "2018-01-01") "," PAPER("P0002R0", "2018-03-01") "," PAPER(
            "P0003R0",
            "") "," PAPER("P0004R0",
                          "2018-01-01") "," PAPER("N4000",
                                                  "2018-01-01") "," PAPER("P0005R0",
                                                                          "May 2018") "," PAPER("P0"
                                                                                                "00"
                                                                                                "6R"
                                                                                                "0",
                                                                                                "19"
                                                                                                "69"
                                                                                                "-0"
                                                                                                "1-"
                                                                                                "0"
                                                                                                "1") "}",
        "new P0002R0\nnew P0004R0\nnew P0001R0\nnew N4000\nnew P0006R0\nnew P0005R0\n"
        "new P0003R0\n");
}

static void any_field_that_differs_is_an_update(void **state)
{
    static const char *const fields[] = { "title", "author",    "date",  "subgroup",
                                          "link",  "long_link", "status" };
    char after[200], want[] = "updated P0001R0\n";

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(fields); i++) {
        (void)snprintf(after, sizeof(after), "{\"P0001R0\":{\"type\":\"paper\",\"%s\":\"x\"}}",
                       fields[i]);
        check("{\"P0001R0\":{\"type\":\"paper\"}}", after, want);
        check(after, after, "");
    }
    check("{\"P0001R0\":{\"type\":\"paper\"}}", "{\"P0001R0\":{\"type\":\"issue\"}}", want);
}

static void new_and_updated_are_lists_of_their_own(void **state)
{
    (void)state;
    check("{" PAPER("P0001R0", "2018-01-01") "," PAPER("P0002R0", "2018-01-01") "}",
          "{" PAPER("P0001R0", "2019-01-01") "," PAPER("P0002R0", "2019-02-01") "," PAPER(
              "P0003R0", "2017-01-01") "}",
          "new P0003R0\nupdated P0002R0\nupdated P0001R0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed_is_no_news),
        cmocka_unit_test(what_is_gone_is_no_news),
        cmocka_unit_test(newest_date_first_then_id_descending_no_date_last),
        cmocka_unit_test(any_field_that_differs_is_an_update),
        cmocka_unit_test(new_and_updated_are_lists_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
