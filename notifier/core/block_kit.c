#include "notifier/core/block_kit.h"

#include "notifier/core/block_elements.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"
#include "shared/core/watch_rule.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECTION_BYTES = 4 * PS_BLOCK_KIT_SECTION_MAX + 1,
    LINK_BYTES_MAX = 2000,
    TIME_TEXT = 20, /* bytes of "2026-11-23 09:05 UTC" */
    BUTTONS_MAX = 5 /* finds that have buttons; more have menus */
};

static bool is_start(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t chars_of(struct ps_str text)
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
    while (chars_of(line) > PS_BLOCK_KIT_SECTION_MAX) {
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
        size_t more = chars_of(line) + 1;

        if (chars > 0 && chars + more > PS_BLOCK_KIT_SECTION_MAX) {
            flush(blocks, &section);
            chars = 0;
        }
        if (more - 1 > PS_BLOCK_KIT_SECTION_MAX) {
            line = add_long(blocks, line);
            more = chars_of(line) + 1;
        }
        if (chars > 0)
            (void)ps_buf_char(&section, '\n');
        (void)ps_buf_add(&section, line.data, line.len);
        chars += more;
    }
    flush(blocks, &section);
    ps_buf_clear(&section);
}

static void add_unescaped(struct ps_buf *out, struct ps_str text)
{
    static const struct {
        const char *escape;
        char byte;
    } escapes[] = {
        {"&amp;", '&'},
        { "&lt;", '<'},
        { "&gt;", '>'}
    };

    for (size_t at = 0; at < text.len; at++) {
        char byte = text.data[at];

        for (size_t i = 0; i < PS_COUNT_OF(escapes); i++) {
            size_t len = strlen(escapes[i].escape);

            if (text.len - at >= len && memcmp(text.data + at, escapes[i].escape, len) == 0) {
                byte = escapes[i].byte;
                at += len - 1;
                break;
            }
        }
        (void)ps_buf_char(out, byte);
    }
}

/* "*New drafts* (1/2)": what it says without its mark-up, when line is such a heading. */
static bool read_heading(struct ps_str line, struct ps_buf *out)
{
    const char *end =
        line.len > 2 && line.data[0] == '*' ? memchr(line.data + 1, '*', line.len - 1) : NULL;
    struct ps_str bold, rest;

    if (end == NULL || end == line.data + 1 || chars_of(line) > PS_BLOCK_KIT_HEADER_MAX)
        return false;
    bold = (struct ps_str){ line.data + 1, (size_t)(end - line.data) - 1 };
    rest = (struct ps_str){ end + 1, line.len - bold.len - 2 };
    if (rest.len > 0 && (rest.len < 2 || memcmp(rest.data, " (", 2) != 0 ||
                         memchr(rest.data, '<', rest.len) != NULL))
        return false;
    if (memchr(bold.data, '<', bold.len) != NULL)
        return false;
    add_unescaped(out, bold);
    add_unescaped(out, rest);
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
    if (ps_str_next(&after, '\n', &line) && after.len > 0 && read_heading(line, &heading)) {
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

/* --- messages of finds ---------------------------------------------------------------------- */

/* "2026-11-23 09:05 UTC" */
static bool read_time(const char *text, int64_t *out_ms)
{
    static const char form[] = "0000-00-00 00:00 UTC";
    char iso[PS_UTC_TIME_TEXT];

    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    (void)snprintf(iso, sizeof(iso), "%.10sT%.5s:00Z", text, text + 11);
    return ps_utc_time_parse_time(iso, out_ms);
}

char *ps_block_kit_dates(const char *text)
{
    struct ps_buf out;
    int64_t wall_ms;

    ps_buf_init(&out, 8 * strlen(text) + 1);
    while (*text != '\0') {
        if (*text >= '0' && *text <= '9' && read_time(text, &wall_ms)) {
            (void)ps_buf_format(&out, "<!date^%lld^{date_short_pretty} {time}|%.*s>",
                                (long long)(wall_ms / 1000), TIME_TEXT, text);
            text += TIME_TEXT;
        } else {
            (void)ps_buf_char(&out, *text++);
        }
    }
    return ps_buf_take(&out);
}

/* "• <url|D2300R11> …": a line of a find. */
struct find {
    char *url;                          /* owned */
    char entry[PS_WATCH_ENTRY_MAX + 1]; /* "P2300" */
};

static bool read_find(struct ps_str line, struct find *out)
{
    static const char lead[] = "\xe2\x80\xa2 <";
    size_t skip = sizeof(lead) - 1;
    const char *bar, *end;
    struct ps_watch_rule rule;
    struct ps_paper_id id;
    struct ps_buf url;

    if (line.len <= skip || memcmp(line.data, lead, skip) != 0)
        return false;
    bar = memchr(line.data + skip, '|', line.len - skip);
    end = bar == NULL ? NULL : memchr(bar, '>', line.len - (size_t)(bar - line.data));
    if (end == NULL || !ps_paper_id_parse(bar + 1, (size_t)(end - bar) - 1, &id) || id.number == 0)
        return false;
    ps_watch_rule_paper(id.prefix, id.number, &rule);
    memcpy(out->entry, rule.text, sizeof(rule.text));
    ps_buf_init(&url, LINK_BYTES_MAX);
    add_unescaped(&url, (struct ps_str){ line.data + skip, (size_t)(bar - line.data) - skip });
    out->url = ps_buf_take(&url);
    return true;
}

/* Buttons below the find where there are few of them, else a menu beside it. */
static void add_find(cJSON *blocks, struct ps_str line, const struct find *find, bool buttons)
{
    const struct ps_block_choice choices[] = {
        {PS_INTERACTION_ID_WATCH,       "Watch",        NULL     },
        { PS_INTERACTION_ID_MUTE,       "Mute",         NULL     },
        { PS_INTERACTION_ID_SNOOZE_DAY, "Snooze 1 day", NULL     },
        { PS_INTERACTION_ID_OPEN,       "Open",         find->url},
    };
    char *text = ps_alloc_copy(line.data, line.len);
    cJSON *section = ps_block_section(text);

    cJSON_AddItemToArray(blocks, section);
    if (buttons)
        cJSON_AddItemToArray(blocks, ps_block_actions(choices, PS_COUNT_OF(choices), find->entry));
    else
        cJSON_AddItemToObject(section, "accessory",
                              ps_block_menu(choices, PS_COUNT_OF(choices), find->entry));
    free(text);
}

static bool announces(enum ps_message_kind kind)
{
    switch (kind) {
    case PS_MESSAGE_DP_TRANSITION:
    case PS_MESSAGE_FRONTIER:
    case PS_MESSAGE_DRAFT:
    case PS_MESSAGE_DRAFT_UPDATE:
    case PS_MESSAGE_WATCHLIST:
        return true;
    case PS_MESSAGE_OPS_ALERT:
    case PS_MESSAGE_OPS_RECOVERY:
    case PS_MESSAGE_STARTUP:
    case PS_MESSAGE_REPLY:
    case PS_MESSAGE_MANUAL:
    case PS_MESSAGE_KIND_COUNT:
        break;
    }
    return false;
}

/* How many lines of text are headings, and finds. */
static void count_lines(struct ps_str text, size_t *out_headings, size_t *out_finds)
{
    struct ps_str line;
    struct ps_buf heading;
    struct find find;

    ps_buf_init(&heading, 4 * PS_BLOCK_KIT_HEADER_MAX + 1);
    *out_headings = *out_finds = 0;
    while (ps_str_next(&text, '\n', &line)) {
        if (read_find(line, &find)) {
            free(find.url);
            ++*out_finds;
        } else if (read_heading(line, &heading)) {
            ++*out_headings;
        }
    }
    ps_buf_clear(&heading);
}

/* Lines that are no find and no heading, gathered until one of these comes. */
static void flush_plain(cJSON *blocks, struct ps_buf *plain)
{
    if (plain->len > 0)
        ps_block_kit_add_lines(blocks, (struct ps_str){ plain->data, plain->len });
    ps_buf_reset(plain);
}

static void add_finds(cJSON *blocks, struct ps_str text)
{
    struct ps_str rest = text, line;
    struct ps_buf plain, heading;
    size_t headings, finds, menus;
    bool buttons;

    /* Blocks that the plain lines may need, should all of the text be plain. */
    count_lines(text, &headings, &finds);
    menus = text.len / 1500 + 4 + headings;
    menus = menus < PS_BLOCK_KIT_MAX ? PS_BLOCK_KIT_MAX - menus : 0;
    buttons = finds <= BUTTONS_MAX && 2 * finds <= menus;
    ps_buf_init(&plain, text.len + 1);
    ps_buf_init(&heading, 4 * PS_BLOCK_KIT_HEADER_MAX + 1);
    while (ps_str_next(&rest, '\n', &line)) {
        struct find find;

        ps_buf_reset(&heading);
        if (menus > 0 && chars_of(line) <= PS_BLOCK_KIT_SECTION_MAX && read_find(line, &find)) {
            flush_plain(blocks, &plain);
            add_find(blocks, line, &find, buttons);
            menus -= menus < 2 ? menus : buttons ? 2 : 1;
            free(find.url);
        } else if (rest.data != NULL && read_heading(line, &heading)) {
            flush_plain(blocks, &plain);
            ps_block_kit_add_header(blocks, ps_buf_str(&heading));
        } else if (line.len > 0) {
            if (plain.len > 0)
                (void)ps_buf_char(&plain, '\n');
            (void)ps_buf_add(&plain, line.data, line.len);
        }
    }
    flush_plain(blocks, &plain);
    ps_buf_clear(&heading);
    ps_buf_clear(&plain);
}

cJSON *ps_block_kit_message(const char *text, enum ps_message_kind kind, bool interactive)
{
    char *dated = ps_block_kit_dates(text);
    cJSON *blocks;

    if (!interactive || !announces(kind)) {
        blocks = ps_block_kit_of(dated);
    } else {
        blocks = cJSON_CreateArray();
        add_finds(blocks, ps_str_of(dated));
        if (cJSON_GetArraySize(blocks) == 0) {
            cJSON_Delete(blocks);
            blocks = NULL;
        }
    }
    free(dated);
    return blocks;
}
