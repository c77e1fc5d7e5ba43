#include "shared/core/html.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <libxml/HTMLparser.h>
#include <string.h>
#include <strings.h>

/* libxml2 2.9 compares an end tag with every element that is open, and an attribute with every one
 * before it in its tag: 2 MiB of either cost minutes. No page that people write comes near these.
 */
enum { CHUNK = 2048, DEPTH_MAX = 128, NAMES_MAX = 512, LONG_TAG = 8192, NAMED_WITHIN = 4096 };

struct walk {
    const struct ps_html_events *events;
    void *cookie;
    htmlParserCtxtPtr parser;
    int depth;
    size_t looked; /* bytes of a start tag without an end that were looked through */
    bool enough;
};

static void stop(struct walk *walk)
{
    walk->enough = true;
    xmlStopParser(walk->parser);
}

static void on_start(void *cookie, const xmlChar *name, const xmlChar **attributes)
{
    struct walk *walk = cookie;

    if (walk->events->on_start != NULL && !walk->enough)
        walk->events->on_start(walk->cookie, (const char *)name, (const char *const *)attributes);
    if (++walk->depth > DEPTH_MAX)
        stop(walk);
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
        stop(walk);
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.:", c) != NULL) || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Past a quoted value that begins at, which is after its '='; at where there is none, NULL where it
 * has not ended yet. */
static const char *past_value(const char *at, const char *end)
{
    const char *quote = at;

    while (quote < end && is_blank(*quote))
        quote++;
    if (quote == end || (*quote != '"' && *quote != '\''))
        return at;
    at = memchr(quote + 1, *quote, (size_t)(end - quote - 1));
    return at == NULL ? NULL : at + 1;
}

/* A start tag whose end has not come yet, and that has too many attributes already: names outside
 * of quoted values say how many. */
static bool has_too_many_attributes(struct walk *walk)
{
    const char *at = (const char *)walk->parser->input->cur;
    const char *end = (const char *)walk->parser->input->end;
    size_t len = (size_t)(end - at);
    bool in_name = false;
    int names = 0;

    /* a picture within its tag is long: what was looked through is not at each of its pieces */
    if (len < walk->looked + walk->looked / 2 && len >= walk->looked)
        return false;
    walk->looked = len >= LONG_TAG ? len : 0;
    if (len < 2 || at[0] != '<' || !is_name(at[1]))
        return false;
    for (at++; at != NULL && at < end && names <= NAMES_MAX;) {
        char c = *at++;

        names += is_name(c) && !in_name;
        in_name = is_name(c);
        if (c == '=')
            at = past_value(at, end);
    }
    return names > NAMES_MAX;
}

/* A mark at the beginning that tells the encoding (HTML standard, 13.2.3.1); its bytes are skipped.
 */
static xmlCharEncoding encoding_of_mark(const char **html, size_t *len)
{
    static const struct {
        const char *bytes;
        size_t len;
        xmlCharEncoding encoding;
    } marks[] = {
        {"\xEF\xBB\xBF", 3, XML_CHAR_ENCODING_UTF8   },
        { "\xFF\xFE",    2, XML_CHAR_ENCODING_UTF16LE},
        { "\xFE\xFF",    2, XML_CHAR_ENCODING_UTF16BE},
    };

    for (size_t i = 0; i < PS_COUNT_OF(marks); i++) {
        if (*len < marks[i].len || memcmp(*html, marks[i].bytes, marks[i].len) != 0)
            continue;
        *html += marks[i].len;
        *len -= marks[i].len;
        return marks[i].encoding;
    }
    return XML_CHAR_ENCODING_NONE;
}

/* Whether the document tells its charset itself, where a parser looks for it. */
static bool names_charset(const char *html, size_t len)
{
    for (size_t i = 0; i + 7 <= len && i < NAMED_WITHIN; i++)
        if (strncasecmp(html + i, "charset", 7) == 0)
            return true;
    return false;
}

/* What nobody tells the charset of is taken for Latin-1 by the parser; what is valid UTF-8 is that.
 */
static xmlCharEncoding encoding_of(const char *name, const char *html, size_t len)
{
    xmlCharEncoding encoding = XML_CHAR_ENCODING_NONE;

    if (name != NULL)
        encoding = xmlParseCharEncoding(name);
    else if (!names_charset(html, len) && ps_utf8_valid(html, ps_utf8_cut(html, len, len)))
        encoding = XML_CHAR_ENCODING_UTF8;
    /* what the sender calls by a name nobody knows is taken for what nearly all of it is */
    return encoding == XML_CHAR_ENCODING_ERROR ? XML_CHAR_ENCODING_UTF8 : encoding;
}

/* The parser's own words about a document go nowhere: a site must not write into our log. */
static void ignore_error(void *cookie, const char *format, ...)
{
    (void)cookie;
    (void)format;
}

void ps_html_read(const char *html, size_t len, const char *charset,
                  const struct ps_html_events *events, void *cookie)
{
    struct walk walk = { .events = events, .cookie = cookie };
    xmlCharEncoding encoding = encoding_of_mark(&html, &len);
    htmlSAXHandler sax;

    if (encoding == XML_CHAR_ENCODING_NONE)
        encoding = encoding_of(charset, html, len);

    /* Entities are the HTML ones built into the parser. */
    xmlSetGenericErrorFunc(NULL, ignore_error);
    memset(&sax, 0, sizeof(sax));
    sax.startElement = on_start;
    sax.endElement = on_end;
    sax.characters = on_text;
    sax.ignorableWhitespace = on_text;
    walk.parser = htmlCreatePushParserCtxt(&sax, &walk, NULL, 0, NULL, encoding);
    if (walk.parser == NULL)
        return;
    htmlCtxtUseOptions(walk.parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                        HTML_PARSE_NONET | HTML_PARSE_NODEFDTD);
    for (size_t at = 0; at < len && !walk.enough; at += CHUNK) {
        htmlParseChunk(walk.parser, html + at, (int)(len - at < CHUNK ? len - at : CHUNK), 0);
        if (!walk.enough && has_too_many_attributes(&walk))
            stop(&walk);
    }
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
