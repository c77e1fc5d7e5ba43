#include "scheduler/core/listing.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/html.h"
#include "shared/core/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CELLS_MAX = 16 };

enum column { TITLE, AUTHOR, DATE, SUBGROUP, COLUMNS };

struct row_reader {
    struct ps_paper_index *index;
    const char *url;
    bool in_cell;
    size_t cells;
    struct ps_buf text[CELLS_MAX]; /* of the row's cells, white space made one */
    char *href;                    /* of the first link in the first cell */
    size_t columns[COLUMNS];       /* cell of each */
};

static void clear_row(struct row_reader *reader)
{
    for (size_t i = 0; i < reader->cells; i++)
        ps_buf_reset(&reader->text[i]);
    free(reader->href);
    reader->href = NULL;
    reader->cells = 0;
    reader->in_cell = false;
}

static const char *cell(const struct row_reader *reader, size_t i)
{
    return i < reader->cells ? ps_buf_str(&reader->text[i]) : "";
}

static void trim(struct row_reader *reader)
{
    for (size_t i = 0; i < reader->cells; i++) {
        struct ps_buf *text = &reader->text[i];

        if (text->len > 0 && text->data[text->len - 1] == ' ')
            text->data[--text->len] = '\0';
    }
}

static void read_heading(struct row_reader *reader)
{
    static const char *const names[COLUMNS] = {
        [TITLE] = "Title", [AUTHOR] = "Author", [DATE] = "Document Date", [SUBGROUP] = "Subgroup"
    };

    for (size_t i = 0; i < reader->cells; i++)
        for (size_t column = 0; column < COLUMNS; column++)
            if (strcasecmp(cell(reader, i), names[column]) == 0)
                reader->columns[column] = i;
}

static void end_row(struct row_reader *reader)
{
    const char *number = cell(reader, 0);
    struct ps_paper paper = { .type = "paper" };
    struct ps_paper_id id;
    char *link;

    trim(reader);
    if (reader->cells > 1 && ps_paper_id_parse(number, strlen(number), &id) &&
        ps_paper_index_len(reader->index) < PS_LISTING_ROWS_MAX) {
        link = reader->href == NULL ? NULL : ps_url_resolve(reader->url, reader->href);
        paper.title = cell(reader, reader->columns[TITLE]);
        paper.author = cell(reader, reader->columns[AUTHOR]);
        paper.date = cell(reader, reader->columns[DATE]);
        paper.subgroup = cell(reader, reader->columns[SUBGROUP]);
        paper.long_link = link;
        (void)ps_paper_index_add(reader->index, number, &paper);
        free(link);
    } else if (reader->cells > 1) {
        read_heading(reader);
    }
    clear_row(reader);
}

static bool is(const char *name, const char *wanted)
{
    return strcasecmp(name, wanted) == 0;
}

static void on_start(void *cookie, const char *name, const char *const *attributes)
{
    struct row_reader *reader = cookie;

    if (is(name, "tr")) {
        end_row(reader);
    } else if (is(name, "td") || is(name, "th")) {
        reader->in_cell = reader->cells < CELLS_MAX;
        reader->cells += reader->in_cell ? 1 : 0;
    } else if (is(name, "a") && reader->cells == 1 && reader->href == NULL) {
        for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
            if (is(attributes[i], "href") && attributes[i + 1] != NULL && reader->href == NULL)
                reader->href = ps_alloc_text(attributes[i + 1]);
    } else if (is(name, "br")) {
        if (reader->in_cell && reader->text[reader->cells - 1].len > 0)
            (void)ps_buf_char(&reader->text[reader->cells - 1], ' ');
    }
}

static void on_end(void *cookie, const char *name)
{
    struct row_reader *reader = cookie;

    if (is(name, "td") || is(name, "th"))
        reader->in_cell = false;
    else if (is(name, "tr") || is(name, "table"))
        end_row(reader);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A run of white space is one space, none at the beginning; past the cap the rest is dropped. */
static bool on_text(void *cookie, const char *text, size_t len)
{
    struct row_reader *reader = cookie;
    struct ps_buf *out;

    if (!reader->in_cell)
        return true;
    out = &reader->text[reader->cells - 1];
    for (size_t i = 0; i < len; i++) {
        if (!is_space(text[i]))
            (void)ps_buf_char(out, text[i]);
        else if (out->len > 0 && out->data[out->len - 1] != ' ')
            (void)ps_buf_char(out, ' ');
    }
    return true;
}

struct ps_paper_index *ps_listing_parse(const char *html, size_t len, const char *encoding,
                                        const char *url, struct ps_err *err)
{
    static const struct ps_html_events events = { on_start, on_end, on_text };
    struct row_reader reader = {
        .index = ps_paper_index_create(), .url = url, .columns = {1, 2, 3, 6}
    };

    for (size_t i = 0; i < CELLS_MAX; i++)
        ps_buf_init(&reader.text[i], PS_INDEX_FIELD_MAX);
    if (len <= PS_LISTING_BYTES_MAX)
        ps_html_read(html, len, encoding, &events, &reader);
    end_row(&reader);
    ps_paper_index_finish(reader.index);
    for (size_t i = 0; i < CELLS_MAX; i++)
        ps_buf_clear(&reader.text[i]);
    free(reader.href);
    if (ps_paper_index_len(reader.index) > 0)
        return reader.index;
    ps_paper_index_destroy(reader.index);
    (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "no paper is listed there");
    return NULL;
}
