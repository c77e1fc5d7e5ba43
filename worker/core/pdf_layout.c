#include "worker/core/pdf_layout.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The input is XHTML that pdftotext printed: <page>, <flow>, <block>, <line> and <word>, the last
 * three with a bounding box in points, its origin at the upper left. It is scanned for those tags
 * and not parsed as XML, because it may be cut off anywhere. */

enum {
    PIECES_MAX = 600, /* lines of a page */
    WORD_MAX = 200,   /* bytes of one word */
    NUMBER_MAX = 24,  /* bytes of a coordinate */
    COORDINATE_MAX = 20000,
};

struct box {
    double left, top, right, bottom;
};

/* A line as poppler sees it: a part of a row. */
struct piece {
    struct box box;
    double size; /* mean height of its letters */
    char *text;
};

struct page {
    struct piece *pieces;
    size_t count;
};

static struct ps_str attribute_of(struct ps_str tag, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + n + 2 < tag.len; i++) {
        const char *end;

        if (tag.data[i] != ' ' || memcmp(tag.data + i + 1, name, n) != 0 ||
            tag.data[i + 1 + n] != '=')
            continue;
        i += n + 2;
        if (tag.data[i] != '"')
            break;
        end = memchr(tag.data + i + 1, '"', tag.len - i - 1);
        return end == NULL ? (struct ps_str){ NULL, 0 }
                           : (struct ps_str){ tag.data + i + 1, (size_t)(end - tag.data) - i - 1 };
    }
    return (struct ps_str){ NULL, 0 };
}

static double coordinate(struct ps_str tag, const char *name)
{
    struct ps_str value = attribute_of(tag, name);
    double number;

    if (value.len == 0 || value.len > NUMBER_MAX ||
        !ps_str_real(value, -COORDINATE_MAX, COORDINATE_MAX, &number))
        return 0;
    return number;
}

static struct box box_of(struct ps_str tag)
{
    return (struct box){ coordinate(tag, "xMin"), coordinate(tag, "yMin"), coordinate(tag, "xMax"),
                         coordinate(tag, "yMax") };
}

/* Appends text and resolves its entities. */
static void add_word(struct ps_buf *buf, struct ps_str text)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&amp;",   '&' },
        { "&lt;",   '<' },
        { "&gt;",   '>' },
        { "&quot;", '"' },
        { "&apos;", '\''},
        { "&#39;",  '\''}
    };

    for (size_t at = 0; at < text.len;) {
        size_t i = 0;

        for (; text.data[at] == '&' && i < PS_COUNT_OF(entities); i++)
            if (text.len - at >= strlen(entities[i].name) &&
                memcmp(text.data + at, entities[i].name, strlen(entities[i].name)) == 0)
                break;
        if (text.data[at] == '&' && i < PS_COUNT_OF(entities)) {
            (void)ps_buf_char(buf, entities[i].c);
            at += strlen(entities[i].name);
        } else {
            (void)ps_buf_char(buf, text.data[at++]);
        }
    }
}

static bool is_tag(struct ps_str tag, const char *name)
{
    size_t n = strlen(name);

    return tag.len >= n && memcmp(tag.data, name, n) == 0 &&
           (tag.len == n || tag.data[n] == ' ' || tag.data[n] == '/');
}

/* Reads the words of one line; at is after "<line …>". Returns the offset after the line. A gap
 * wider than 1.5 letters between two words separates two cells. */
static size_t read_piece(struct ps_str layout, size_t at, struct piece *piece)
{
    struct ps_buf text;
    double right = 0, weight = 0;

    ps_buf_init(&text, PS_FRONT_LINE_MAX);
    while (at < layout.len) {
        const char *open = memchr(layout.data + at, '<', layout.len - at);
        const char *close =
            open == NULL ? NULL : memchr(open, '>', (size_t)(layout.data + layout.len - open));
        struct ps_str tag, word;
        struct box box;
        const char *end;

        if (close == NULL) {
            at = layout.len;
            break;
        }
        tag = (struct ps_str){ open + 1, (size_t)(close - open - 1) };
        if (!is_tag(tag, "word")) {
            /* Either the end of the line, or a tag that cannot be within a line: the input is odd.
             */
            at = (size_t)(open - layout.data) + (is_tag(tag, "/line") ? tag.len + 2 : 0);
            if (is_tag(tag, "/line") || is_tag(tag, "line") || is_tag(tag, "page") ||
                is_tag(tag, "/page"))
                break;
            at = (size_t)(close + 1 - layout.data);
            continue;
        }
        end = memchr(close, '<', (size_t)(layout.data + layout.len - close));
        if (end == NULL)
            end = layout.data + layout.len;
        word = (struct ps_str){ close + 1, (size_t)(end - close - 1) };
        at = (size_t)(end - layout.data);
        if (at < layout.len && layout.len - at >= 7)
            at += 7; /* </word> */
        if (word.len == 0 || word.len > WORD_MAX)
            continue;
        box = box_of(tag);
        if (text.len > 0) {
            double height = box.bottom - box.top;

            (void)ps_buf_char(&text, box.left - right > 1.5 * height ? '\t' : ' ');
        }
        right = box.right;
        piece->size += (box.bottom - box.top) * (double)word.len;
        weight += (double)word.len;
        add_word(&text, word);
    }
    if (weight > 0)
        piece->size /= weight;
    piece->text = ps_buf_take(&text);
    return at;
}

static int by_place(const void *a, const void *b)
{
    const struct piece *one = a, *two = b;
    double middle_one = one->box.top + one->box.bottom, middle_two = two->box.top + two->box.bottom;

    if (middle_one != middle_two)
        return middle_one < middle_two ? -1 : 1;
    return one->box.left < two->box.left ? -1 : one->box.left > two->box.left;
}

static int by_left(const void *a, const void *b)
{
    const struct piece *one = a, *two = b;

    return one->box.left < two->box.left ? -1 : one->box.left > two->box.left;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Makes one row out of pieces, which are at one height. Returns false when front is full. */
static bool add_row(struct ps_front_matter *front, struct piece *pieces, size_t count,
                    double page_top)
{
    struct ps_front_line like = { .left = pieces[0].box.left };
    struct ps_buf text;
    double weight = 0;
    bool room;

    qsort(pieces, count, sizeof(*pieces), by_left);
    ps_buf_init(&text, PS_FRONT_LINE_MAX);
    like.top = pieces[0].box.top + page_top;
    for (size_t i = 0; i < count; i++) {
        double len = (double)strlen(pieces[i].text);

        if (i > 0) {
            bool apart = pieces[i].box.left - pieces[i - 1].box.right > 0.8 * pieces[i].size;

            (void)ps_buf_char(&text, apart ? '\t' : ' ');
            if (apart)
                like.left = pieces[i].box.left;
        } else {
            like.left = pieces[i].box.left;
        }
        (void)ps_buf_text(&text, pieces[i].text);
        like.size += pieces[i].size * len;
        weight += len;
    }
    if (weight > 0)
        like.size /= weight;
    like.top = like.top > 0 ? like.top : 0.001;
    room = ps_front_matter_add(front, ps_buf_str(&text), text.len, &like);
    ps_buf_clear(&text);
    return room;
}

static bool add_rows(struct ps_front_matter *front, struct page *page, double page_top)
{
    bool room = true;

    qsort(page->pieces, page->count, sizeof(*page->pieces), by_place);
    for (size_t i = 0; i < page->count && room;) {
        struct box row = page->pieces[i].box;
        size_t end = i + 1;

        /* Pieces are at one height if they overlap by more than half of the smaller one. */
        for (; end < page->count; end++) {
            struct box other = page->pieces[end].box;
            double top = row.top > other.top ? row.top : other.top;
            double overlap = smaller(row.bottom, other.bottom) - top;

            if (!(overlap > 0.5 * smaller(row.bottom - row.top, other.bottom - other.top)))
                break;
        }
        room = add_row(front, page->pieces + i, end - i, page_top);
        i = end;
    }
    return room;
}

static void page_clear(struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->pieces[i].text);
    page->count = 0;
}

size_t ps_pdf_layout_read(const char *layout, size_t len, int pages, struct ps_front_matter *front)
{
    struct ps_str all = { layout, len };
    struct page page = { .pieces = ps_alloc_zero(PIECES_MAX, sizeof(struct piece)) };
    double height = 0, page_top = 0;
    int page_number = 0;
    size_t first_page_rows = 0;
    bool room = true;

    for (size_t at = 0; at < len && room;) {
        const char *open = memchr(layout + at, '<', len - at);
        const char *close = open == NULL ? NULL : memchr(open, '>', (size_t)(layout + len - open));
        struct ps_str tag;

        if (close == NULL)
            break;
        tag = (struct ps_str){ open + 1, (size_t)(close - open - 1) };
        at = (size_t)(close + 1 - layout);
        if (is_tag(tag, "page")) {
            if (page_number++ == pages)
                break;
            height = coordinate(tag, "height");
        } else if (is_tag(tag, "/page")) {
            room = add_rows(front, &page, page_top);
            page_clear(&page);
            first_page_rows = page_number == 1 ? front->count : first_page_rows;
            page_top += height;
        } else if (is_tag(tag, "line") && page.count < PIECES_MAX) {
            struct piece piece = { .box = box_of(tag) };

            at = read_piece(all, at, &piece);
            if (piece.text != NULL && piece.text[0] != '\0')
                page.pieces[page.count++] = piece;
            else
                free(piece.text);
        }
    }
    if (page.count > 0 && room)
        (void)add_rows(front, &page, page_top); /* the input ends within a page */
    page_clear(&page);
    free(page.pieces);
    return first_page_rows > 0 ? first_page_rows : front->count;
}
