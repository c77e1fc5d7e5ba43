/* The page of a year's papers at open-std.org, HTML to papers, and how complete it is.
 *
 * A second source beside the index at wg21.link: it names papers days earlier. Pure, over
 * shared/core/html. The page is written by hand and by scripts: cells and tables are left open,
 * attributes are in capitals, a heading spans all columns. Whatever of it cannot be read must show:
 * a page that silently loses rows looks like a quiet month. */
#ifndef PS_SCHEDULER_OPEN_STD_PAGE_H
#define PS_SCHEDULER_OPEN_STD_PAGE_H
#include "scheduler/core/paper_index.h"

enum { PS_OPEN_STD_PAGE_BYTES_MAX = 8 * 1024 * 1024, PS_OPEN_STD_PAGE_ROWS_MAX = 20000 };

/* What a page holds, counted in two ways that do not depend on each other. */
struct ps_open_std_counts {
    size_t rows_written; /* start tags of rows in the text, outside of comments */
    size_t rows_read;    /* rows that the parser reached */
    size_t papers;
    size_t tables_open; /* tables whose end tag is missing */
};

/* url: of the page, which links are relative to. encoding: charset of its Content-Type, NULL when
 * the server names none. A row with at least two cells whose first one begins with a paper's number
 * is a paper; columns are found by the table's heading, else they are number, title, author, date,
 * mailing, previous, subgroup. The paper's link is empty, long_link what its number links to (""
 * unless that is a web page). out_counts may be NULL. A page without any paper (an error page
 * answered with 200, say): NULL with err. */
struct ps_paper_index *ps_open_std_page_parse(const char *html, size_t len, const char *encoding,
                                              const char *url,
                                              struct ps_open_std_counts *out_counts,
                                              struct ps_err *err) PS_MUST_USE;

/* Whether papers were lost on the way: rows that were written were not read, a table is left open
 * as in a body that was cut, or there are fewer papers than papers_before, those of the page as it
 * was last time (0 for the first time). On true out_why (optional) says which. */
bool ps_open_std_page_lost(const struct ps_open_std_counts *counts, size_t papers_before,
                           const char **out_why);

/* Whether an answer with this HTTP status on that day (since 1970, UTC) means only that the page of
 * the year does not exist yet: open-std.org makes it with the year's first papers. */
bool ps_open_std_page_is_early(int status, int32_t day);

#endif
