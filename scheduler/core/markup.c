#include "scheduler/core/markup.h"

#include "shared/core/url.h"
#include "shared/core/utc_time.h"

#include <ctype.h>
#include <string.h>
#include <utf8proc.h>

/* Sets the direction of writing, or is no character of XML 1.0. */
static bool is_unwanted(utf8proc_int32_t point)
{
    return point == 0x061C || (point >= 0x200E && point <= 0x200F) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0xFEFF || (point & 0xFFFE) == 0xFFFE || (point >= 0xFDD0 && point <= 0xFDEF);
}

static const char *entity_of(utf8proc_int32_t point)
{
    switch (point) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void ps_markup_text(struct ps_buf *out, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);

    for (size_t at = 0; at < len;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(len - at), &point);
        const char *entity;

        if (used <= 0) {
            (void)ps_buf_text(out, "\xEF\xBF\xBD");
            at++;
            continue;
        }
        entity = entity_of(point);
        if (entity != NULL)
            (void)ps_buf_text(out, entity);
        else if (point < 0x20 || (point >= 0x7F && point <= 0x9F))
            (void)ps_buf_char(out, ' ');
        else if (!is_unwanted(point))
            (void)ps_buf_add(out, text + at, (size_t)used);
        at += (size_t)used;
    }
}

void ps_markup_query(struct ps_buf *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL))
            (void)ps_buf_char(out, (char)c);
        else
            (void)ps_buf_format(out, "%%%02X", c);
    }
}

bool ps_markup_is_link(const char *url)
{
    return url != NULL && ps_url_is_http(url) && !ps_url_has_credentials(url);
}

const char *ps_markup_link_open(struct ps_buf *out, const char *url)
{
    if (!ps_markup_is_link(url)) {
        (void)ps_buf_text(out, "<span>");
        return "</span>";
    }
    (void)ps_buf_text(out, "<a rel=\"noreferrer noopener\" href=\"");
    ps_markup_text(out, url);
    (void)ps_buf_text(out, "\">");
    return "</a>";
}

static void add_time(struct ps_buf *out, int64_t wall_ms, const char *attributes)
{
    char text[PS_UTC_TIME_TEXT];

    if (wall_ms == 0) {
        (void)ps_buf_text(out, "–");
        return;
    }
    ps_utc_time_format_time(wall_ms, text);
    (void)ps_buf_format(out, "<time%s datetime=\"%s\">%.10s %.5s UTC</time>", attributes, text,
                        text, text + 11);
}

void ps_markup_time(struct ps_buf *out, int64_t wall_ms)
{
    add_time(out, wall_ms, "");
}

void ps_markup_due(struct ps_buf *out, int64_t wall_ms)
{
    add_time(out, wall_ms, " class=\"due\"");
}

uint64_t ps_markup_hash(const void *data, size_t len)
{
    const unsigned char *bytes = data;
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}
