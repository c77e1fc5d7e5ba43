#include "notifier/core/message_blocks.h"

#include "notifier/core/block_elements.h"
#include "notifier/core/block_kit.h"
#include "shared/core/alloc.h"
#include "shared/core/paper_id.h"
#include "shared/core/utc_time.h"
#include "shared/core/watch_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINK_BYTES_MAX = 2000,
    TIME_TEXT = 20, /* bytes of "2026-11-23 09:05 UTC" */
    BUTTONS_MAX = 5 /* finds that have buttons; more have menus */
};

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

char *ps_message_blocks_dates(const char *text)
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
    ps_block_kit_unescape(&url,
                          (struct ps_str){ line.data + skip, (size_t)(bar - line.data) - skip });
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
        } else if (ps_block_kit_heading(line, &heading)) {
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
        if (menus > 0 && ps_block_kit_chars(line) <= PS_BLOCK_KIT_SECTION_MAX &&
            read_find(line, &find)) {
            flush_plain(blocks, &plain);
            add_find(blocks, line, &find, buttons);
            menus -= menus < 2 ? menus : buttons ? 2 : 1;
            free(find.url);
        } else if (rest.data != NULL && ps_block_kit_heading(line, &heading)) {
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

cJSON *ps_message_blocks(const char *text, enum ps_message_kind kind, bool interactive)
{
    char *dated = ps_message_blocks_dates(text);
    cJSON *blocks;

    if (!interactive || (kind != PS_MESSAGE_WATCHLIST && !ps_message_kind_is_find(kind))) {
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
