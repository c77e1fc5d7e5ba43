#include "shared/core/html.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGE_MAX = 4 * 1024 * 1024, SCRIPT_MAX = 16 * 1024 * 1024 };

/* All events as one text; the pieces of one text are joined. */
static void note_start(void *cookie, const char *name, const char *const *attributes)
{
    struct ps_buf *out = cookie;

    ps_buf_format(out, "<%s", name);
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
        ps_buf_format(out, " %s=%s", attributes[i], attributes[i + 1] ? attributes[i + 1] : "");
    ps_buf_add(out, ">", 1);
}

static void note_end(void *cookie, const char *name)
{
    ps_buf_format(cookie, "</%s>", name);
}

static bool note_text(void *cookie, const char *text, size_t len)
{
    return ps_buf_add(cookie, text, len);
}

static void read_into(struct ps_buf *out, const char *html, size_t len, size_t piece)
{
    static const struct ps_html_events events = { note_start, note_end, note_text };

    ps_buf_reset(out);
    ps_html_read_pieces(html, len, "utf-8", piece, &events, out);
}

static void every_split_gives_the_same(const struct ps_buf *page, size_t step)
{
    struct ps_buf whole, split;

    ps_buf_init(&whole, SCRIPT_MAX);
    ps_buf_init(&split, SCRIPT_MAX);
    read_into(&whole, page->data, page->len, PS_HTML_PIECE);
    assert_true(whole.len > page->len / 8);
    for (size_t piece = PS_HTML_PIECE_MIN; piece <= page->len && piece <= 4200; piece += step) {
        read_into(&split, page->data, page->len, piece);
        if (split.len != whole.len || memcmp(split.data, whole.data, whole.len) != 0)
            fail_msg("pieces of %zu bytes give another result", piece);
    }
    ps_buf_clear(&whole);
    ps_buf_clear(&split);
}

/* Has the form of a yearly page of open-std.org: several tables, upper-case names, unclosed cells,
 * white space everywhere, relative links. */
static void add_listing(struct ps_buf *page, int rows)
{
    ps_buf_format(page,
                  "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.1//EN\"\n"
                  "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en-us\">\n<TITLE>\n"
                  "Papers\n</TITLE>\n<META HTTP-EQUIV=\"Content-Type\" "
                  "CONTENT=\"text/html; charset=ISO-8859-1\">\n</head>\n<body>\n");
    for (int i = 0; i < rows; i++) {
        if (i % 50 == 0)
            ps_buf_format(page,
                          "</table>\n<!-- begin %d -->\n<h1>\n\t<a name=\"m%d\">m%d</a>\n</h1>\n"
                          "<table border=\"1\" summary=\"See above.\">\n<tr><th>WG21 Number</th>"
                          "<th>Title</th><th>Disposition<th>\n<tr><th colspan=\"8\">x</th></tr>\n",
                          i, i, i);
        ps_buf_format(
            page,
            "\t <tr > \n\t \t <td > <a href=\"../2026/p%04dr%d.html\">P%04dR%d</a> </td>\n"
            "\t \t <td > It's row %d &amp; a title with K&#252;hl and O'Dell </td>\n"
            "\t \t <td >  </td>\n\t</tr>",
            5000 + i, i % 4, 5000 + i, i % 4, i);
    }
    ps_buf_format(page, "</table>\n</body>\n</html>\n");
}

/* Has the form of a paper that pandoc wrote: a picture in a data: URI within <head>, styles,
 * scripts, comments, both kinds of quotes, text in several scripts. */
static void add_paper(struct ps_buf *page, int paragraphs)
{
    ps_buf_format(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\" />"
                        "<title>Queues that forget</title>\n<link rel=\"icon\" "
                        "href=\"data:image/x-icon;base64,");
    for (int i = 0; i < 300; i++)
        ps_buf_format(page, "AAAB/+%dx==", i);
    ps_buf_format(page,
                  "\"/>\n<style type='text/css'>p > a[href^=\"x\"] { content: \"it's\" }"
                  "</style><script>if (a<b && c>d) { s = '<p class=\"no\">'; }</script>\n"
                  "</head>\n<body><!-- it's -- a \"comment\" > here -->\n"
                  "<h1 class=\"title\">Queues that forget</h1><table><tr><td>Reply-to:<td>"
                  "Wren <a href='mailto:wren@example.org?subject=\"hello\"'>mail</a></table>");
    for (int i = 0; i < paragraphs; i++)
        ps_buf_format(page,
                      "<p id=\"p%d\" title='say \"it is > so\"'>Gr\xC3\xBC\xC3\x9F"
                      "e \xE2\x80\x9Cx\xE2\x80\x9D \xF0\x9F\x98\x80 <code>a &lt; b &amp;&amp; c "
                      "</code> don't<br/>5 < 6 & 7 > 2 <b class=x data-y=\"1\">b</b></p>\n",
                      i);
    ps_buf_format(page, "</body></html>\n");
}

static void the_piece_size_changes_no_event(void **state)
{
    struct ps_buf page;

    (void)state;
    ps_buf_init(&page, PAGE_MAX);
    add_listing(&page, 8);
    every_split_gives_the_same(&page, 1);
    ps_buf_reset(&page);
    add_paper(&page, 8);
    every_split_gives_the_same(&page, 1);
    ps_buf_reset(&page);
    add_listing(&page, 400);
    every_split_gives_the_same(&page, 67);
    ps_buf_reset(&page);
    add_paper(&page, 800);
    every_split_gives_the_same(&page, 67);
    ps_buf_clear(&page);
}

struct tally {
    int rows, links;
    bool seen_last;
};

static void count_start(void *cookie, const char *name, const char *const *attributes)
{
    struct tally *tally = cookie;

    tally->rows += strcmp(name, "tr") == 0;
    tally->links +=
        strcmp(name, "a") == 0 && attributes != NULL && strcmp(attributes[0], "href") == 0;
}

static bool find_last(void *cookie, const char *text, size_t len)
{
    struct tally *tally = cookie;

    tally->seen_last = tally->seen_last || (len >= 7 && memcmp(text, "P5999R3", 7) == 0);
    return true;
}

/* The push parser of libxml2 2.9.14 lost three quarters of such a page's rows. */
static void a_long_page_keeps_all_rows(void **state)
{
    static const struct ps_html_events events = { count_start, NULL, find_last };
    struct tally tally = { 0 };
    struct ps_buf page;

    (void)state;
    ps_buf_init(&page, PAGE_MAX);
    add_listing(&page, 1000);
    ps_html_read(page.data, page.len, NULL, &events, &tally);
    assert_int_equal(tally.links, 1000);
    assert_int_equal(tally.rows, 1000 + 2 * (1000 / 50));
    assert_true(tally.seen_last);
    ps_buf_clear(&page);
}

static void parsing_ends_when_a_callback_returns_false(void **state)
{
    static const struct ps_html_events events = { note_start, note_end, note_text };
    struct ps_buf out;
    char html[10000];

    (void)state;
    memset(html, 'x', sizeof(html));
    ps_buf_init(&out, 100);
    ps_html_read(html, sizeof(html), NULL, &events, &out);
    assert_true(out.len <= 100);
    ps_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_piece_size_changes_no_event),
        cmocka_unit_test(a_long_page_keeps_all_rows),
        cmocka_unit_test(parsing_ends_when_a_callback_returns_false),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
