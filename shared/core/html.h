/* Parses HTML into events, as tolerantly as a browser. All web pages are parsed with it.
 *
 * Place in the data flow: the scheduler reads open-std.org's yearly page with it, a worker the
 * documents of drafts. It uses libxml2's HTML parser without building a tree, so memory does not
 * grow with the document, and it never loads anything external.
 *
 * A hostile page costs bounded CPU time: parsing ends where elements are nested too deeply or a tag
 * has too many attributes. The events up to there count. */
#ifndef PS_CORE_HTML_H
#define PS_CORE_HTML_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Each callback may be NULL. Texts are valid UTF-8 and borrowed for the call. */
struct ps_html_events {
    /* attributes: name, value, name, value …, ended by NULL; NULL for none; a value may be NULL. */
    void (*on_start)(void *cookie, const char *name, const char *const *attributes);
    void (*on_end)(void *cookie, const char *name); /* also for elements that are left open */
    /* Return false to end parsing. */
    bool (*on_text)(void *cookie, const char *text, size_t len);
};

enum {
    PS_HTML_PIECE = 4000,    /* bytes that are passed to the parser at once */
    PS_HTML_PIECE_MIN = 256, /* with fewer the parser does not look far enough ahead */
};

/* charset is that of the Content-Type, NULL when the server names none; see text_decode.h. Borrows
 * everything for the call; events run before it returns. */
void ps_html_read(const char *html, size_t len, const char *charset,
                  const struct ps_html_events *events, void *cookie);

/* As ps_html_read, with another size of the parser's pieces, at least PS_HTML_PIECE_MIN. The size
 * changes only where a text is divided between events. For tests. */
void ps_html_read_pieces(const char *html, size_t len, const char *charset, size_t piece,
                         const struct ps_html_events *events, void *cookie);

/* Returns the charset parameter of a Content-Type, owned by the caller, NULL if there is none. */
char *ps_html_charset(const char *content_type) PS_MUST_USE;

#endif
