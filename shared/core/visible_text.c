#include "shared/core/visible_text.h"

#include "shared/core/buf.h"

#include <stdint.h>
#include <utf8proc.h>

enum { ESCAPE_BYTES = 6, REPLACEMENT = 0xFFFD };

/* The length of the character at text, and the code that it is escaped as; 0: it is shown. */
static size_t next_char(const unsigned char *text, size_t len, unsigned *out_escape)
{
    utf8proc_int32_t point = text[0];
    utf8proc_ssize_t used = 1;

    *out_escape = 0;
    if (text[0] >= 0x80) {
        used = utf8proc_iterate(text, (utf8proc_ssize_t)len, &point);
        if (used <= 0) {
            *out_escape = REPLACEMENT;
            return 1;
        }
    }
    if ((point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point <= 0x9F) ||
        point == 0x061C || (point >= 0x200E && point <= 0x200F) ||
        (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069))
        *out_escape = (unsigned)point;
    if (point == 0)
        *out_escape = REPLACEMENT;
    return (size_t)used;
}

bool ps_text_is_visible(const char *text, size_t len)
{
    unsigned escape;

    for (size_t at = 0; at < len;) {
        at += next_char((const unsigned char *)text + at, len - at, &escape);
        if (escape != 0)
            return false;
    }
    return true;
}

char *ps_text_visible(const char *text, size_t len)
{
    struct ps_buf out;
    unsigned escape;

    ps_buf_init(&out, len * ESCAPE_BYTES + 1);
    for (size_t at = 0; at < len;) {
        size_t used = next_char((const unsigned char *)text + at, len - at, &escape);

        if (escape != 0)
            (void)ps_buf_format(&out, "\\u%04x", escape);
        else
            (void)ps_buf_add(&out, text + at, used);
        at += used;
    }
    return ps_buf_take(&out);
}
