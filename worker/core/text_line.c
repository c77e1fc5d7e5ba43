#include "worker/core/text_line.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Soft hyphen, zero-width characters, direction marks: they would make two equal lines differ. */
static bool is_invisible(utf8proc_int32_t point)
{
    return point == 0xAD || (point >= 0x200B && point <= 0x200F) ||
           (point >= 0x202A && point <= 0x202E) || (point >= 0x2060 && point <= 0x2069) ||
           point == 0xFEFF || point == 0x034F;
}

static bool is_space(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    return point <= 0x20 || (point >= 0x7F && point <= 0xA0) || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* Appends a gap: one space or tab, whatever the number of spaces and tabs in the text. A tab wins,
 * because it separates two cells. */
static size_t add_gap(char *line, size_t at, bool tab)
{
    if (tab) {
        if (at > 0 && line[at - 1] == ' ')
            at--;
        line[at++] = '\t';
    } else if (at > 0 && line[at - 1] != ' ' && line[at - 1] != '\t') {
        line[at++] = ' ';
    }
    return at;
}

char *ps_text_line(const char *text, size_t len)
{
    /* U+FB00 to U+FB06 */
    static const char *const ligatures[] = { "ff", "fi", "fl", "ffi", "ffl", "st", "st" };
    char *clean = ps_utf8_clean(text, len);
    char *composed;
    const utf8proc_uint8_t *from;
    char *line;
    size_t at = 0;

    if (utf8proc_map((const utf8proc_uint8_t *)clean, 0, (utf8proc_uint8_t **)&composed,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE) >= 0) {
        free(clean);
        clean = composed;
    }
    line = ps_alloc(strlen(clean) + 2);
    for (from = (const utf8proc_uint8_t *)clean; *from != '\0';) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate(from, -1, &point);

        if (size <= 0) { /* cannot happen: the text is valid UTF-8 */
            from++;
            continue;
        }
        if (is_invisible(point)) {
            from += size;
            continue;
        }
        if (is_space(point)) {
            at = add_gap(line, at, point == '\t');
        } else {
            /* Typesetting leaves ligatures in a PDF's text, and "conﬁg" would not match
             * "config". */
            const char *letters =
                point >= 0xFB00 && point <= 0xFB06 ? ligatures[point - 0xFB00] : NULL;
            size_t count = letters != NULL
                               ? strlen(letters)
                               : (size_t)size; /* a ligature has three bytes, its letters no more */

            memcpy(line + at, letters != NULL ? letters : (const char *)from, count);
            at += count;
        }
        from += size;
    }
    while (at > 0 && (line[at - 1] == ' ' || line[at - 1] == '\t'))
        at--;
    line[at] = '\0';
    free(clean);
    return line;
}
