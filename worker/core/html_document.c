#include "worker/core/html_document.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/html.h"
#include "shared/core/text_normalize.h"
#include "worker/core/author_names.h"
#include "worker/core/document_title.h"
#include "worker/core/front_matter.h"
#include "worker/core/text_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The parser's events pass through three collectors at once:
 *
 *     <title>, <meta name=author>      the reader's title and meta_authors
 *     visible text, line by line       front_matter, until it is full
 *     visible text, word by word       text_words, until there are enough
 *
 * Reading ends when both the lines and the words are full; most of a long paper is never parsed. */

enum {
    TITLE_TEXT_MAX = 2000, /* bytes of <title>; a longer one is cut */
    BOXES_MAX = 32,        /* nested tables and lists; deeper ones count as their parent */
    AUTHORS_TEXT_MAX = 2000,
    SHOWN_LINES = 40,
};

struct reader {
    struct ps_text_words *words;
    struct ps_front_matter *front;
    struct ps_buf line;
    struct ps_front_line like; /* properties of the line that is being read */
    struct ps_buf title;       /* text of <title> */
    struct ps_buf meta_authors;
    int boxes[BOXES_MAX];
    int depth; /* nesting of boxes; may exceed BOXES_MAX */
    int box_count;
    int pre;
    int unseen;  /* depth in elements that do not belong to the front matter */
    int dropped; /* depth in an element whose text is an employer */
    bool in_title;
    bool after_term; /* the next dd is the first of its dt */
    bool gap;        /* the last character in <pre> was a space; another one starts a column */
    bool words_full;
    bool front_full;
};

static bool is_named(const char *name, const char *want)
{
    return strcasecmp(name, want) == 0;
}

static const char *attribute(const char *const *attributes, const char *name)
{
    for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
        if (strcasecmp(attributes[i], name) == 0)
            return attributes[i + 1];
    return NULL;
}

/* Whether the class attribute contains the class want. */
static bool has_class(const char *classes, const char *want)
{
    size_t n = strlen(want);

    for (const char *at = classes; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, " \t\r\n");

        if (len == n && strncasecmp(at, want, n) == 0)
            return true;
        at += len;
        at += strspn(at, " \t\r\n");
    }
    return false;
}

static void end_line(struct reader *reader)
{
    if (!reader->front_full && reader->line.len > 0)
        reader->front_full =
            !ps_front_matter_add(reader->front, reader->line.data, reader->line.len, &reader->like);
    ps_buf_reset(&reader->line);
    reader->like.has_mail = false;
    reader->gap = false;
}

static void append(struct reader *reader, const char *text, size_t len)
{
    if (!ps_buf_add(&reader->line, text, len)) {
        size_t room = reader->line.cap - reader->line.len;

        (void)ps_buf_add(&reader->line, text, ps_utf8_cut(text, len, room));
    }
}

static bool is_box(const char *name)
{
    return is_named(name, "table") || is_named(name, "dl") || is_named(name, "ul") ||
           is_named(name, "ol") || is_named(name, "pre");
}

/* Whether an element does not belong to the front matter, visible or not. */
static bool is_unseen(const char *name)
{
    return ps_text_words_html_is_hidden(name) || is_named(name, "nav") || is_named(name, "button");
}

static void leave_box(struct reader *reader)
{
    if (reader->depth > 0)
        reader->depth--;
    reader->like.container =
        reader->depth == 0
            ? 0
            : reader->boxes[reader->depth <= BOXES_MAX ? reader->depth - 1 : BOXES_MAX - 1];
}

static void start_block(struct reader *reader, const char *name, const char *const *attributes)
{
    const char *classes = attribute(attributes, "class");
    const char *id = attribute(attributes, "id");

    if (is_named(name, "td") || is_named(name, "th")) {
        /* cells of a row stand on one line; an empty first cell leaves its mark */
        if (reader->after_term)
            append(reader, "\t", 1);
        reader->after_term = true;
        return;
    }
    if (is_named(name, "dd") && reader->after_term) {
        append(reader, "\t", 1);
        reader->after_term = false;
        reader->like.is_author = has_class(classes, "p-author");
        return;
    }
    end_line(reader);
    reader->like.is_author = false;
    if (is_named(name, "br"))
        return;
    reader->after_term = is_named(name, "dt");
    reader->like.paragraph++;
    reader->like.heading = 0;
    if ((name[0] == 'h' || name[0] == 'H') && name[1] >= '1' && name[1] <= '6' && name[2] == '\0')
        reader->like.heading = name[1] - '0';
    reader->like.is_title =
        reader->like.heading > 0 && (has_class(classes, "title") || has_class(classes, "p-name") ||
                                     (id != NULL && is_named(id, "title")));
    if (!reader->like.is_title)
        reader->like.is_title =
            (is_named(name, "p") || is_named(name, "div")) &&
            (has_class(classes, "title") || (id != NULL && is_named(id, "title")));
    reader->like.is_author = has_class(classes, "author") || has_class(classes, "p-author") ||
                             has_class(classes, "authors");
    if (is_box(name)) {
        if (reader->depth < BOXES_MAX)
            reader->boxes[reader->depth] = ++reader->box_count;
        reader->depth++;
        reader->like.container =
            reader->boxes[reader->depth <= BOXES_MAX ? reader->depth - 1 : BOXES_MAX - 1];
    }
    reader->pre += is_named(name, "pre");
}

static void on_start(void *cookie, const char *name, const char *const *attributes)
{
    struct reader *reader = cookie;

    if (!reader->words_full)
        ps_text_words_html_start(reader->words, name);
    if (is_named(name, "title"))
        reader->in_title = true;
    if (is_named(name, "meta") && attribute(attributes, "name") != NULL &&
        is_named(attribute(attributes, "name"), "author") &&
        attribute(attributes, "content") != NULL) {
        (void)ps_buf_text(&reader->meta_authors, attribute(attributes, "content"));
        (void)ps_buf_char(&reader->meta_authors, '\n');
    }
    if (reader->front_full)
        return;
    if (is_unseen(name)) {
        reader->unseen++;
        return;
    }
    if (reader->unseen > 0)
        return;
    if (ps_text_words_html_is_inline(name)) {
        const char *classes = attribute(attributes, "class");

        const char *link = is_named(name, "a") ? attribute(attributes, "href") : NULL;

        if (link != NULL && strncasecmp(link, "mailto:", 7) == 0)
            reader->like.has_mail = true;
        if (reader->dropped > 0 || has_class(classes, "p-org") || has_class(classes, "org"))
            reader->dropped++;
        return;
    }
    start_block(reader, name, attributes);
}

static void on_end(void *cookie, const char *name)
{
    struct reader *reader = cookie;

    if (!reader->words_full)
        ps_text_words_html_end(reader->words, name);
    if (is_named(name, "title"))
        reader->in_title = false;
    if (reader->front_full)
        return;
    if (is_unseen(name)) {
        reader->unseen -= reader->unseen > 0;
        return;
    }
    if (reader->unseen > 0 || is_named(name, "br"))
        return;
    if (ps_text_words_html_is_inline(name)) {
        reader->dropped -= reader->dropped > 0;
        /* "<b>Authors</b> A. Author": a bold name of a field needs no colon. */
        if ((is_named(name, "b") || is_named(name, "strong")) && reader->line.len > 0 &&
            ps_front_label_is(reader->line.data, reader->line.len))
            append(reader, "\t", 1);
        return;
    }
    if (is_named(name, "td") || is_named(name, "th") || is_named(name, "dt"))
        return;
    end_line(reader);
    reader->like.paragraph++;
    reader->like.heading = 0;
    reader->like.is_title = false;
    reader->like.is_author = false;
    reader->after_term = false;
    if (is_box(name))
        leave_box(reader);
    reader->pre -= is_named(name, "pre") && reader->pre > 0;
}

/* In <pre> line ends are kept, and several spaces or a tab start another column. */
static void put_preformatted(struct reader *reader, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t end = at;

        if (text[at] == '\n') {
            end_line(reader);
            at++;
            continue;
        }
        if (text[at] == '\t' || (text[at] == ' ' && reader->gap)) {
            if (reader->line.len == 0 || reader->line.data[reader->line.len - 1] != '\t')
                append(reader, "\t", 1);
            at++;
            continue;
        }
        reader->gap = text[at] == ' ';
        if (reader->gap) {
            append(reader, " ", 1);
            at++;
            continue;
        }
        while (end < len && text[end] != '\n' && text[end] != '\t' && text[end] != ' ')
            end++;
        append(reader, text + at, end - at);
        at = end;
    }
}

/* Elsewhere line ends and tabs of the source are spaces. */
static void put_flowing(struct reader *reader, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t end = at;

        while (end < len && text[end] != '\t' && text[end] != '\n')
            end++;
        append(reader, text + at, end - at);
        if (end < len)
            append(reader, " ", 1);
        at = end + 1;
    }
}

static bool on_text(void *cookie, const char *text, size_t len)
{
    struct reader *reader = cookie;

    if (reader->in_title && !ps_buf_add(&reader->title, text, len))
        reader->in_title = false;
    if (!reader->words_full)
        reader->words_full = !ps_text_words_html_text(reader->words, text, len);
    if (!reader->front_full && reader->unseen == 0 && reader->dropped == 0) {
        if (reader->pre > 0)
            put_preformatted(reader, text, len);
        else
            put_flowing(reader, text, len);
    }
    return !reader->words_full || !reader->front_full;
}

/* Whether text is the short name that Bikeshed puts on a line before the title: "queues.forgetR2".
 */
static bool is_short_name(const char *text)
{
    size_t len = strlen(text);
    size_t digits = 0;

    while (digits < len && text[len - 1 - digits] >= '0' && text[len - 1 - digits] <= '9')
        digits++;
    return digits > 0 && digits + 1 < len && text[len - 1 - digits] == 'R' &&
           strchr(text, ' ') == NULL;
}

/* Whether a heading is that of a section: "1. Motivation", "Changes since N9000". Such a page has
 * its title in another element. */
static bool is_section(const char *heading)
{
    static const struct {
        const char *start;
        bool whole; /* "Proposal" is a section, but "Proposal for queues" may be a title */
    } names[] = {
        {"introduction",      true },
        { "motivation",       true },
        { "abstract",         true },
        { "overview",         true },
        { "background",       true },
        { "summary",          true },
        { "history",          true },
        { "contents",         true },
        { "problem",          true },
        { "scope",            true },
        { "proposal",         true },
        { "discussion",       true },
        { "changes since ",   false},
        { "changelog",        false},
        { "change log",       false},
        { "revision history", false},
    };

    if (heading[0] >= '0' && heading[0] <= '9' && heading[strspn(heading, "0123456789")] == '.')
        return true;
    for (size_t i = 0; i < PS_COUNT_OF(names); i++) {
        size_t n = strlen(names[i].start);

        if (strncasecmp(heading, names[i].start, n) == 0 && (!names[i].whole || heading[n] == '\0'))
            return true;
    }
    return false;
}

/* Returns the title in the first lines that are marked up as the title (marked), or that are a
 * heading of this level. Sets *out_line to the index of its last line. Returns NULL if there is
 * none, owned by the caller otherwise. */
static char *title_of_lines(const struct ps_front_matter *front, bool marked, int level,
                            const char *number, size_t *out_line)
{
    for (size_t i = 0; i < front->count; i++) {
        const struct ps_front_line *line = &front->lines[i];
        struct ps_buf text;
        size_t next = i;
        char *title;
        bool is_end;

        if (marked ? !line->is_title : line->heading != level)
            continue;
        ps_buf_init(&text, TITLE_TEXT_MAX);
        if (marked && is_short_name(line->text) && next + 1 < front->count &&
            line[1].paragraph == line->paragraph)
            next++;
        while (next < front->count && front->lines[next].paragraph == line->paragraph) {
            (void)ps_buf_text(&text, text.len == 0 ? "" : " ");
            (void)ps_buf_text(&text, front->lines[next++].text);
        }
        title = ps_title_clean(ps_buf_str(&text), text.len, number);
        is_end = !marked && is_section(ps_buf_str(&text));
        ps_buf_clear(&text);
        if (is_end) { /* the first section: the title is not a heading */
            free(title);
            return NULL;
        }
        if (title != NULL) {
            *out_line = next - 1;
            return title;
        }
        i = next - 1;
    }
    return NULL;
}

/* Whether two titles differ in spaces at most. */
static bool is_same_title(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, " ");
        b += strspn(b, " ");
        if (*a != *b)
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

static void read_title(struct reader *reader, struct ps_document *document, size_t *out_line)
{
    char *number = ps_front_matter_number(reader->front);
    char *heading = title_of_lines(reader->front, true, 0, number, out_line);
    char *named = ps_title_clean(ps_buf_str(&reader->title), reader->title.len, number);
    bool marked = heading != NULL, shown = false;

    if (!marked)
        heading = title_of_lines(reader->front, false, 1, number, out_line);
    /* A heading that the page shows wins over <title>. Nobody sees <title>: authors forget to
     * change it in a copy of an older paper, and some editors add their own name to it. */
    for (size_t i = 0; named != NULL && i < reader->front->count && i < SHOWN_LINES; i++)
        shown = shown || (reader->front->lines[i].heading != 1 &&
                          is_same_title(reader->front->lines[i].text, named));
    if (heading != NULL && (marked || !shown)) {
        document->title = heading;
        free(named);
    } else {
        document->title = named;
        free(heading);
    }
    if (document->title == NULL) {
        const char *field = ps_front_matter_title_field(reader->front);

        document->title = field == NULL ? title_of_lines(reader->front, false, 2, number, out_line)
                                        : ps_title_clean(field, strlen(field), number);
    }
    free(number);
}

void ps_html_document_parse(const char *html, size_t len, const char *charset,
                            struct ps_document *out_document)
{
    static const struct ps_html_events events = { on_start, on_end, on_text };
    struct reader reader = { .words =
                                 ps_text_words_create(PS_DOCUMENT_WORDS, PS_DOCUMENT_WORDS_MAX),
                             .front = ps_front_matter_create() };
    size_t title_line;

    memset(out_document, 0, sizeof(*out_document));
    ps_buf_init(&reader.line, PS_FRONT_LINE_MAX);
    ps_buf_init(&reader.title, TITLE_TEXT_MAX);
    ps_buf_init(&reader.meta_authors, AUTHORS_TEXT_MAX);
    ps_html_read(html, len, charset, &events, &reader);
    end_line(&reader);
    title_line = reader.front->count;
    read_title(&reader, out_document, &title_line);
    ps_front_matter_authors(reader.front, title_line, out_document);
    if (out_document->author_count == 0)
        ps_author_names_add(out_document, ps_buf_str(&reader.meta_authors), PS_AUTHOR_FIELD);
    out_document->words = ps_text_words_take(reader.words);
    ps_text_words_destroy(reader.words);
    ps_front_matter_destroy(reader.front);
    ps_buf_clear(&reader.line);
    ps_buf_clear(&reader.title);
    ps_buf_clear(&reader.meta_authors);
}
