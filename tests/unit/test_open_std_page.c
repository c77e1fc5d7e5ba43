#include "scheduler/core/open_std_page.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/made_page.h"

#define PAGE "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2026/"
#define HEADING                                                                                    \
    "<tr><th>WG21 Number</th><th>Title</th><th>Author</th><th>Document Date</th>"                  \
    "<th>Mailing Date</th><th>Previous Version</th><th>Subgroup</th><th>Disposition</th></tr>"

static struct ps_paper_index *parse(const char *html)
{
    struct ps_err err;
    struct ps_paper_index *index =
        ps_open_std_page_parse(html, strlen(html), NULL, PAGE, NULL, &err);

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

        assert_null(ps_open_std_page_parse(pages[i], strlen(pages[i]), NULL, PAGE, NULL, &err));
        assert_string_equal(err.what, "no paper is listed there");
    }
}

static void hostile_pages_cost_little(void **state)
{
    struct ps_buf page;
    struct ps_paper_index *index;

    (void)state;
    ps_buf_init(&page, PS_OPEN_STD_PAGE_BYTES_MAX);
    while (page.len < 1024 * 1024) /* cells that never end, tables in tables */
        (void)ps_buf_text(&page, "<table><tr><td>P0001R0<td>\xff\xfe<td><a href=\"\">");
    index = ps_open_std_page_parse(page.data, page.len, "no such charset", PAGE, NULL,
                                   &(struct ps_err){ 0 });
    ps_paper_index_destroy(index);
    ps_buf_reset(&page);
    (void)ps_buf_text(&page, "<table><tr><td>P0001R0<td>");
    while (page.len < 1024 * 1024)
        (void)ps_buf_text(&page, "long ");
    index = ps_open_std_page_parse(page.data, page.len, NULL, PAGE, NULL, &(struct ps_err){ 0 });
    assert_non_null(index);
    assert_true(strlen(ps_paper_index_find(index, "P0001R0")->title) <= PS_INDEX_FIELD_MAX);
    ps_paper_index_destroy(index);
    ps_buf_clear(&page);
}

/* Every row of a page of real size and shape, with its texts as a browser shows them. */
static void every_row_of_a_real_page_is_a_paper(void **state)
{
    enum { ROWS = 300, SEEDS = 20 };

    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        struct made_page_options options = { .seed = seed, .rows = ROWS };
        struct ps_open_std_counts counts;
        struct ps_paper_index *index;
        struct ps_err err;
        size_t len;
        char *page = made_page(&options, &len);

        index = ps_open_std_page_parse(page, len, "iso-8859-1", PAGE, &counts, &err);
        assert_non_null(index);
        if (counts.papers != ROWS)
            fail_msg("seed %u: %zu of %d rows", seed, counts.papers, ROWS);
        assert_int_equal(counts.rows_read, counts.rows_written);
        assert_int_equal(counts.tables_open, 0);
        assert_false(ps_open_std_page_lost(&counts, ROWS, NULL));
        for (int row = 0; row < ROWS; row++) {
            const char *id = made_page_id(seed, row);
            const struct ps_paper *paper = ps_paper_index_find(index, id);
            char date[16], link[128];

            (void)snprintf(date, sizeof(date), "2026-%02d-%02d", 1 + row / 45 % 12, 1 + row % 28);
            (void)snprintf(link, sizeof(link), PAGE "p%dr%s.", FIRST_NUMBER + row,
                           strchr(id, 'R') + 1);
            assert_non_null(paper);
            assert_string_equal(paper->date, date);
            assert_memory_equal(paper->long_link, link, strlen(link));
            assert_true(strchr(paper->author, ' ') != NULL && strchr(paper->author, '\n') == NULL);
            assert_null(strstr(paper->author, "2026"));
            assert_true(paper->title[0] != '\0' &&
                        strchr(paper->title, '<') == strstr(paper->title, "<simd>"));
            assert_null(strstr(paper->subgroup, "20"));
        }
        ps_paper_index_destroy(index);
        free(page);
    }
}

/* The charset that the page names is Latin-1; browsers, and the authors of such pages, mean
 * windows-1252.
 */
static void its_latin_1_is_windows_1252(void **state)
{
    static const char html[] =
        "<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=ISO-8859-1\">"
        "<table><tr><td>P0001R0<td>\x93Views\x94 \x96 r\xE9sum\xE9<td>D\222Arcy</table>";
    static const char *const charsets[] = { NULL, "iso-8859-1", "ISO-8859-1", "latin1" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(charsets); i++) {
        struct ps_paper_index *index =
            ps_open_std_page_parse(html, sizeof(html) - 1, charsets[i], PAGE, NULL, NULL);

        assert_string_equal(ps_paper_index_find(index, "P0001R0")->title, "“Views” – résumé");
        assert_string_equal(ps_paper_index_find(index, "P0001R0")->author, "D’Arcy");
        ps_paper_index_destroy(index);
    }
}

static void rows_of_any_shape_are_read(void **state)
{
    static const struct {
        const char *html;
        const char *title, *author, *date; /* of P0001R0 */
        size_t papers;
    } cases[] = {
        {"<TABLE><TR><TH>WG21 Number<TH>Title<TH>Author<th>Document Date<TR><TD><A HREF='p1.pdf'>"
          "P0001R0</A><TD>One<TD>Ann<TD>2026-01-02</TABLE>",                       "One",     "Ann",           "2026-01-02", 1},
 /* a table within a cell is that cell's text; one around the rows is a layout */
        { "<table><tr><td>P0001R0<td>One<td><table><tr><td>Ann<td>Bo</tr><tr><td>Cy</table><td>"
          "2026-01-02</tr></table>",                                               "One",     "Ann Bo Cy",     "2026-01-02", 1},
        { "<table><tr><td><table><tr><td>P0001R0<td>One<td>Ann<td>2026-01-02</tr><tr><td>P0002R0"
          "<td>Two</table></td><td>menu</td></tr></table>",                        "One",     "Ann",           "2026-01-02", 2},
        { "<table><tr><td>P0002R0<td>Two<td><table><tr><td>P0001R0<td>One<td>Ann<td>2026-01-02"
          "</table></table>",                                                      "One",     "Ann",           "2026-01-02", 2},
 /* a table left open does not swallow the next one */
        { "<table><tr><td>P0002R0<td>Two<td>Bo<h1>x</h1><table><tr><td>P0001R0<td>One<td>Ann<td>"
          "2026-01-02<tr><td>P0003R0<td>Three</table>",                            "One",     "Ann",           "2026-01-02", 3},
        { "<table><tr><th colspan=8>January</th></tr><tr><td>P0001R0<td>One<td>Ann<td>2026-01-02"
          "</table>",                                                              "One",     "Ann",           "2026-01-02", 1},
        { "<table><tr><td>P0001R0<td colspan=\"2\">One<td>2026-01-02</table>",              "One",     "",
         "2026-01-02",                                                                                                                1},
        { "<table><tr><td colspan=99999999999>P0001R0<td>One<td>Ann<td>2026-01-02</table>", "One",
         "Ann",                                                                                                         "2026-01-02", 1},
        { "<table><tr><td>P0001R0 (revised)<td>One<td>Ann<br>Bo<td>2026-01-02</table>",     "One",
         "Ann Bo",                                                                                                      "2026-01-02", 1},
 /* rows over several tables: the heading of the first counts until there is another */
        { "<table><tr><td>Number<td>Author<td>Title</table><table><tr><td>P0001R0<td>Ann<td>One"
          "</table>",                                                              "One",     "Ann",           "",           1},
        { "<tr><td>P0001R0<td>One &lt;&amp;&gt;<td>&Aring;sa&nbsp;B",                       "One <&>", "Åsa\302\240B", "",
         1                                                                                                                             },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_paper_index *index = parse(cases[i].html);
        const struct ps_paper *paper = ps_paper_index_find(index, "P0001R0");

        if (paper == NULL || ps_paper_index_len(index) != cases[i].papers)
            fail_msg("%s", cases[i].html);
        assert_string_equal(paper->title, cases[i].title);
        assert_string_equal(paper->author, cases[i].author);
        assert_string_equal(paper->date, cases[i].date);
        ps_paper_index_destroy(index);
    }
}

/* However deep, and whatever is left open. */
static void tables_within_tables_have_an_end(void **state)
{
    struct ps_buf page;

    (void)state;
    ps_buf_init(&page, 65536);
    for (int i = 0; i < 20; i++)
        (void)ps_buf_format(&page, "<table><tr><td>P%04dR0<td>Title<td>", i + 1);
    (void)ps_buf_text(&page, "</table></table></table>");
    for (int i = 20; i < 40; i++)
        (void)ps_buf_format(&page, "<table><tr><td>P%04dR0<td>Title</table>", i + 1);
    {
        struct ps_paper_index *index = parse(ps_buf_str(&page));

        assert_int_equal(ps_paper_index_len(index), 40);
        ps_paper_index_destroy(index);
    }
    ps_buf_clear(&page);
}

static void links_are_judged_as_they_are_stored(void **state)
{
    static const char *const links[] = { "//",       "///",        "http:///x",
                                         "https://", "//\x01",     "http://[",
                                         "\\\\",     "mailto:a@b", "data:text/html,x" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(links); i++) {
        char html[128];
        struct ps_paper_index *index;
        const char *link;

        (void)snprintf(html, sizeof(html), "<table><tr><td><a href=\"%s\">P0001R0</a><td>x",
                       links[i]);
        index = parse(html);
        link = ps_paper_index_find(index, "P0001R0")->long_link;
        assert_true(link[0] == '\0' || ps_url_is_http(link));
        ps_paper_index_destroy(index);
    }
}

static void a_page_that_lost_rows_is_known_by_its_counts(void **state)
{
    struct made_page_options options = { .seed = 7, .rows = 100 };
    struct ps_open_std_counts counts;
    const char *why;
    size_t whole, len;
    char *page = made_page(&options, &whole);

    (void)state;
    free(page);
    /* cut within a table, cut behind one, and a table whose end tag is missing */
    for (int i = 0; i < 3; i++) {
        static const char *const reasons[] = { "fewer papers", "fewer papers", "does not end" };
        struct ps_paper_index *index;

        options.cut_at = i == 0 ? whole / 2 : 0;
        options.rows = i == 1 ? 90 : 100;
        options.table_unended = i == 2 ? 1 : 0;
        page = made_page(&options, &len);
        index = ps_open_std_page_parse(page, len, NULL, PAGE, &counts, NULL);
        assert_true(ps_open_std_page_lost(&counts, 100, &why));
        assert_non_null(strstr(why, reasons[i]));
        assert_int_equal(ps_open_std_page_lost(&counts, 0, NULL), i != 1);
        assert_int_equal(counts.tables_open, i == 1 ? 0 : 1);
        if (i == 2)
            assert_int_equal(counts.papers, 100); /* an unended table costs no row */
        ps_paper_index_destroy(index);
        free(page);
    }
    counts = (struct ps_open_std_counts){ .rows_written = 10, .rows_read = 9, .papers = 9 };
    assert_true(ps_open_std_page_lost(&counts, 0, &why));
    assert_string_equal(why, "rows of the page were not read");
    counts = (struct ps_open_std_counts){ .rows_written = 10, .rows_read = 11, .papers = 9 };
    assert_false(ps_open_std_page_lost(&counts, 9, NULL));
}

static void a_page_of_january_may_not_be_there_yet(void **state)
{
    static const struct {
        int status;
        const char *date;
        bool early;
    } cases[] = {
        {404,  "2027-01-01", true },
        { 404, "2027-01-31", true },
        { 404, "2027-02-01", false},
        { 404, "2026-12-31", false},
        { 410, "2027-01-02", false},
        { 500, "2027-01-02", false},
        { 0,   "2027-01-02", false},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        int32_t day;

        assert_true(ps_utc_time_parse_date(cases[i].date, &day));
        assert_int_equal(ps_open_std_page_is_early(cases[i].status, day), cases[i].early);
    }
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
        cmocka_unit_test(every_row_of_a_real_page_is_a_paper),
        cmocka_unit_test(its_latin_1_is_windows_1252),
        cmocka_unit_test(rows_of_any_shape_are_read),
        cmocka_unit_test(tables_within_tables_have_an_end),
        cmocka_unit_test(links_are_judged_as_they_are_stored),
        cmocka_unit_test(a_page_of_january_may_not_be_there_yet),
        cmocka_unit_test(a_page_that_lost_rows_is_known_by_its_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
