#include "notifier/core/markup.h"

#include "shared/core/mrkdwn.h"
#include "shared/core/str.h"

#include <string.h>

enum { LINE_BYTES_MAX = 64 * 1024 };

static void add_char(char byte, enum ps_markup markup, struct ps_buf *out)
{
    if (markup == PS_MARKUP_HTML && (byte == '&' || byte == '<' || byte == '>' || byte == '"'))
        (void)ps_buf_text(out, byte == '&'   ? "&amp;"
                               : byte == '<' ? "&lt;"
                               : byte == '>' ? "&gt;"
                                             : "&quot;");
    else if (markup == PS_MARKUP_MARKDOWN && strchr("\\`*_{}[]()<>#+-.!|~@:", byte) != NULL &&
             byte != '\0')
        (void)ps_buf_format(out, "\\%c", byte);
    else
        (void)ps_buf_char(out, byte);
}

static void add_text(struct ps_str text, enum ps_markup markup, struct ps_buf *out)
{
    while (text.len > 0) {
        size_t len;
        char byte = ps_mrkdwn_next_char(text, &len);

        add_char(byte, markup, out);
        text.data += len;
        text.len -= len;
    }
}

/* A URL has only characters that ps_mrkdwn_link lets through, with & escaped; ( ) would end a
 * Markdown link. */
static void add_url(struct ps_str url, enum ps_markup markup, struct ps_buf *out)
{
    while (url.len > 0) {
        size_t len;
        char byte = ps_mrkdwn_next_char(url, &len);

        if (markup == PS_MARKUP_MARKDOWN && strchr("()<>\\", byte) != NULL && byte != '\0')
            (void)ps_buf_format(out, "%%%02X", (unsigned)byte);
        else if (markup == PS_MARKUP_HTML)
            add_char(byte, markup, out);
        else
            (void)ps_buf_char(out, byte);
        url.data += len;
        url.len -= len;
    }
}

static void add_link(struct ps_str url, struct ps_str label, enum ps_markup markup,
                     struct ps_buf *out)
{
    switch (markup) {
    case PS_MARKUP_PLAIN:
        add_text(label, markup, out);
        (void)ps_buf_text(out, " (");
        add_url(url, markup, out);
        (void)ps_buf_char(out, ')');
        break;
    case PS_MARKUP_MARKDOWN:
        (void)ps_buf_char(out, '[');
        add_text(label, markup, out);
        (void)ps_buf_text(out, "](");
        add_url(url, markup, out);
        (void)ps_buf_char(out, ')');
        break;
    case PS_MARKUP_HTML:
        (void)ps_buf_text(out, "<a href=\"");
        add_url(url, markup, out);
        (void)ps_buf_text(out, "\">");
        add_text(label, markup, out);
        (void)ps_buf_text(out, "</a>");
        break;
    }
}

/* The length of a link <http…|label> or <http…> at the start of text; 0 if there is none. */
static size_t link_len(struct ps_str text, struct ps_str *out_url, struct ps_str *out_label)
{
    const char *end = text.len > 0 && text.data[0] == '<' ? memchr(text.data, '>', text.len) : NULL;
    const char *bar;

    if (end == NULL || text.len < 6 || memcmp(text.data + 1, "http", 4) != 0)
        return 0;
    bar = memchr(text.data, '|', (size_t)(end - text.data));
    *out_url =
        (struct ps_str){ text.data + 1, (size_t)((bar != NULL ? bar : end) - text.data) - 1 };
    *out_label = bar != NULL ? (struct ps_str){ bar + 1, (size_t)(end - bar) - 1 } : *out_url;
    return (size_t)(end - text.data) + 1;
}

static void add_bold(struct ps_str text, enum ps_markup markup, struct ps_buf *out)
{
    (void)ps_buf_text(out, markup == PS_MARKUP_MARKDOWN ? "**"
                           : markup == PS_MARKUP_HTML   ? "<strong>"
                                                        : "");
    add_text(text, markup, out);
    (void)ps_buf_text(out, markup == PS_MARKUP_MARKDOWN ? "**"
                           : markup == PS_MARKUP_HTML   ? "</strong>"
                                                        : "");
}

static void add_line(struct ps_str line, enum ps_markup markup, struct ps_buf *out)
{
    const char *end =
        line.len > 2 && line.data[0] == '*' ? memchr(line.data + 1, '*', line.len - 1) : NULL;
    size_t plain = 0;

    if (end != NULL) { /* the heading of a message */
        add_bold((struct ps_str){ line.data + 1, (size_t)(end - line.data) - 1 }, markup, out);
        plain = (size_t)(end - line.data) + 1;
        line = (struct ps_str){ line.data + plain, line.len - plain };
        plain = 0;
    }
    for (size_t i = 0; i < line.len;) {
        struct ps_str url, label;
        size_t len = link_len((struct ps_str){ line.data + i, line.len - i }, &url, &label);

        if (len == 0) {
            i++;
            continue;
        }
        add_text((struct ps_str){ line.data + plain, i - plain }, markup, out);
        add_link(url, label, markup, out);
        i += len;
        plain = i;
    }
    add_text((struct ps_str){ line.data + plain, line.len - plain }, markup, out);
}

bool ps_markup_convert(const char *mrkdwn, enum ps_markup markup, struct ps_buf *out_text)
{
    struct ps_str rest = ps_str_of(mrkdwn), line;
    struct ps_buf one;
    bool first = true, ok = true;

    ps_buf_init(&one, LINE_BYTES_MAX);
    while (ok && ps_str_next(&rest, '\n', &line)) {
        ps_buf_reset(&one);
        if (!first)
            (void)ps_buf_text(&one, markup == PS_MARKUP_HTML ? "<br>\n" : "\n");
        first = false;
        add_line(line, markup, &one);
        ok = !one.full && ps_buf_add(out_text, ps_buf_str(&one), one.len);
    }
    ps_buf_clear(&one);
    return ok;
}
