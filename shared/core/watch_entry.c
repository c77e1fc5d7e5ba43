#include "shared/core/watch_entry.h"

#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool parse_number(struct ps_str text, struct ps_watch_entry *out, struct ps_err *err)
{
    int64_t number;

    while (text.len > 1 && text.data[0] == '0') {
        text.data++;
        text.len--;
    }
    if (!ps_str_int(text, 1, PS_PAPER_NUMBER_MAX, &number))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a paper number is 1 to %d",
                       PS_PAPER_NUMBER_MAX);
    out->is_number = true;
    out->number = (int)number;
    (void)snprintf(out->text, sizeof(out->text), "%d", out->number);
    return true;
}

/* Lower case is the stored form that people see; matching folds both sides again (fold.h). */
static bool parse_author(struct ps_str text, struct ps_watch_entry *out, struct ps_err *err)
{
    size_t at = 0, len = 0, chars = 0;

    while (at < text.len) {
        utf8proc_int32_t point;
        utf8proc_uint8_t lower[4];
        utf8proc_ssize_t used, size;

        used = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                (utf8proc_ssize_t)(text.len - at), &point);
        if (used <= 0)
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an entry must be UTF-8 text");
        if (utf8proc_category(point) == UTF8PROC_CATEGORY_CC)
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an entry holds no control characters");
        size = utf8proc_encode_char(utf8proc_tolower(point), lower);
        if (len + (size_t)size > PS_WATCH_ENTRY_MAX)
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an entry is at most %d bytes long",
                           PS_WATCH_ENTRY_MAX);
        memcpy(out->text + len, lower, (size_t)size);
        len += (size_t)size;
        at += (size_t)used;
        chars++;
    }
    if (chars < PS_WATCH_AUTHOR_MIN)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an author entry needs at least %d characters",
                       PS_WATCH_AUTHOR_MIN);
    out->text[len] = '\0';
    return true;
}

bool ps_watch_entry_parse(const char *text, size_t len, struct ps_watch_entry *out_entry,
                          struct ps_err *err)
{
    struct ps_watch_entry entry = { .is_number = false };
    char *spaced = ps_utf8_spaces(text, len); /* what was copied may have no-break spaces */
    struct ps_str trimmed = ps_str_trim((struct ps_str){ spaced, strlen(spaced) });
    bool ok = false;

    if (memchr(text, '\0', len) != NULL)
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an entry holds no control characters");
    else if (trimmed.len == 0)
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                      "an entry is a paper number or part of an author's name");
    else
        ok = ps_str_digits(trimmed) ? parse_number(trimmed, &entry, err)
                                    : parse_author(trimmed, &entry, err);
    free(spaced);
    if (ok)
        *out_entry = entry;
    return ok;
}
