/* The listing of a year's papers at open-std.org: HTML to papers. Pure, over libxml2. */
#ifndef PS_SCHEDULER_LISTING_H
#define PS_SCHEDULER_LISTING_H
#include "scheduler/core/paper_index.h"

enum { PS_LISTING_BYTES_MAX = 8 * 1024 * 1024, PS_LISTING_ROWS_MAX = 20000 };

/* url: of the page, which links are relative to. encoding: charset of its Content-Type, NULL when
 * not told. A row of a table whose first cell is a paper's number counts; the columns are found by
 * the table's heading, else they are number, title, author, date, mailing, previous, subgroup. The
 * paper's link is empty, long_link what its number leads to. A page without any such row is none
 * (an error page answered with 200, say): NULL with err. */
struct ps_paper_index *ps_listing_parse(const char *html, size_t len, const char *encoding,
                                        const char *url, struct ps_err *err) PS_MUST_USE;

#endif
