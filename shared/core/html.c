#include "shared/core/html.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/text_decode.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libxml2 2.9 compares an end tag with every element that is open, and an attribute with every one
 * before it in its tag: 2 MiB of either cost minutes of CPU time. ATTRIBUTES_MAX and DEPTH_MAX
 * bound that cost; no page that people write comes near either.
 *
 * The pull parser reads through a callback and not from one buffer, because the callback is the
 * only place where a tag that never ends can be noticed before it has cost its time. The push
 * parser of libxml2 2.9.14 cannot be used: it forgets that it is inside a quoted attribute when a
 * piece ends there, and then takes the rest of the document for one tag.
 */
enum { DEPTH_MAX = 128, ATTRIBUTES_MAX = 256 };

struct walk {
    const struct ps_html_events *events;
    void *cookie;
    htmlParserCtxtPtr parser;
    const char *rest; /* the part of the document that the parser has not read */
    size_t rest_len;
    size_t piece; /* most bytes to pass at once */
    int depth;
    bool enough; /* stop: pass nothing more to the parser, and none of its events on */
};

static void on_start(void *cookie, const xmlChar *name, const xmlChar **attributes)
{
    struct walk *walk = cookie;

    if (walk->events->on_start != NULL && !walk->enough)
        walk->events->on_start(walk->cookie, (const char *)name, (const char *const *)attributes);
    if (++walk->depth > DEPTH_MAX)
        walk->enough = true;
}

static void on_end(void *cookie, const xmlChar *name)
{
    struct walk *walk = cookie;

    if (walk->events->on_end != NULL && !walk->enough)
        walk->events->on_end(walk->cookie, (const char *)name);
    walk->depth--;
}

static void on_text(void *cookie, const xmlChar *text, int len)
{
    struct walk *walk = cookie;

    if (walk->events->on_text == NULL || walk->enough || len <= 0)
        return;
    if (!walk->events->on_text(walk->cookie, (const char *)text, (size_t)len))
        walk->enough = true;
}

static int on_read(void *cookie, char *buffer, int room)
{
    struct walk *walk = cookie;
    size_t len = walk->rest_len < walk->piece ? walk->rest_len : walk->piece;

    /* The parser's array of names and values grows as it reads a tag, so its size reveals a tag
     * with too many attributes while the parser is still inside that tag. */
    if (walk->parser->maxatts > 2 * 2 * ATTRIBUTES_MAX)
        walk->enough = true;
    if (walk->enough || room <= 0)
        return 0;
    if (len > (size_t)room)
        len = (size_t)room;
    memcpy(buffer, walk->rest, len);
    walk->rest += len;
    walk->rest_len -= len;
    return (int)len;
}

/* Drops the parser's error messages: they quote the page, and a site must not write to our log. */
static void ignore_error(void *cookie, const char *format, ...)
{
    (void)cookie;
    (void)format;
}

void ps_html_read_pieces(const char *html, size_t len, const char *charset, size_t piece,
                         const struct ps_html_events *events, void *cookie)
{
    struct ps_text_decoded decoded = ps_text_decode(html, len, charset);
    size_t kept = 0;
    struct walk walk = { .events = events,
                         .cookie = cookie,
                         .parser = htmlNewParserCtxt(),
                         .rest = decoded.text,
                         .piece = piece };
    htmlSAXHandler sax = { .startElement = on_start,
                           .endElement = on_end,
                           .characters = on_text,
                           .ignorableWhitespace = on_text };
    htmlDocPtr document;

    /* libxml2 would end the text at a NUL byte; a browser ignores it. */
    for (size_t from = 0; from < decoded.len; from++)
        if (decoded.text[from] != '\0')
            decoded.text[kept++] = decoded.text[from];
    walk.rest_len = kept;
    if (walk.parser != NULL) {
        xmlSetGenericErrorFunc(NULL, ignore_error);
        /* Entities are the HTML ones built into the parser. */
        *walk.parser->sax = sax;
        walk.parser->userData = &walk;
        document =
            htmlCtxtReadIO(walk.parser, on_read, NULL, &walk, NULL, "UTF-8",
                           HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                               HTML_PARSE_NONET | HTML_PARSE_NODEFDTD | HTML_PARSE_IGNORE_ENC);
        if (document != NULL)
            xmlFreeDoc(document);
        htmlFreeParserCtxt(walk.parser);
    }
    free(decoded.text);
}

void ps_html_read(const char *html, size_t len, const char *charset,
                  const struct ps_html_events *events, void *cookie)
{
    ps_html_read_pieces(html, len, charset, PS_HTML_PIECE, events, cookie);
}

char *ps_html_charset(const char *content_type)
{
    struct ps_str rest = ps_str_of(content_type);
    struct ps_str part;

    while (ps_str_next(&rest, ';', &part)) {
        part = ps_str_trim(part);
        if (part.len > 8 && strncasecmp(part.data, "charset=", 8) == 0) {
            part.data += 8;
            part.len -= 8;
            if (part.len > 2 && part.data[0] == '"') {
                part.data++;
                part.len -= 2;
            }
            return ps_alloc_copy(part.data, part.len);
        }
    }
    return NULL;
}
