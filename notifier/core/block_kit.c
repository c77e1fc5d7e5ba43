#include "notifier/core/block_kit.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_BYTES = 4 * PS_BLOCK_KIT_SECTION_MAX + 1, LINK_BYTES_MAX = 2000 };

static bool is_start(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t ps_block_kit_chars(struct ps_str text)
{
    size_t chars = 0;

    for (size_t i = 0; i < text.len; i++)
        chars += is_start(text.data[i]);
    return chars;
}

static void add_block(cJSON *blocks, const char *type, const char *text_type, const char *text)
{
    cJSON *block, *object;

    if (text[strspn(text, " \t\n")] == '\0' || cJSON_GetArraySize(blocks) >= PS_BLOCK_KIT_MAX)
        return;
    block = cJSON_CreateObject();
    object = cJSON_CreateObject();
    ps_json_add_text(block, "type", type);
    ps_json_add_text(object, "type", text_type);
    ps_json_add_text(object, "text", text);
    cJSON_AddItemToObject(block, "text", object);
    cJSON_AddItemToArray(blocks, block);
}

/* How many bytes of text come before a cut: at most PS_BLOCK_KIT_SECTION_MAX characters, and no
   link or escape that begins and ends is torn. */
static size_t safe_cut(struct ps_str text)
{
    size_t at = 0, chars = 0, back;

    while (at < text.len && chars + is_start(text.data[at]) <= PS_BLOCK_KIT_SECTION_MAX)
        chars += is_start(text.data[at++]);
    if (at == text.len)
        return at;
    back = at;
    for (size_t i = at; i > 0 && at - i < LINK_BYTES_MAX; i--) {
        char byte = text.data[i - 1];

        if (byte == '>' || (byte == ';' && i == at))
            break;
        if (byte == '<' || (byte == '&' && at - i < 5)) {
            back = i - 1;
            break;
        }
    }
    return back > 0 ? back : at;
}

/* A line that fills more than a section is cut; gives the rest, which fits. */
static struct ps_str add_long(cJSON *blocks, struct ps_str line)
{
    while (ps_block_kit_chars(line) > PS_BLOCK_KIT_SECTION_MAX) {
        size_t cut = safe_cut(line);
        char *part = ps_alloc_copy(line.data, cut);

        add_block(blocks, "section", "mrkdwn", part);
        free(part);
        line.data += cut;
        line.len -= cut;
    }
    return line;
}

static void flush(cJSON *blocks, struct ps_buf *section)
{
    add_block(blocks, "section", "mrkdwn", ps_buf_str(section));
    ps_buf_reset(section);
}

void ps_block_kit_add_lines(cJSON *blocks, struct ps_str text)
{
    struct ps_buf section;
    struct ps_str line;
    size_t chars = 0;

    ps_buf_init(&section, SECTION_BYTES);
    while (ps_str_next(&text, '\n', &line)) {
        size_t more = ps_block_kit_chars(line) + 1;

        if (chars > 0 && chars + more > PS_BLOCK_KIT_SECTION_MAX) {
            flush(blocks, &section);
            chars = 0;
        }
        if (more - 1 > PS_BLOCK_KIT_SECTION_MAX) {
            line = add_long(blocks, line);
            more = ps_block_kit_chars(line) + 1;
        }
        if (chars > 0)
            (void)ps_buf_char(&section, '\n');
        (void)ps_buf_add(&section, line.data, line.len);
        chars += more;
    }
    flush(blocks, &section);
    ps_buf_clear(&section);
}

void ps_block_kit_unescape(struct ps_buf *out, struct ps_str text)
{
    while (text.len > 0) {
        size_t len;

        (void)ps_buf_char(out, ps_mrkdwn_next_char(text, &len));
        text.data += len;
        text.len -= len;
    }
}

bool ps_block_kit_heading(struct ps_str line, struct ps_buf *out)
{
    const char *end =
        line.len > 2 && line.data[0] == '*' ? memchr(line.data + 1, '*', line.len - 1) : NULL;
    struct ps_str bold, rest;

    if (end == NULL || end == line.data + 1 || ps_block_kit_chars(line) > PS_BLOCK_KIT_HEADER_MAX)
        return false;
    bold = (struct ps_str){ line.data + 1, (size_t)(end - line.data) - 1 };
    rest = (struct ps_str){ end + 1, line.len - bold.len - 2 };
    if (rest.len > 0 && (rest.len < 2 || memcmp(rest.data, " (", 2) != 0 ||
                         memchr(rest.data, '<', rest.len) != NULL))
        return false;
    if (memchr(bold.data, '<', bold.len) != NULL)
        return false;
    ps_block_kit_unescape(out, bold);
    ps_block_kit_unescape(out, rest);
    return true;
}

void ps_block_kit_add_header(cJSON *blocks, const char *text)
{
    add_block(blocks, "header", "plain_text", text);
}

cJSON *ps_block_kit_of(const char *text)
{
    struct ps_str rest = ps_str_of(text), after = rest, line;
    cJSON *blocks = cJSON_CreateArray();
    struct ps_buf heading;

    ps_buf_init(&heading, 4 * PS_BLOCK_KIT_HEADER_MAX + 1);
    if (ps_str_next(&after, '\n', &line) && after.len > 0 && ps_block_kit_heading(line, &heading)) {
        ps_block_kit_add_header(blocks, ps_buf_str(&heading));
        rest = after;
    }
    ps_block_kit_add_lines(blocks, rest);
    ps_buf_clear(&heading);
    if (cJSON_GetArraySize(blocks) > 0)
        return blocks;
    cJSON_Delete(blocks);
    return NULL;
}
