#include "scheduler/core/listing.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2026/"
#define HEADING                                                                                    \
    "<tr><th>WG21 Number</th><th>Title</th><th>Author</th><th>Document Date</th>"                  \
    "<th>Mailing Date</th><th>Previous Version</th><th>Subgroup</th><th>Disposition</th></tr>"

static struct ps_paper_index *parse(const char *html)
{
    struct ps_err err;
    struct ps_paper_index *index = ps_listing_parse(html, strlen(html), NULL, PAGE, &err);

    if (index == NULL)
        fail_msg("%s: %s", html, err.what);
    return index;
}

static void rows_become_papers(void **state)
{
    struct ps_paper_index *index = parse(
        "<html><title>x</title><body><h1>2026</h1><table border=1>" HEADING
        "<tr><td><a href=\"p2300r11.pdf\">P2300R11</a></td><td>std::execution &amp; more</td>"
        "<td>Lewis Baker,\n  Eric <b>Niebler</b></td><td>2026-11-02</td><td>2026-11</td>"
        "<td><a href=\"../2024/p2300r10.html\">P2300R10</a></td><td>SG1, LEWG</td><td></td></tr>"
        "<tr><td><a href=\"n5031.html\"> N5031 </a></td><td>Agenda</td><td>Nina Dinka</td>"
        "<td>2026-01-05</td><td>2026-01</td><td></td><td>WG21</td></tr></table>");
    const struct ps_paper *paper = ps_paper_index_find(index, "P2300R11");

    (void)state;
    assert_int_equal(ps_paper_index_len(index), 2);
    assert_non_null(paper);
    assert_string_equal(paper->title, "std::execution & more");
    assert_string_equal(paper->author, "Lewis Baker, Eric Niebler");
    assert_string_equal(paper->date, "2026-11-02");
    assert_string_equal(paper->subgroup, "SG1, LEWG");
    assert_string_equal(paper->type, "paper");
    assert_string_equal(paper->link, "");
    assert_string_equal(paper->long_link, PAGE "p2300r11.pdf");
    assert_string_equal(ps_paper_index_find(index, "N5031")->long_link, PAGE "n5031.html");
    ps_paper_index_destroy(index);
}

static void rows_left_open_are_rows(void **state)
{
    struct ps_paper_index *index =
        parse("<table>" HEADING "<tr><td><a href=p0001r0.html>P0001R0</a><td>One<td>Ann<tr><td>"
              "<a href=p0002r3.pdf>P0002R3</a><td>Two<br>lines<td>Bo");

    (void)state;
    assert_int_equal(ps_paper_index_len(index), 2);
    assert_string_equal(ps_paper_index_find(index, "P0001R0")->title, "One");
    assert_string_equal(ps_paper_index_find(index, "P0002R3")->title, "Two lines");
    assert_string_equal(ps_paper_index_find(index, "P0002R3")->author, "Bo");
    ps_paper_index_destroy(index);
}

static void columns_are_found_by_their_heading(void **state)
{
    struct ps_paper_index *index =
        parse("<table><tr><td>Number<td>Subgroup<td>Author<td>Title"
              "<tr><td>D1234R0<td>EWG<td>Ann<td>About <tr><td>none<td>a<td>b<td>c</table>");
    const struct ps_paper *paper = ps_paper_index_find(index, "D1234R0");

    (void)state;
    assert_int_equal(ps_paper_index_len(index), 1);
    assert_string_equal(paper->title, "About");
    assert_string_equal(paper->author, "Ann");
    assert_string_equal(paper->subgroup, "EWG");
    assert_string_equal(paper->long_link, "");
    ps_paper_index_destroy(index);
}

static void links_elsewhere_are_none(void **state)
{
    struct ps_paper_index *index =
        parse("<table><tr><td><a href=\"javascript:alert(1)\">P0001R0</a><td>One"
              "<tr><td><a href=\"/other/p2.pdf\">P0002R0</a><td>Two"
              "<tr><td><a name=here>P0003R0</a><td>Three</table>");

    (void)state;
    assert_string_equal(ps_paper_index_find(index, "P0001R0")->long_link, "");
    assert_string_equal(ps_paper_index_find(index, "P0002R0")->long_link,
                        "https://www.open-std.org/other/p2.pdf");
    assert_string_equal(ps_paper_index_find(index, "P0003R0")->long_link, "");
    ps_paper_index_destroy(index);
}

static void pages_without_papers_are_refused(void **state)
{
    static const char *const pages[] = { "", "not found", "<table><tr><td>P0001R0</table>",
                                         "<p>P0001R0 is here</p>", "{\"P0001R0\":{}}" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(pages); i++) {
        struct ps_err err;

        assert_null(ps_listing_parse(pages[i], strlen(pages[i]), NULL, PAGE, &err));
        assert_string_equal(err.what, "no paper is listed there");
    }
}

static void hostile_pages_cost_little(void **state)
{
    struct ps_buf page;
    struct ps_paper_index *index;

    (void)state;
    ps_buf_init(&page, PS_LISTING_BYTES_MAX);
    while (page.len < 1024 * 1024) /* cells that never end, tables in tables */
        (void)ps_buf_text(&page, "<table><tr><td>P0001R0<td>\xff\xfe<td><a href=\"\">");
    index = ps_listing_parse(page.data, page.len, "no such charset", PAGE, &(struct ps_err){ 0 });
    ps_paper_index_destroy(index);
    ps_buf_reset(&page);
    (void)ps_buf_text(&page, "<table><tr><td>P0001R0<td>");
    while (page.len < 1024 * 1024)
        (void)ps_buf_text(&page, "long ");
    index = ps_listing_parse(page.data, page.len, NULL, PAGE, &(struct ps_err){ 0 });
    assert_non_null(index);
    assert_true(strlen(ps_paper_index_find(index, "P0001R0")->title) <= PS_INDEX_FIELD_MAX);
    ps_paper_index_destroy(index);
    ps_buf_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_papers),
        cmocka_unit_test(rows_left_open_are_rows),
        cmocka_unit_test(columns_are_found_by_their_heading),
        cmocka_unit_test(links_elsewhere_are_none),
        cmocka_unit_test(pages_without_papers_are_refused),
        cmocka_unit_test(hostile_pages_cost_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
