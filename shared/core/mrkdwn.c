#include "shared/core/mrkdwn.h"

#include "shared/core/email_redact.h"
#include "shared/core/text_normalize.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    LABEL_CHARS_MAX = 100,
    ESCAPE_BYTES_MAX = 5, /* "&amp;" */
    ZERO_WIDTH_NON_JOINER = 0x200c,
    ZERO_WIDTH_JOINER = 0x200d
};

enum visibility { VISIBLE, SPACE, REMOVED };

static enum visibility visibility_of(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);

    if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZS ||
        category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP)
        return SPACE;
    /* Direction overrides and other invisible characters. Joiners stay, because they shape the
     * letters of some scripts. */
    if (category == UTF8PROC_CATEGORY_CF && point != ZERO_WIDTH_JOINER &&
        point != ZERO_WIDTH_NON_JOINER)
        return REMOVED;
    return VISIBLE;
}

/* Adds the character at, escaped for mrkdwn. Returns the number of characters written. */
static size_t add_escaped(struct ps_buf *line, const char *at, size_t len)
{
    size_t before = line->len;

    if (len != 1) {
        (void)ps_buf_add(line, at, len);
        return 1;
    }
    switch (*at) {
    case '&':
        (void)ps_buf_text(line, "&amp;");
        break;
    case '<':
        (void)ps_buf_text(line, "&lt;");
        break;
    case '>':
        (void)ps_buf_text(line, "&gt;");
        break;
    case '`':
        (void)ps_buf_char(line, '\'');
        break;
    default:
        (void)ps_buf_char(line, *at);
        break;
    }
    return line->len - before;
}

/* Adds the visible characters of text (valid UTF-8) on one line. */
static void add_visible(struct ps_buf *line, const char *text)
{
    size_t len = strlen(text);
    bool space = false;

    for (size_t at = 0; at < len;) {
        utf8proc_int32_t point;
        size_t step = (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                               (utf8proc_ssize_t)(len - at), &point);
        enum visibility visibility = visibility_of(point);

        if (visibility == VISIBLE) {
            if (space && line->len > 0)
                (void)ps_buf_char(line, ' ');
            (void)ps_buf_add(line, text + at, step);
            space = false;
        } else if (visibility == SPACE) {
            space = true;
        }
        at += step;
    }
}

/* Adds text, escaped and cut at max_chars. The cap of line must have room for all of text. */
static void add_cut(struct ps_buf *line, const char *text, size_t max_chars)
{
    size_t chars = 0, uncut_len = 0;

    while (*text != '\0') {
        size_t step = 1;

        while (((unsigned char)text[step] & 0xc0) == 0x80)
            step++;
        chars += add_escaped(line, text, step);
        text += step;
        if (chars > max_chars) {
            line->len = uncut_len;
            (void)ps_buf_text(line, "\xe2\x80\xa6");
            return;
        }
        if (chars < max_chars)
            uncut_len = line->len; /* an ellipsis still fits here */
    }
}

void ps_mrkdwn_text(struct ps_buf *out_text, const char *text, size_t max_chars)
{
    char *clean = ps_utf8_clean(text, strlen(text)), *shown;
    struct ps_buf visible, line;

    ps_buf_init(&visible, strlen(clean) + 1);
    add_visible(&visible, clean);
    /* After the removal of invisible characters, which could hide an address, and before the cut,
     * which could leave half of one. */
    shown = ps_email_redact(ps_buf_str(&visible));
    ps_buf_init(&line, (strlen(shown) + 1) * ESCAPE_BYTES_MAX);
    if (max_chars > 0)
        add_cut(&line, shown, max_chars);
    (void)ps_buf_text(out_text, ps_buf_str(&line));
    ps_buf_clear(&line);
    ps_buf_clear(&visible);
    free(shown);
    free(clean);
}

/* Returns false if url cannot be a link of at most link->cap characters. Refuses a user name before
 * the host: it may be an e-mail address, and it hides where the link leads. */
static bool add_url(struct ps_buf *link, const char *url)
{
    const char *host = strstr(url, "://");

    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        return false;
    host += 3;
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
        return false;
    for (const char *at = url; *at; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte <= ' ')
            return false;
        if (byte == '&')
            (void)ps_buf_text(link, "&amp;");
        else if (byte >= 0x7f || strchr("<>|\"`@", byte))
            (void)ps_buf_format(link, "%%%02X", byte);
        else
            (void)ps_buf_char(link, *at);
        if (link->full)
            return false;
    }
    return true;
}

void ps_mrkdwn_link(struct ps_buf *out_text, const char *url, const char *label, size_t max_chars)
{
    struct ps_buf link;
    bool linked;

    ps_buf_init(&link, max_chars);
    linked = add_url(&link, url);
    if (linked)
        (void)ps_buf_format(out_text, "<%s|", ps_buf_str(&link));
    ps_mrkdwn_text(out_text, label, LABEL_CHARS_MAX);
    if (linked)
        (void)ps_buf_char(out_text, '>');
    ps_buf_clear(&link);
}

size_t ps_mrkdwn_chars(const char *text)
{
    size_t chars = 0;

    for (; *text; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80; /* bytes that begin a character */
    return chars;
}

char ps_mrkdwn_next_char(struct ps_str text, size_t *out_len)
{
    static const struct {
        const char *escape;
        char byte;
    } escapes[] = {
        {"&amp;", '&'},
        { "&lt;", '<'},
        { "&gt;", '>'}
    };

    for (size_t i = 0; i < PS_COUNT_OF(escapes); i++) {
        size_t len = strlen(escapes[i].escape);

        if (text.len >= len && memcmp(text.data, escapes[i].escape, len) == 0) {
            *out_len = len;
            return escapes[i].byte;
        }
    }
    *out_len = 1;
    return text.data[0];
}
