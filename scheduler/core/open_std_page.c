#include "scheduler/core/open_std_page.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/buf.h"
#include "shared/core/html.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    CELLS_MAX = 16,
    TABLES_MAX = 8 /* nested tables; deeper ones count as one */,
    NOT_FOUND = 404
};

enum column { TITLE, AUTHOR, DATE, SUBGROUP, COLUMNS };

/* The current row of a table. A table can stand in a cell of another one: pages are laid out with
 * tables, and the authors of a cell can be a list. */
struct row {
    bool in_cell;
    size_t cells;
    size_t span;                   /* columns that the last cell spans */
    struct ps_buf text[CELLS_MAX]; /* of the cells, with white space collapsed */
    char *href;                    /* of the first link in the first cell */
    size_t columns[COLUMNS];       /* which cell holds it, by the heading of the table */
};

struct page_reader {
    struct ps_paper_index *index;
    const char *url;
    size_t rows_read;
    size_t papers; /* papers added, duplicates included */
    size_t depth;  /* rows: of the tables that are open */
    size_t deeper; /* tables that are open inside the last of rows */
    struct row rows[TABLES_MAX];
};

static struct row *row_of(struct page_reader *reader)
{
    return &reader->rows[reader->depth];
}

static void clear_row(struct row *row)
{
    for (size_t i = 0; i < row->cells; i++)
        ps_buf_reset(&row->text[i]);
    free(row->href);
    row->href = NULL;
    row->cells = 0;
    row->in_cell = false;
}

static const char *cell(const struct row *row, size_t i)
{
    return i < row->cells ? ps_buf_str(&row->text[i]) : "";
}

/* Collapses white space to one space, with none at the beginning; drops what is over the cap. */
static void add_text(struct ps_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!ps_ascii_is_space(text[i]))
            (void)ps_buf_char(out, text[i]);
        else if (out->len > 0 && out->data[out->len - 1] != ' ')
            (void)ps_buf_char(out, ' ');
    }
}

static void read_heading(struct row *row)
{
    static const struct {
        const char *name;
        enum column column;
    } names[] = {
        {"Title",           TITLE   },
        { "Document Title", TITLE   },
        { "Author",         AUTHOR  },
        { "Authors",        AUTHOR  },
        { "Author(s)",      AUTHOR  },
        { "Document Date",  DATE    },
        { "Subgroup",       SUBGROUP},
        { "Subgroups",      SUBGROUP},
    };

    for (size_t i = 0; i < row->cells; i++)
        for (size_t k = 0; k < PS_COUNT_OF(names); k++)
            if (strcasecmp(cell(row, i), names[k].name) == 0)
                row->columns[names[k].column] = i;
}

/* Gives the link as it will be stored, or NULL. What is stored has no control characters and is
 * cut at a length; only a link that is a web address after that counts. */
static char *link_of(const struct page_reader *reader, const struct row *row)
{
    char *link = row->href == NULL ? NULL : ps_url_resolve(reader->url, row->href);
    char *clean = link == NULL ? NULL : ps_utf8_clean(link, strlen(link));

    free(link);
    if (clean != NULL && (strlen(clean) > PS_INDEX_FIELD_MAX || !ps_url_is_http(clean))) {
        free(clean);
        clean = NULL;
    }
    return clean;
}

static bool add_paper(struct page_reader *reader, const struct row *row)
{
    struct ps_paper paper = { .type = "paper" };
    struct ps_paper_id id;
    /* Some numbers have a remark after them: "P1234R0 (revised)". */
    char *number = ps_alloc_copy(cell(row, 0), strcspn(cell(row, 0), " ("));
    bool is_paper = ps_paper_id_parse(number, strlen(number), &id);
    char *link;

    if (is_paper && reader->papers < PS_OPEN_STD_PAGE_ROWS_MAX) {
        link = link_of(reader, row);
        paper.title = cell(row, row->columns[TITLE]);
        paper.author = cell(row, row->columns[AUTHOR]);
        paper.date = cell(row, row->columns[DATE]);
        paper.subgroup = cell(row, row->columns[SUBGROUP]);
        paper.long_link = link;
        reader->papers += ps_paper_index_add(reader->index, number, &paper);
        free(link);
    }
    free(number);
    return is_paper;
}

/* A row that is no paper is a heading, or text of the cell in which its table stands. */
static void end_row(struct page_reader *reader)
{
    struct row *row = row_of(reader);
    struct row *around = reader->depth > 0 ? row - 1 : NULL;

    for (size_t i = 0; i < row->cells; i++) {
        struct ps_buf *text = &row->text[i];

        if (text->len > 0 && text->data[text->len - 1] == ' ')
            text->data[--text->len] = '\0';
    }
    if (row->cells > 1 && add_paper(reader, row)) {
        clear_row(row);
        return;
    }
    if (row->cells > 1)
        read_heading(row);
    if (around != NULL && around->in_cell) {
        for (size_t i = 0; i < row->cells; i++) {
            add_text(&around->text[around->cells - 1], " ", 1);
            add_text(&around->text[around->cells - 1], cell(row, i), strlen(cell(row, i)));
        }
    }
    clear_row(row);
}

static void begin_table(struct page_reader *reader)
{
    if (reader->depth + 1 == TABLES_MAX) {
        end_row(reader);
        reader->deeper++;
        return;
    }
    reader->depth++;
    memcpy(row_of(reader)->columns, row_of(reader)[-1].columns, sizeof(row_of(reader)->columns));
}

static void end_table(struct page_reader *reader)
{
    struct row *row = row_of(reader);

    end_row(reader);
    if (reader->deeper > 0) {
        reader->deeper--;
    } else if (reader->depth > 0) {
        reader->depth--;
        if (row[-1].cells == 0) /* tables one after another; the next may have no heading */
            memcpy(row[-1].columns, row->columns, sizeof(row->columns));
    }
}

static bool is(const char *name, const char *wanted)
{
    return strcasecmp(name, wanted) == 0;
}

static const char *attribute(const char *const *attributes, const char *name)
{
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
        if (is(attributes[i], name))
            return attributes[i + 1];
    return NULL;
}

static void begin_cell(struct row *row, const char *const *attributes)
{
    int64_t span = 1;

    /* columns that the cell before also spans stay empty */
    for (; row->cells > 0 && row->span > 1 && row->cells < CELLS_MAX; row->span--)
        row->cells++;
    row->in_cell = row->cells < CELLS_MAX;
    row->cells += row->in_cell ? 1 : 0;
    if (!ps_str_int(ps_str_trim(ps_str_of(attribute(attributes, "colspan"))), 1, CELLS_MAX, &span))
        span = 1;
    row->span = (size_t)span;
}

static void on_start(void *cookie, const char *name, const char *const *attributes)
{
    struct page_reader *reader = cookie;
    struct row *row = row_of(reader);

    if (is(name, "table")) {
        begin_table(reader);
    } else if (is(name, "tr")) {
        reader->rows_read++;
        end_row(reader);
    } else if (is(name, "td") || is(name, "th")) {
        begin_cell(row, attributes);
    } else if (is(name, "a") && row->cells == 1 && row->in_cell && row->href == NULL) {
        const char *href = attribute(attributes, "href");

        row->href = href == NULL ? NULL : ps_alloc_text(href);
    } else if (is(name, "br") || is(name, "p") || is(name, "li")) {
        if (row->in_cell)
            add_text(&row->text[row->cells - 1], " ", 1);
    }
}

static void on_end(void *cookie, const char *name)
{
    struct page_reader *reader = cookie;

    if (is(name, "td") || is(name, "th"))
        row_of(reader)->in_cell = false;
    else if (is(name, "tr"))
        end_row(reader);
    else if (is(name, "table"))
        end_table(reader);
}

static bool on_text(void *cookie, const char *text, size_t len)
{
    struct row *row = row_of(cookie);

    if (row->in_cell)
        add_text(&row->text[row->cells - 1], text, len);
    return true;
}

/* Whether text begins with a tag of this name (in lower case, with its '<' or "</"). */
static bool begins_tag(const char *text, size_t len, const char *tag)
{
    size_t tag_len = strlen(tag);

    return len > tag_len && strncasecmp(text, tag, tag_len) == 0 &&
           (ps_ascii_is_space(text[tag_len]) || text[tag_len] == '>' || text[tag_len] == '/');
}

/* Counts tags without the parser, so that a fault of the parser, or a guard that stopped it, is
 * noticed. */
static void count_written(const char *html, size_t len, struct ps_open_std_counts *counts)
{
    const char *end = html + len;
    const char *at = html;

    while (at < end && (at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        size_t left = (size_t)(end - at);

        if (left >= 4 && memcmp(at, "<!--", 4) == 0) {
            for (at += 4; at < end && (end - at < 3 || memcmp(at, "-->", 3) != 0); at++)
                ; /* to the end of the text if the comment is not closed */
            at += at < end ? 3 : 0;
            continue;
        }
        counts->rows_written += begins_tag(at, left, "<tr");
        counts->tables_open += begins_tag(at, left, "<table");
        if (counts->tables_open > 0 && begins_tag(at, left, "</table"))
            counts->tables_open--;
        at++;
    }
}

struct ps_paper_index *ps_open_std_page_parse(const char *html, size_t len, const char *encoding,
                                              const char *url,
                                              struct ps_open_std_counts *out_counts,
                                              struct ps_err *err)
{
    static const struct ps_html_events events = { on_start, on_end, on_text };
    static const size_t usual_columns[COLUMNS] = { 1, 2, 3, 6 };
    struct page_reader *reader = ps_alloc_zero(1, sizeof(*reader));
    struct ps_open_std_counts counts = { 0 };
    struct ps_paper_index *index = ps_paper_index_create();

    reader->index = index;
    reader->url = url;
    memcpy(reader->rows[0].columns, usual_columns, sizeof(usual_columns));
    for (size_t i = 0; i < TABLES_MAX; i++)
        for (size_t k = 0; k < CELLS_MAX; k++)
            ps_buf_init(&reader->rows[i].text[k], PS_INDEX_FIELD_MAX);
    if (len <= PS_OPEN_STD_PAGE_BYTES_MAX) {
        ps_html_read(html, len, encoding, &events, reader);
        count_written(html, len, &counts);
    }
    while (reader->depth > 0 || reader->deeper > 0)
        end_table(reader);
    end_row(reader);
    counts.rows_read = reader->rows_read;
    ps_paper_index_finish(index);
    counts.papers = ps_paper_index_len(index);
    for (size_t i = 0; i < TABLES_MAX; i++) {
        for (size_t k = 0; k < CELLS_MAX; k++)
            ps_buf_clear(&reader->rows[i].text[k]);
        free(reader->rows[i].href);
    }
    free(reader);
    if (counts.papers == 0) {
        ps_paper_index_destroy(index);
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "no paper is listed there");
        return NULL;
    }
    if (out_counts != NULL)
        *out_counts = counts;
    return index;
}

bool ps_open_std_page_lost(const struct ps_open_std_counts *counts, size_t papers_before,
                           const char **out_why)
{
    const char *why = NULL;

    if (counts->rows_read < counts->rows_written)
        why = "rows of the page were not read";
    else if (counts->papers < papers_before)
        why = "the page has fewer papers than before";
    else if (counts->tables_open > 0)
        why = "a table of the page does not end";
    if (why != NULL && out_why != NULL)
        *out_why = why;
    return why != NULL;
}

bool ps_open_std_page_is_early(int status, int32_t day)
{
    char date[PS_UTC_TIME_TEXT];

    ps_utc_time_format_date(day, date);
    return status == NOT_FOUND && strncmp(date + 4, "-01-", 4) == 0;
}
