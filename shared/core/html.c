#include "shared/core/html.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>

enum { CHUNK = 16384 };

struct walk {
    const struct ps_html_events *events;
    void *cookie;
    htmlParserCtxtPtr parser;
    bool enough;
};

static void on_start(void *cookie, const xmlChar *name, const xmlChar **attributes)
{
    const struct walk *walk = cookie;

    if (walk->events->on_start != NULL && !walk->enough)
        walk->events->on_start(walk->cookie, (const char *)name, (const char *const *)attributes);
}

static void on_end(void *cookie, const xmlChar *name)
{
    const struct walk *walk = cookie;

    if (walk->events->on_end != NULL && !walk->enough)
        walk->events->on_end(walk->cookie, (const char *)name);
}

static void on_text(void *cookie, const xmlChar *text, int len)
{
    struct walk *walk = cookie;

    if (walk->events->on_text == NULL || walk->enough || len <= 0)
        return;
    walk->enough = !walk->events->on_text(walk->cookie, (const char *)text, (size_t)len);
    if (walk->enough)
        xmlStopParser(walk->parser);
}

static xmlCharEncoding encoding_of(const char *name)
{
    xmlCharEncoding encoding = XML_CHAR_ENCODING_NONE;

    if (name != NULL)
        encoding = xmlParseCharEncoding(name);
    /* what the sender calls by a name nobody knows is taken for what nearly all of it is */
    return encoding == XML_CHAR_ENCODING_ERROR ? XML_CHAR_ENCODING_UTF8 : encoding;
}

/* The parser's own words about a document go nowhere: a site must not write into our log. */
static void ignore_error(void *cookie, const char *format, ...)
{
    (void)cookie;
    (void)format;
}

void ps_html_read(const char *html, size_t len, const char *encoding,
                  const struct ps_html_events *events, void *cookie)
{
    struct walk walk = { .events = events, .cookie = cookie };
    htmlSAXHandler sax;

    /* Entities are the HTML ones built into the parser. */
    xmlSetGenericErrorFunc(NULL, ignore_error);
    memset(&sax, 0, sizeof(sax));
    sax.startElement = on_start;
    sax.endElement = on_end;
    sax.characters = on_text;
    sax.ignorableWhitespace = on_text;
    walk.parser = htmlCreatePushParserCtxt(&sax, &walk, NULL, 0, NULL, encoding_of(encoding));
    if (walk.parser == NULL)
        return;
    htmlCtxtUseOptions(walk.parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                        HTML_PARSE_NONET | HTML_PARSE_NODEFDTD);
    for (size_t at = 0; at < len && !walk.enough; at += CHUNK)
        htmlParseChunk(walk.parser, html + at, (int)(len - at < CHUNK ? len - at : CHUNK), 0);
    if (!walk.enough)
        htmlParseChunk(walk.parser, html, 0, 1);
    if (walk.parser->myDoc != NULL)
        xmlFreeDoc(walk.parser->myDoc);
    htmlFreeParserCtxt(walk.parser);
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
