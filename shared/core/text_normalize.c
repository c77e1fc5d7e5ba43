#include "shared/core/text_normalize.h"

#include "shared/core/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

enum { REPLACEMENT_LEN = sizeof(REPLACEMENT) - 1 };

/* Gives a copy with invalid bytes replaced by U+FFFD and, if spaces_for_controls, control
 * characters by spaces. */
static char *valid_copy(const char *text, size_t len, bool spaces_for_controls, size_t *out_len)
{
    char *out;
    size_t at = 0, end = 0;

    out = ps_alloc_array(NULL, len + 1, REPLACEMENT_LEN);
    while (at < len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(len - at), &point);

        if (size <= 0 || (point == 0 && !spaces_for_controls)) {
            memcpy(out + end, REPLACEMENT, REPLACEMENT_LEN);
            end += REPLACEMENT_LEN;
            at++;
        } else if (spaces_for_controls && point != '\n' && point != '\t' &&
                   (point < 0x20 || (point >= 0x7f && point < 0xa0))) {
            out[end++] = ' ';
            at += (size_t)size;
        } else {
            memcpy(out + end, text + at, (size_t)size);
            end += (size_t)size;
            at += (size_t)size;
        }
    }
    out[end] = '\0';
    *out_len = end;
    return out;
}

char *ps_text_normalize(const char *text, size_t len)
{
    utf8proc_uint8_t *folded = NULL;
    size_t clean_len;
    char *clean = valid_copy(text, len, false, &clean_len);
    utf8proc_ssize_t size;

    size = utf8proc_map((const utf8proc_uint8_t *)clean, (utf8proc_ssize_t)clean_len, &folded,
                        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    free(clean);
    /* The input is valid UTF-8, so the only possible error is exhausted memory. */
    assert(size >= 0 && folded != NULL);
    return (char *)folded;
}

char *ps_utf8_clean(const char *text, size_t len)
{
    size_t clean_len;

    return valid_copy(text, len, true, &clean_len);
}

char *ps_utf8_spaces(const char *text, size_t len)
{
    char *out = ps_alloc(len + 1);
    size_t at = 0, end = 0;

    while (at < len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(len - at), &point);
        size_t used = size > 0 ? (size_t)size : 1;

        if (size > 0 && utf8proc_category(point) == UTF8PROC_CATEGORY_ZS) {
            out[end++] = ' ';
        } else {
            memcpy(out + end, text + at, used);
            end += used;
        }
        at += used;
    }
    out[end] = '\0';
    return out;
}

bool ps_utf8_valid(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(len - at), &point);

        if (size <= 0 || point == 0)
            return false;
        at += (size_t)size;
    }
    return true;
}

size_t ps_utf8_cut(const char *text, size_t len, size_t max)
{
    size_t end = len < max ? len : max;
    size_t back;

    for (back = 1; back <= 4 && back <= end; back++) {
        unsigned char lead = (unsigned char)text[end - back];
        size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;

        if ((lead & 0xc0) != 0x80)
            return size > back ? end - back : end;
    }
    return end;
}
