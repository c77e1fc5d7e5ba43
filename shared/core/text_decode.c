#include "shared/core/text_decode.h"

#include "shared/core/ascii.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

enum {
    /* A browser searches 1,024 bytes, and parses again if a declaration follows later. Some papers
     * have a picture of this length before their declaration. */
    DECLARED_WITHIN = 64 * 1024,
    LABEL_MAX = 32,
    PIECE = 4096,
    GROWTH = 3 /* bytes of UTF-8 that one byte becomes at most */
};

#define REPLACEMENT 0xFFFD
#define SPACES      " \t\n\f\r"

enum method { UTF_8, UTF_16LE, UTF_16BE, WINDOWS_1252, ICONV, ICONV_MULTIBYTE };

struct ps_text_encoding {
    const char *name;
    enum method method;
    const char *iconv_name;
    const char *labels;
};

static const struct ps_text_encoding encodings[] = {
#define PS_X(name, method, iconv_name, labels) { name, method, iconv_name, labels },
#include "shared/core/text_encoding.def"
#undef PS_X
};

static const struct ps_text_encoding *find(const char *label)
{
    return ps_text_encoding_find(label, strlen(label));
}

const struct ps_text_encoding *ps_text_encoding_find(const char *label, size_t len)
{
    while (len > 0 && memchr(SPACES, *label, sizeof(SPACES) - 1) != NULL) {
        label++;
        len--;
    }
    while (len > 0 && memchr(SPACES, label[len - 1], sizeof(SPACES) - 1) != NULL)
        len--;
    for (size_t i = 0; len > 0 && len < LABEL_MAX && i < PS_COUNT_OF(encodings); i++) {
        struct ps_str rest = ps_str_of(encodings[i].labels);
        struct ps_str one;

        while (ps_str_next(&rest, ' ', &one))
            if (one.len == len && strncasecmp(one.data, label, len) == 0)
                return &encodings[i];
    }
    return NULL;
}

const char *ps_text_encoding_name(const struct ps_text_encoding *encoding)
{
    return encoding->name;
}

/* Finds a document's own declaration, by the prescan of the HTML standard. The text between at and
 * end is still to be scanned. */
struct scan {
    const char *at, *end;
};

static bool is_space(char c)
{
    return c != '\0' && strchr(SPACES, c) != NULL;
}

static bool scan_at(const struct scan *scan, const char *text)
{
    size_t len = strlen(text);

    return (size_t)(scan->end - scan->at) >= len && strncasecmp(scan->at, text, len) == 0;
}

static void skip_to(struct scan *scan, const char *text)
{
    while (scan->at < scan->end && !scan_at(scan, text))
        scan->at++;
}

static void skip_spaces(struct scan *scan)
{
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
}

/* The standard's "get an attribute". Returns false at the end of the tag. Both texts are borrowed
 * from the document. */
static bool next_attribute(struct scan *scan, struct ps_str *out_name, struct ps_str *out_value)
{
    while (scan->at < scan->end && (is_space(*scan->at) || *scan->at == '/'))
        scan->at++;
    if (scan->at == scan->end || *scan->at == '>')
        return false;
    *out_name = *out_value = (struct ps_str){ scan->at, 0 };
    do
        scan->at++;
    while (scan->at < scan->end && *scan->at != '=' && *scan->at != '/' && *scan->at != '>' &&
           !is_space(*scan->at));
    out_name->len = (size_t)(scan->at - out_name->data);
    skip_spaces(scan);
    if (scan->at == scan->end || *scan->at != '=')
        return true;
    scan->at++;
    skip_spaces(scan);
    if (scan->at < scan->end && (*scan->at == '"' || *scan->at == '\'')) {
        const char *close = memchr(scan->at + 1, *scan->at, (size_t)(scan->end - scan->at - 1));

        out_value->data = scan->at + 1;
        if (close == NULL)
            close = scan->end;
        out_value->len = (size_t)(close - out_value->data);
        scan->at = close < scan->end ? close + 1 : close;
    } else {
        out_value->data = scan->at;
        while (scan->at < scan->end && *scan->at != '>' && !is_space(*scan->at))
            scan->at++;
        out_value->len = (size_t)(scan->at - out_value->data);
    }
    return true;
}

/* Returns the encoding in the content attribute of a meta element: "text/html; charset=x". */
static const struct ps_text_encoding *encoding_of_content(struct ps_str content)
{
    struct scan scan = { content.data, content.data + content.len };
    struct ps_str value;

    for (;;) {
        skip_to(&scan, "charset");
        if (scan.at == scan.end)
            return NULL;
        scan.at += strlen("charset");
        skip_spaces(&scan);
        if (scan.at < scan.end && *scan.at == '=')
            break;
    }
    scan.at++;
    skip_spaces(&scan);
    value = (struct ps_str){ scan.at, 0 };
    if (scan.at < scan.end && (*scan.at == '"' || *scan.at == '\'')) {
        const char *close = memchr(scan.at + 1, *scan.at, (size_t)(scan.end - scan.at - 1));

        if (close == NULL)
            return NULL;
        value = (struct ps_str){ scan.at + 1, (size_t)(close - scan.at - 1) };
    } else {
        while (scan.at < scan.end && !is_space(*scan.at) && *scan.at != ';')
            scan.at++;
        value.len = (size_t)(scan.at - value.data);
    }
    return ps_text_encoding_find(value.data, value.len);
}

/* Returns the encoding that a meta element declares. The scan is after the element's name. */
static const struct ps_text_encoding *encoding_of_meta(struct scan *scan)
{
    const struct ps_text_encoding *of_charset = NULL, *of_content = NULL;
    bool has_pragma = false, has_charset = false, has_content = false;
    struct ps_str name, value;

    while (next_attribute(scan, &name, &value)) {
        if (ps_str_is_fold(name, "http-equiv")) {
            has_pragma = has_pragma || ps_str_is_fold(value, "content-type");
        } else if (ps_str_is_fold(name, "content") && !has_content) {
            has_content = true;
            of_content = encoding_of_content(value);
        } else if (ps_str_is_fold(name, "charset") && !has_charset) {
            has_charset = true;
            of_charset = ps_text_encoding_find(value.data, value.len);
        }
    }
    if (of_charset == NULL && has_pragma)
        of_charset = of_content;
    if (of_charset != NULL && (of_charset->method == UTF_16LE || of_charset->method == UTF_16BE))
        of_charset = find("utf-8");
    return of_charset;
}

static const struct ps_text_encoding *encoding_of_xml(struct scan scan)
{
    struct ps_str name, value;
    const struct ps_text_encoding *encoding = NULL;

    scan.at += strlen("<?xml");
    while (next_attribute(&scan, &name, &value) && encoding == NULL)
        if (ps_str_is_fold(name, "encoding"))
            encoding = ps_text_encoding_find(value.data, value.len);
    if (encoding != NULL && (encoding->method == UTF_16LE || encoding->method == UTF_16BE))
        encoding = find("utf-8");
    return encoding;
}

const struct ps_text_encoding *ps_text_encoding_declared(const char *html, size_t len)
{
    struct scan scan = { html, html + (len < DECLARED_WITHIN ? len : DECLARED_WITHIN) };
    const struct ps_text_encoding *encoding = NULL;
    struct ps_str name, value;

    /* UTF-16 without a byte order mark: every second byte of its first "<" and letter is NUL. */
    if (len >= 4 && memcmp(html, "<\0", 2) == 0 && html[2] != '\0' && html[3] == '\0')
        return find("utf-16le");
    if (len >= 4 && memcmp(html, "\0<\0", 3) == 0 && html[3] != '\0')
        return find("utf-16be");
    if (scan_at(&scan, "<?xml"))
        encoding = encoding_of_xml(scan);
    while (scan.at < scan.end && encoding == NULL) {
        if (scan_at(&scan, "<!--")) {
            scan.at += 2; /* the "--" of "<!-->" ends it too */
            skip_to(&scan, "-->");
        } else if (scan_at(&scan, "<meta") && scan.end - scan.at > 5 &&
                   (is_space(scan.at[5]) || scan.at[5] == '/')) {
            scan.at += 5;
            encoding = encoding_of_meta(&scan);
        } else if (*scan.at == '<' && scan.end - scan.at > 2 &&
                   (ps_ascii_is_letter(scan.at[1]) ||
                    (scan.at[1] == '/' && ps_ascii_is_letter(scan.at[2])))) {
            while (scan.at < scan.end && !is_space(*scan.at) && *scan.at != '>')
                scan.at++;
            while (next_attribute(&scan, &name, &value))
                ;
        } else if (*scan.at == '<' && scan.end - scan.at > 1 && strchr("!/?", scan.at[1]) != NULL) {
            skip_to(&scan, ">");
        } else {
            scan.at++;
        }
    }
    return encoding;
}

/* Appends one code point. The buffer has room for all of them, see GROWTH. */
static void add_point(struct ps_buf *out, utf8proc_int32_t point)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t len = utf8proc_encode_char(point, bytes);

    (void)ps_buf_add(out, bytes, (size_t)len);
}

/* Returns the length of the incomplete character at text, at least 1. All of it becomes one U+FFFD
 * (Unicode, "substitution of maximal subparts"). */
static size_t broken_len(const unsigned char *text, size_t len)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t want = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
    size_t at = 1;

    if (text[0] < 0xC2 || text[0] > 0xF4)
        return 1;
    if (text[0] == 0xE0)
        low = 0xA0;
    else if (text[0] == 0xED)
        high = 0x9F;
    else if (text[0] == 0xF0)
        low = 0x90;
    else if (text[0] == 0xF4)
        high = 0x8F;
    while (at < len && at < want && text[at] >= low && text[at] <= high) {
        low = 0x80;
        high = 0xBF;
        at++;
    }
    return at;
}

static void decode_utf8(const char *bytes, size_t len, struct ps_buf *out)
{
    size_t at = 0, good = 0;

    while (at < len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at,
                                                 (utf8proc_ssize_t)(len - at), &point);

        if (size > 0) {
            at += (size_t)size;
            continue;
        }
        (void)ps_buf_add(out, bytes + good, at - good);
        add_point(out, REPLACEMENT);
        at += broken_len((const unsigned char *)bytes + at, len - at);
        good = at;
    }
    (void)ps_buf_add(out, bytes + good, at - good);
}

static uint16_t unit_at(const char *bytes, size_t at, bool big)
{
    unsigned char first = (unsigned char)bytes[at], second = (unsigned char)bytes[at + 1];

    return (uint16_t)(big ? first << 8 | second : second << 8 | first);
}

static void decode_utf16(const char *bytes, size_t len, bool big, struct ps_buf *out)
{
    size_t at = 0;

    while (at + 2 <= len) {
        uint16_t unit = unit_at(bytes, at, big);
        uint16_t next = at + 4 <= len ? unit_at(bytes, at + 2, big) : 0;

        at += 2;
        if ((unit & 0xFC00) == 0xD800 && (next & 0xFC00) == 0xDC00) {
            add_point(out, 0x10000 + ((unit & 0x3FF) << 10 | (next & 0x3FF)));
            at += 2;
        } else {
            add_point(out, (unit & 0xF800) == 0xD800 ? REPLACEMENT : unit);
        }
    }
    if (at < len)
        add_point(out, REPLACEMENT);
}

/* Has its own table, because iconv rejects five of the bytes, which browsers accept. */
static void decode_windows_1252(const char *bytes, size_t len, struct ps_buf *out)
{
    static const uint16_t upper[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
    };

    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        add_point(out, byte >= 0x80 && byte < 0xA0 ? upper[byte - 0x80] : byte);
    }
}

/* Returns false if iconv does not know the encoding. */
static bool decode_iconv(const struct ps_text_encoding *encoding, const char *bytes, size_t len,
                         struct ps_buf *out)
{
    iconv_t decoder = iconv_open("UTF-8", encoding->iconv_name);
    char piece[PIECE];
    char *from;
    size_t left = len;

    if ((intptr_t)decoder == -1)
        return false;
    memcpy(&from, &bytes, sizeof(from)); /* iconv's parameter lacks a const */
    while (left > 0) {
        char *to = piece;
        size_t room = sizeof(piece);
        size_t done = iconv(decoder, &from, &left, &to, &room);
        int error = errno;
        size_t skip;

        (void)ps_buf_add(out, piece, sizeof(piece) - room);
        if (done != (size_t)-1 || (error == E2BIG && room < sizeof(piece)))
            continue;
        add_point(out, REPLACEMENT);
        if (error != EILSEQ)
            break; /* the document ends within a character */
        /* In a multibyte encoding a lead byte takes the second one with it, but not an ASCII byte:
         * a
         * "<" would be lost, and with it a tag. */
        skip = encoding->method == ICONV_MULTIBYTE && left > 1 && (unsigned char)from[0] > 0x80 &&
                       (unsigned char)from[0] < 0xFF && (unsigned char)from[1] >= 0x80
                   ? 2
                   : 1;
        from += skip;
        left -= skip;
    }
    (void)iconv_close(decoder);
    return true;
}

static bool decode(const struct ps_text_encoding *encoding, const char *bytes, size_t len,
                   struct ps_buf *out)
{
    switch (encoding->method) {
    case UTF_8:
        decode_utf8(bytes, len, out);
        return true;
    case UTF_16LE:
    case UTF_16BE:
        decode_utf16(bytes, len, encoding->method == UTF_16BE, out);
        return true;
    case WINDOWS_1252:
        decode_windows_1252(bytes, len, out);
        return true;
    case ICONV:
    case ICONV_MULTIBYTE:
        return decode_iconv(encoding, bytes, len, out);
    }
    return false;
}

/* Returns the encoding of a byte order mark, NULL if there is none, and skips it. */
static const struct ps_text_encoding *encoding_of_mark(const char **bytes, size_t *len)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *label;
    } marks[] = {
        {"\xEF\xBB\xBF", 3, "utf-8"   },
        { "\xFF\xFE",    2, "utf-16le"},
        { "\xFE\xFF",    2, "utf-16be"},
    };

    for (size_t i = 0; i < PS_COUNT_OF(marks); i++) {
        if (*len < marks[i].len || memcmp(*bytes, marks[i].bytes, marks[i].len) != 0)
            continue;
        *bytes += marks[i].len;
        *len -= marks[i].len;
        return find(marks[i].label);
    }
    return NULL;
}

/* Returns the encoding of a document that declares none: UTF-8 if the bytes are valid, else
 * windows-1252. A document that was cut may end within a character; it counts as UTF-8 only if it
 * has a complete character of several bytes elsewhere. */
static const struct ps_text_encoding *encoding_guessed(const char *bytes, size_t len)
{
    size_t whole = ps_utf8_cut(bytes, len, len);
    bool ascii = true;

    for (size_t i = 0; i < whole && ascii; i++)
        ascii = (unsigned char)bytes[i] < 0x80;
    if (whole < len && ascii)
        return find("windows-1252");
    return find(ps_utf8_valid(bytes, whole) ? "utf-8" : "windows-1252");
}

struct ps_text_decoded ps_text_decode(const char *bytes, size_t len, const char *charset)
{
    const struct ps_text_encoding *encoding = encoding_of_mark(&bytes, &len);
    struct ps_text_decoded decoded = { 0 };
    struct ps_buf out;

    if (encoding == NULL && charset != NULL)
        encoding = find(charset);
    if (encoding == NULL)
        encoding = ps_text_encoding_declared(bytes, len);
    if (encoding == NULL)
        encoding = encoding_guessed(bytes, len);
    ps_buf_init(&out, len * GROWTH + 1);
    (void)ps_buf_add(&out, "", 0); /* so that the text of an empty document is not NULL */
    if (!decode(encoding, bytes, len, &out)) {
        encoding = encoding_guessed(bytes, len);
        (void)decode(encoding, bytes, len, &out);
    }
    decoded.encoding = encoding;
    decoded.len = out.len;
    decoded.text = ps_buf_take(&out);
    return decoded;
}
