/* HTML bytes to events, as tolerant as a browser: the one reader of web pages in this project.
 *
 * Place in the data flow: the scheduler reads open-std.org's yearly page with it, a worker the
 * documents of drafts. Over libxml2's HTML parser; no tree is made, so memory does not grow with
 * the document, and nothing external is ever loaded. A hostile page costs bounded CPU time: reading
 * ends at elements nested too deeply or at a tag with too many attributes, and the events up to
 * there count. */
#ifndef PS_CORE_HTML_H
#define PS_CORE_HTML_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Texts are borrowed for the call and valid UTF-8. Each may be NULL. */
struct ps_html_events {
    /* attributes: name, value, name, value …, ended by NULL; NULL for none; a value may be NULL. */
    void (*on_start)(void *cookie, const char *name, const char *const *attributes);
    void (*on_end)(void *cookie, const char *name); /* comes for elements left open too */
    /* False: that is enough, nothing more is read. */
    bool (*on_text)(void *cookie, const char *text, size_t len);
};

enum {
    PS_HTML_PIECE = 4000,    /* bytes that the parser is given at once */
    PS_HTML_PIECE_MIN = 256, /* fewer, and the parser does not see enough of what lies ahead */
};

/* charset: that of its Content-Type, NULL when the server names none; see text_decode.h. */
void ps_html_read(const char *html, size_t len, const char *charset,
                  const struct ps_html_events *events, void *cookie);

/* As ps_html_read with another size of the parser's pieces, at least PS_HTML_PIECE_MIN. The events
 * do not depend on it, except for where a text is divided; only tests have a reason to set it. */
void ps_html_read_pieces(const char *html, size_t len, const char *charset, size_t piece,
                         const struct ps_html_events *events, void *cookie);

/* Gives the charset parameter of a Content-Type, NULL for none. */
char *ps_html_charset(const char *content_type) PS_MUST_USE;

#endif
