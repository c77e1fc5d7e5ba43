/* Converts the bytes of a web page to UTF-8: finds the encoding as a browser does, and decodes.
 *
 * Place in the data flow: before the HTML parser, which then always sees valid UTF-8. It follows
 * the WHATWG standards (Encoding; HTML, "determining the character encoding"): a byte order mark
 * comes first, then the charset that the server names, then the document's own declaration, then
 * UTF-8 where the bytes are valid UTF-8, else windows-1252. An invalid byte
 * becomes one character, U+FFFD, and never costs the rest of the document.
 *
 * Pure. The tables of the Asian and of most 8-bit encodings are those of the C library's iconv. If
 * it lacks one, the document is decoded as if it declared nothing. */
#ifndef PS_CORE_TEXT_DECODE_H
#define PS_CORE_TEXT_DECODE_H
#include "shared/core/base.h"

#include <stddef.h>

struct ps_text_encoding; /* a row of text_encoding.def */

/**
 * ps_text_encoding_find(label, len): Return the encoding that ${label} stands for, whatever its
 * case and white space around it ("latin1" and "us-ascii" are windows-1252), NULL if no encoding
 * does.
 */
const struct ps_text_encoding *ps_text_encoding_find(const char *label, size_t len);
const char *ps_text_encoding_name(const struct ps_text_encoding *encoding); /* WHATWG's; static */

/**
 * ps_text_encoding_declared(html, len): Return the encoding that an HTML document declares in a
 * meta element or an XML declaration near its beginning, NULL for none. UTF-16 declared in a meta
 * element means UTF-8: the declaration itself could not be read otherwise.
 */
const struct ps_text_encoding *ps_text_encoding_declared(const char *html, size_t len);

struct ps_text_decoded {
    char *text; /* owned, never NULL, valid UTF-8 without a byte order mark; may contain NUL */
    size_t len;
    const struct ps_text_encoding *encoding; /* the one that was used */
};

/**
 * ps_text_decode(bytes, len, charset): Return ${bytes} as UTF-8. ${charset} is that of the
 * Content-Type; NULL or unknown when the server names none. The text is at most three times as long
 * as ${bytes}.
 */
struct ps_text_decoded ps_text_decode(const char *bytes, size_t len,
                                      const char *charset) PS_MUST_USE;

#endif
