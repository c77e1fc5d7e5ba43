#include "worker/core/pdf_document.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "worker/core/author_names.h"
#include "worker/core/document_title.h"
#include "worker/core/front_matter.h"
#include "worker/core/pdf_layout.h"
#include "worker/core/text_line.h"
#include "worker/core/text_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where the title comes from, in this order:
 *
 *     the metadata's title, if the page shows it
 *     the rows of the first page with the largest letters that can be a title
 *     the metadata's title, although the page does not show it
 *     the field "Title" or "Subject" of the paper's header
 */

enum {
    TITLE_TRIES = 6,      /* sizes that are tried, the largest first */
    TITLE_LINE_MAX = 220, /* bytes of a line of a title; a longer one is prose */
    TITLE_LINES_MAX = 6,
    TITLE_TEXT_MAX = 2000,
    SHOWN_WITHIN = 3000,   /* first bytes of the text, where a title can be */
    INFO_VALUE_MAX = 2000, /* bytes of a value of pdfinfo; a longer one is cut */
};

/* Returns the value of a field of pdfinfo, owned by the caller, NULL if it is absent or empty. */
static char *info_value(const struct ps_pdf_texts *texts, const char *name)
{
    struct ps_str rest = { texts->info, texts->info == NULL ? 0 : texts->info_len };
    struct ps_str line;
    size_t n = strlen(name);

    while (texts->info != NULL && ps_str_next(&rest, '\n', &line)) {
        if (line.len > n + 1 && memcmp(line.data, name, n) == 0 && line.data[n] == ':') {
            size_t len = line.len - n - 1 < INFO_VALUE_MAX ? line.len - n - 1 : INFO_VALUE_MAX;
            char *value = ps_text_line(line.data + n + 1, ps_utf8_cut(line.data + n + 1, len, len));

            if (value[0] != '\0')
                return value;
            free(value);
            return NULL;
        }
    }
    return NULL;
}

/* Appends the letters and digits of text, case folded. Nothing else is the same in two renderings
 * of a title: spaces, hyphens and quotes vary. */
static void add_letters(struct ps_buf *buf, const char *text)
{
    char *folded = ps_text_normalize(text, strlen(text));

    for (const char *at = folded; *at != '\0'; at++)
        if ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || (unsigned char)*at >= 0xC3)
            (void)ps_buf_char(buf, *at);
    free(folded);
}

/* Whether the page shows this title. A title that is left over from a template or an older paper is
 * only in the metadata. Sets *out_line if a single row has all of it. */
static bool is_shown(const struct ps_front_matter *front, size_t rows,
                     const struct ps_pdf_texts *texts, const char *title, size_t *out_line)
{
    struct ps_buf page, wanted;
    bool shown = false;

    ps_buf_init(&page, (size_t)PS_FRONT_LINES_MAX * PS_FRONT_LINE_MAX);
    ps_buf_init(&wanted, TITLE_TEXT_MAX);
    add_letters(&wanted, title);
    for (size_t i = 0; i < rows && !shown && wanted.len > 0; i++) {
        add_letters(&page, front->lines[i].text);
        shown = page.len > 0 && strstr(page.data, wanted.data) != NULL;
        if (shown)
            *out_line = i;
    }
    if (!shown && wanted.len > 0 && texts->text != NULL) {
        /* A title next to another column is split over rows; in reading order its lines follow one
         * another. */
        char *start =
            ps_utf8_clean(texts->text, ps_utf8_cut(texts->text, texts->text_len, SHOWN_WITHIN));

        ps_buf_reset(&page);
        add_letters(&page, start);
        shown = page.len > 0 && strstr(page.data, wanted.data) != NULL;
        free(start);
    }
    ps_buf_clear(&page);
    ps_buf_clear(&wanted);
    return shown;
}

/* A line with a mail address names an author: where title and author are set in one size, it must
 * not become a part of the title. */
static bool may_be_title(const struct ps_front_line *line)
{
    return strlen(line->text) <= TITLE_LINE_MAX && !line->has_mail && !ps_front_line_is_field(line);
}

/* Returns the index of the largest row that may belong to a title and is smaller than below; rows
 * if there is none. Differences of 3 % are noise of the fonts, and the upper row wins then. */
static size_t largest_row(const struct ps_front_matter *front, size_t rows, double below)
{
    size_t best = rows;

    for (size_t i = 0; i < rows; i++) {
        const struct ps_front_line *line = &front->lines[i];

        if (line->size < below && may_be_title(line) &&
            (best == rows || line->size > 1.03 * front->lines[best].size))
            best = i;
    }
    return best;
}

/* Joins the rows from first on that have the same size and are close together. Returns the cleaned
 * title, NULL if it is not one. */
static char *title_from(const struct ps_front_matter *front, size_t rows, size_t first,
                        const char *number, size_t *out_line)
{
    struct ps_buf text;
    size_t at = first;
    char *title;

    ps_buf_init(&text, TITLE_TEXT_MAX);
    for (; at < rows && at - first < TITLE_LINES_MAX; at++) {
        const struct ps_front_line *line = &front->lines[at];
        const struct ps_front_line *before = &front->lines[at > first ? at - 1 : at];

        if (at > first && (line->size < 0.88 * before->size || line->size > 1.12 * before->size ||
                           line->top - before->top > 2.2 * before->size || !may_be_title(line) ||
                           ps_author_name_is(line->text)))
            break;
        /* No space after a hyphen at the end of a line: "UTF-" and "16" are "UTF-16". */
        if (at > first &&
            (text.len < 2 || text.data[text.len - 1] != '-' || text.data[text.len - 2] == ' '))
            (void)ps_buf_char(&text, ' ');
        (void)ps_buf_text(&text, line->text);
    }
    title = ps_title_clean(ps_buf_str(&text), text.len, number);
    ps_buf_clear(&text);
    *out_line = at - 1;
    return title;
}

static char *title_of_rows(const struct ps_front_matter *front, size_t rows, const char *number,
                           size_t *out_line)
{
    double below = 1e9;

    for (int i = 0; i < TITLE_TRIES; i++) {
        size_t row = largest_row(front, rows, below);
        char *title;

        if (row == rows)
            return NULL;
        title = title_from(front, rows, row, number, out_line);
        if (title != NULL)
            return title;
        below = 0.97 * front->lines[row].size;
    }
    return NULL;
}

static void read_title(const struct ps_front_matter *front, size_t rows,
                       const struct ps_pdf_texts *texts, struct ps_document *document,
                       size_t *out_line)
{
    char *number = ps_front_matter_number(front);
    char *info = info_value(texts, "Title");
    char *named = info == NULL ? NULL : ps_title_clean(info, strlen(info), number);
    size_t line;
    char *largest = title_of_rows(front, rows, number, &line);
    size_t len = named == NULL ? 0 : strlen(named);
    /* The metadata may have only the first half of a title: "Queues" for "Queues: the ones that
     * forget". */
    bool half = named != NULL && largest != NULL && strncasecmp(named, largest, len) == 0 &&
                largest[len] == ':';

    if (named != NULL && is_shown(front, rows, texts, named, out_line) && !half) {
        document->title = named;
        named = NULL;
    } else if (largest != NULL) {
        *out_line = line;
        document->title = largest;
        largest = NULL;
    } else {
        document->title = named;
        named = NULL;
    }
    if (document->title == NULL && ps_front_matter_title_field(front) != NULL)
        document->title = ps_title_clean(ps_front_matter_title_field(front),
                                         strlen(ps_front_matter_title_field(front)), number);
    free(largest);
    free(named);
    free(info);
    free(number);
}

static void read_words(const struct ps_pdf_texts *texts, struct ps_document *document)
{
    struct ps_text_words *words;

    if (texts->text == NULL)
        return;
    words = ps_text_words_create(PS_DOCUMENT_WORDS, PS_DOCUMENT_WORDS_MAX);
    (void)ps_text_words_add(words, texts->text, texts->text_len);
    document->words = ps_text_words_take(words);
    ps_text_words_destroy(words);
}

void ps_pdf_document_parse(const struct ps_pdf_texts *texts, struct ps_document *out_document)
{
    struct ps_front_matter *front = ps_front_matter_create();
    size_t rows = 0;
    size_t title_line;

    memset(out_document, 0, sizeof(*out_document));
    if (texts->layout != NULL)
        rows = ps_pdf_layout_read(texts->layout,
                                  texts->layout_len < PS_PDF_LAYOUT_MAX ? texts->layout_len
                                                                        : PS_PDF_LAYOUT_MAX,
                                  PS_PDF_LAYOUT_PAGES, front);
    title_line = front->count;
    read_title(front, rows, texts, out_document, &title_line);
    ps_front_matter_authors(front, title_line, out_document);
    if (out_document->author_count == 0) {
        char *author = info_value(texts, "Author");

        if (author != NULL)
            ps_author_names_add(out_document, author, PS_AUTHOR_GUESS);
        free(author);
    }
    read_words(texts, out_document);
    ps_front_matter_destroy(front);
}
