/* Pages of a year's papers as open-std.org writes them: the shape is real, the content invented. */
#ifndef PS_TESTS_MADE_PAGE_H
#define PS_TESTS_MADE_PAGE_H
#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <stdint.h>
#include <stdio.h>

struct made_page_options {
    uint32_t seed;
    int rows;          /* papers, P4001 and on, in tables of 45 */
    size_t cut_at;     /* bytes after which the page ends; 0: whole */
    int table_unended; /* its end tag is left out; from 1, 0 for none */
};

enum { PAGE_MAX = 4 * 1024 * 1024, TABLE_ROWS = 45, FIRST_NUMBER = 4001 };

/* xorshift: the same on every machine */
static inline uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline const char *pick(uint32_t *state, const char *const *texts, size_t count)
{
    return texts[next(state) % count];
}

static inline uint32_t state_of(uint32_t seed, int row)
{
    uint32_t state = (seed + 1) * 2654435761u ^ (uint32_t)(row + 1) * 40503u;

    if (state == 0)
        state = 1;
    (void)next(&state);
    (void)next(&state);
    return state;
}

/* The id of the row, "P4001R2"; static until the next call. The same seed gives the same. */
static inline const char *made_page_id(uint32_t seed, int row)
{
    static char id[32];
    uint32_t state = state_of(seed, row);

    (void)snprintf(id, sizeof(id), "P%04dR%d", FIRST_NUMBER + row, (int)(next(&state) % 4));
    return id;
}

static inline void add_head(struct ps_buf *page)
{
    (void)ps_buf_text(
        page,
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">\n<HTML LANG=\"en-us\">\n<HEAD>\n"
        "<TITLE>\nWG21 - Papers of the year\n</TITLE>\n<META HTTP-EQUIV=\"Content-Type\" "
        "CONTENT=\"text/html; charset=ISO-8859-1\">\n</HEAD>\n<BODY BGCOLOR=#ffffff>\n<H1>\n<IMG "
        "ALIGN=TOP SRC=\"/pics/logo.gif\" ALT=\"WG21/\">\nPapers\n</H1>\n<P>See <A "
        "HREF=\"../\">other years</A>.\n<TABLE BORDER=1><TR><TH>WG21 Number</TH><TH>Title</TH>"
        "<TH>Author</TH></TR>\n<TR><TD><A hRef=\"../std/sd-1.htm\">SD-1</A></TD><TD>List of "
        "documents</TD><TD>N. N.</TD></TR></TABLE>\n");
}

static inline void add_table_head(struct ps_buf *page, const char *month)
{
    (void)ps_buf_format(
        page,
        "<!-- begin %s <table><tr> -->\n<h1>\n\t<a name=\"mailing%s\">mailing%s</a>\n</h1>\n<table "
        "border=\"1\" summary=\"See previous paragraph.\">\n\t<tr>\n\t\t<th>WG21 Number</th>\n\t\t"
        "<th>Title</th>\n\t\t<th>Author</th>\n\t\t<th>Document Date</th>\n\t\t<th>Mailing "
        "Date</th>\n"
        "\t\t<th>Previous Version</th>\n\t\t<th>Subgroup</th>\n\t\t<th>Disposition<th>\n        "
        "<tr>\n"
        "            <th colspan=\"8\">%s</th>\n        </tr>\n",
        month, month, month, month);
}

static inline void add_authors(struct ps_buf *page, uint32_t *state)
{
    static const char *const first[] = { "Mira",    "J&#246;rg", "Ant&oacute;nia", "Ole", "Zo\xEB",
                                         "Ta\xEFs", "Ivo" };
    static const char *const last[] = { "Halloran",  "O'Mear",       "&Scaron;tefl",
                                        "D\222Arcy", "van der Laan", "M&#252;nchow-Ley" };

    for (uint32_t i = 0, count = 1 + next(state) % 4; i < count; i++)
        (void)ps_buf_format(page, "%s%s %s", i > 0 ? ",\n\t\t" : "",
                            pick(state, first, PS_COUNT_OF(first)),
                            pick(state, last, PS_COUNT_OF(last)));
}

static inline void add_title(struct ps_buf *page, uint32_t *state)
{
    static const char *const words[] = {
        "ranges",    "a",        "&lt;simd&gt;", "wording",       "for",
        "hazard",    "pointers", "&amp;",        "\x93views\x94", "towards",
        "std::task", "of",       "contracts",    "<b>fixed</b>",  "r\xE9sum\xE9"
    };

    for (uint32_t i = 0, count = 2 + next(state) % 9; i < count; i++)
        (void)ps_buf_format(page, "%s%s", i > 0 ? " " : "", pick(state, words, PS_COUNT_OF(words)));
}

/* Most rows are closed in all their cells; some are as browsers take them too. */
static inline void add_row(struct ps_buf *page, uint32_t seed, int row, const char *month)
{
    static const char *const groups[] = { "EWG Evolution", "LEWG Library Evolution",
                                          "SG1 Concurrency,LEWG Library Evolution",
                                          "EWGI SG17: EWG Incubator,EWG Evolution", "" };
    static const char *const types[] = { "html", "pdf" };
    uint32_t state = state_of(seed, row);
    int number = FIRST_NUMBER + row;
    int revision = (int)(next(&state) % 4);
    const char *type = pick(&state, types, PS_COUNT_OF(types));
    int shape = (int)(next(&state) % 8);
    const char *end = shape == 0 ? "" : "</td>"; /* cells left open */

    (void)ps_buf_format(page, "\t <tr > \n\t \t <td > <a %s=\"../2026/p%dr%d.%s\">P%dR%d</a> %s\n",
                        shape == 1 ? "HREF" : "href", number, revision, type, number, revision,
                        end);
    (void)ps_buf_text(page, "\t \t <td > ");
    add_title(page, &state);
    (void)ps_buf_format(page, " %s\n\t \t <td > %s", end, shape == 2 ? "<table><tr><td>" : "");
    add_authors(page, &state);
    (void)ps_buf_format(page,
                        "%s %s\n\t \t <td > 2026-%02d-%02d %s\n\t \t <td > %s %s\n\t \t <td > ",
                        shape == 2 ? "</td></tr></table>" : "", end, 1 + row / TABLE_ROWS % 12,
                        1 + row % 28, end, month, end);
    if (revision > 0)
        (void)ps_buf_format(page, "<a href=\"../2025/p%dr%d.%s\">P%dR%d</a>", number, revision - 1,
                            type, number, revision - 1);
    (void)ps_buf_format(page, " %s\n\t \t <td > %s %s\n\t \t <td >  %s\n%s", end,
                        pick(&state, groups, PS_COUNT_OF(groups)), end, end,
                        shape == 0 || shape == 3 ? "" : "\t</tr>\n");
}

/* Gives the page; *out_len its bytes. */
static inline char *made_page(const struct made_page_options *options, size_t *out_len)
{
    char month[32] = "";
    struct ps_buf page;

    ps_buf_init(&page, PAGE_MAX);
    add_head(&page);
    for (int row = 0; row < options->rows; row++) {
        int table = row / TABLE_ROWS;

        if (row % TABLE_ROWS == 0) {
            if (row > 0 && table != options->table_unended)
                (void)ps_buf_text(&page, "</table>\n<!-- end -->\n");
            (void)snprintf(month, sizeof(month), "2026-%02d", 1 + table % 12);
            add_table_head(&page, month);
        }
        add_row(&page, options->seed, row, month);
    }
    (void)ps_buf_text(&page, "</table>\n</BODY>\n</HTML>\n");
    if (options->cut_at > 0 && options->cut_at < page.len)
        page.len = options->cut_at;
    *out_len = page.len;
    return ps_buf_take(&page);
}

#endif
