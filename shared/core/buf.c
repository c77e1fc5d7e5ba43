#include "shared/core/buf.h"

#include "shared/core/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Makes room for len more bytes and the NUL. Returns false if that would pass the cap. */
static bool reserve(struct ps_buf *buf, size_t len)
{
    size_t size = buf->size > 0 ? buf->size : 64;

    if (len > buf->cap - buf->len) {
        buf->full = true;
        return false;
    }
    while (size <= buf->len + len)
        size = size > SIZE_MAX / 2 ? SIZE_MAX : size * 2;
    if (size > buf->cap + 1)
        size = buf->cap + 1;
    if (size != buf->size) {
        buf->data = ps_alloc_array(buf->data, size, 1);
        buf->size = size;
    }
    return true;
}

void ps_buf_init(struct ps_buf *buf, size_t cap)
{
    *buf = (struct ps_buf){ .cap = cap < SIZE_MAX ? cap : SIZE_MAX - 1 };
}

void ps_buf_clear(struct ps_buf *buf)
{
    free(buf->data);
    ps_buf_init(buf, buf->cap);
}

void ps_buf_reset(struct ps_buf *buf)
{
    buf->len = 0;
    buf->full = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

bool ps_buf_add(struct ps_buf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len))
        return false;
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return true;
}

bool ps_buf_text(struct ps_buf *buf, const char *text)
{
    return ps_buf_add(buf, text, strlen(text));
}

bool ps_buf_char(struct ps_buf *buf, char c)
{
    return ps_buf_add(buf, &c, 1);
}

bool ps_buf_format(struct ps_buf *buf, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        abort();
    if (!reserve(buf, (size_t)len))
        return false;
    va_start(args, format);
    (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return true;
}

static bool add_escaped(struct ps_buf *buf, unsigned char c)
{
    static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    size_t i;

    for (i = 0; i + 1 < sizeof(short_form); i += 2) {
        if ((unsigned char)short_form[i] == c)
            return ps_buf_char(buf, '\\') && ps_buf_char(buf, short_form[i + 1]);
    }
    return ps_buf_format(buf, "\\u%04x", (unsigned)c);
}

static bool add_json_string(struct ps_buf *buf, const char *text, size_t len)
{
    size_t at = 0;

    if (!ps_buf_char(buf, '"'))
        return false;
    while (at < len) {
        unsigned char c = (unsigned char)text[at];
        utf8proc_int32_t point;
        utf8proc_ssize_t size;
        bool ok;

        if (c < 0x80) {
            ok = c < 0x20 || c == '"' || c == '\\' || c == 0x7f ? add_escaped(buf, c)
                                                                : ps_buf_add(buf, &text[at], 1);
            at++;
        } else {
            size = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                    (utf8proc_ssize_t)(len - at), &point);
            if (size <= 0)
                ok = ps_buf_text(buf, REPLACEMENT);
            /* C1 control characters control terminals, and U+2028 and U+2029 end a line in some
             * viewers: a log reader must not see either as such. */
            else if ((point >= 0x80 && point < 0xa0) || point == 0x2028 || point == 0x2029)
                ok = ps_buf_format(buf, "\\u%04x", (unsigned)point);
            else
                ok = ps_buf_add(buf, &text[at], (size_t)size);
            at += size > 0 ? (size_t)size : 1;
        }
        if (!ok)
            return false;
    }
    return ps_buf_char(buf, '"');
}

bool ps_buf_json_string(struct ps_buf *buf, const char *text, size_t len)
{
    size_t before = buf->len;

    if (add_json_string(buf, text, len))
        return true;
    buf->len = before;
    if (buf->data != NULL)
        buf->data[before] = '\0';
    return false;
}

const char *ps_buf_str(const struct ps_buf *buf)
{
    return buf->data != NULL ? buf->data : "";
}

char *ps_buf_take(struct ps_buf *buf)
{
    char *data = buf->data != NULL ? buf->data : ps_alloc_copy("", 0);

    ps_buf_init(buf, buf->cap);
    return data;
}
