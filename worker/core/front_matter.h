/* The lines at the top of a document, and the rules that find its number and its authors in them.
 *
 * Place in the data flow: html_document and pdf_document turn markup and layout into these lines.
 *
 * The rules about fields ("Reply-to:"), by-lines and titles are here, once for both kinds. They
 * come from reading thousands of committee papers: a change must pass the corpus of tests/unit,
 * where each odd layout that was met is a case. Pure. */
#ifndef PS_WORKER_CORE_FRONT_MATTER_H
#define PS_WORKER_CORE_FRONT_MATTER_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PS_FRONT_LINES_MAX = 240,
    PS_FRONT_LINE_MAX = 1000, /* bytes of a line; a longer one is cut */
};

struct ps_front_line {
    char *text;     /* owned; see ps_text_line; a '\t' at the start is an empty first cell */
    double size;    /* height of the largest letters in points; 0: unknown (HTML) */
    double left;    /* left edge of the text after the last '\t', in points */
    double top;     /* upper edge in points; 0: unknown */
    int heading;    /* 1 to 6 for h1 to h6, else 0 */
    int container;  /* number of the innermost table or list around it; 0 for none */
    int paragraph;  /* number that the lines of one paragraph share */
    bool is_title;  /* marked up as the title */
    bool is_author; /* marked up as an author */
    bool has_mail;  /* links to an address, or shows one */
};

struct ps_front_matter {
    struct ps_front_line lines[PS_FRONT_LINES_MAX];
    size_t count;
};

struct ps_front_matter *ps_front_matter_create(void);        /* without lines; never NULL */
void ps_front_matter_destroy(struct ps_front_matter *front); /* NULL is fine */

/**
 * ps_front_matter_add(front, text, len, like): Append a line made of ${text}, with the other fields
 * of ${like}. An empty line is not added. Return false when the lines are full.
 */
bool ps_front_matter_add(struct ps_front_matter *front, const char *text, size_t len,
                         const struct ps_front_line *like);

/* Returns the document's own number, owned by the caller, as its field or the first lines have it;
 * NULL when there is none. */
char *ps_front_matter_number(const struct ps_front_matter *front) PS_MUST_USE;

/* Returns the value of the field "Title" or "Subject", borrowed, NULL when there is none. */
const char *ps_front_matter_title_field(const struct ps_front_matter *front);

/* Whether the whole text is the name of a known field. */
bool ps_front_label_is(const char *text, size_t len);

/* Whether the line begins with the name of a known field: "Date:", "Reply-to: A. Author". */
bool ps_front_line_is_field(const struct ps_front_line *line);

/**
 * ps_front_matter_authors(front, title_line, document): Append the authors to ${document}: those
 * of a field, else those that are marked up as authors, else those of the by-line near the title.
 * ${title_line} is the index of the title's last line, front->count if the title is not among the
 * lines.
 */
void ps_front_matter_authors(const struct ps_front_matter *front, size_t title_line,
                             struct ps_document *document);

#endif
