#include "notifier/core/home_view.h"

#include "notifier/core/block_elements.h"
#include "notifier/core/block_kit.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/utc_time.h"
#include "shared/core/watch_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_BYTES = 12000,
    TITLE_CHARS = 200,
    AUTHOR_CHARS = 100,
    URL_CHARS = 500,
    ENTRY_TYPED_MAX = 200 /* characters of the modal's input */
};

static void add(cJSON *blocks, cJSON *block)
{
    if (cJSON_GetArraySize(blocks) < PS_HOME_VIEW_BLOCKS_MAX)
        cJSON_AddItemToArray(blocks, block);
    else
        cJSON_Delete(block);
}

/* Takes what line holds. */
static void add_section(cJSON *blocks, struct ps_buf *line)
{
    add(blocks, ps_block_section(ps_buf_str(line)));
    ps_buf_clear(line);
}

/* In the reader's own zone; the fallback is UTC. */
static void add_time(struct ps_buf *out, int64_t wall_ms)
{
    char text[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(wall_ms, text);
    (void)ps_buf_format(out, "<!date^%" PRId64 "^{date_short_pretty} {time}|%.10s %.5s UTC>",
                        wall_ms / 1000, text, text + 11);
}

/* --- the watchlist -------------------------------------------------------------------------- */

static size_t choices_of(const struct ps_command_reply_entry *entry,
                         struct ps_block_choice out_choices[PS_BLOCK_MENU_MAX])
{
    size_t count = 0;

    if (entry->watched)
        out_choices[count++] = (struct ps_block_choice){ PS_INTERACTION_ID_REMOVE, "Remove", NULL };
    if (entry->quiet) {
        out_choices[count++] = (struct ps_block_choice){ PS_INTERACTION_ID_UNMUTE, "Unmute", NULL };
    } else {
        out_choices[count++] = (struct ps_block_choice){ PS_INTERACTION_ID_MUTE, "Mute", NULL };
        out_choices[count++] =
            (struct ps_block_choice){ PS_INTERACTION_ID_SNOOZE_DAY, "Snooze 1 day", NULL };
        out_choices[count++] =
            (struct ps_block_choice){ PS_INTERACTION_ID_SNOOZE_WEEK, "Snooze 1 week", NULL };
    }
    return count;
}

static void add_entry(cJSON *blocks, const struct ps_command_reply_entry *entry, bool buttons)
{
    struct ps_block_choice choices[PS_BLOCK_MENU_MAX];
    size_t count = choices_of(entry, choices);
    struct ps_watch_rule rule;
    enum ps_watch_kind kind;
    struct ps_buf line;
    cJSON *section;
    char *value;

    if (!ps_watch_kind_parse(entry->kind, &kind) ||
        !ps_watch_rule_stored(kind, entry->value, &rule))
        return;
    ps_buf_init(&line, LINE_BYTES);
    ps_command_reply_add_rule(&line, kind, entry->value);
    if (entry->quiet) {
        (void)ps_buf_text(&line, entry->snooze ? ", snoozed" : ", muted");
        if (entry->until_ms > 0) {
            (void)ps_buf_text(&line, " until ");
            add_time(&line, entry->until_ms);
        }
    }
    value = ps_watch_format(&rule);
    section = ps_block_section(ps_buf_str(&line));
    add(blocks, section);
    if (strlen(value) <= PS_INTERACTION_VALUE_MAX && buttons)
        add(blocks, ps_block_actions(choices, count, value));
    else if (strlen(value) <= PS_INTERACTION_VALUE_MAX)
        cJSON_AddItemToObject(section, "accessory", ps_block_menu(choices, count, value));
    free(value);
    ps_buf_clear(&line);
}

/* Adds the entries that are watched, or those that are only muted or snoozed; gives how many the
 * person has, also where there is no room for them. */
static size_t add_entries(cJSON *blocks, const struct ps_home *home, bool watched, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < home->entry_len; i++) {
        if (home->entries[i].watched != watched)
            continue;
        if (!watched && count == 0 && room > 0)
            add(blocks, ps_block_section("*Muted or snoozed, and not on your watchlist*"));
        if (count++ < room)
            add_entry(blocks, &home->entries[i], home->entry_len <= PS_HOME_BUTTONS_MAX);
    }
    return count;
}

static void add_watchlist(cJSON *blocks, const struct ps_home *home)
{
    static const struct ps_block_choice add_watch = { PS_INTERACTION_ID_ADD, "Add a watch", NULL };
    size_t watched;
    cJSON *actions;

    ps_block_kit_add_header(blocks, "Your watchlist");
    watched = add_entries(blocks, home, true, PS_HOME_ENTRIES_MAX);
    if (watched == 0)
        add(blocks,
            ps_block_section("You watch nothing yet. Add a paper, a number, an author, a "
                             "subgroup or a pattern, and Paperscout notifies you as soon as it "
                             "finds a draft or a paper that matches."));
    if (home->entry_len > PS_HOME_ENTRIES_MAX) {
        char *more =
            ps_alloc_format("\xe2\x80\xa6 and %zu more. Send me `list` in the Messages tab "
                            "to see all of them.",
                            home->entry_len - PS_HOME_ENTRIES_MAX);

        add(blocks, ps_block_context(more));
        free(more);
    }
    actions = ps_block_actions(&add_watch, 1, NULL);
    ps_json_add_text(cJSON_GetArrayItem(cJSON_GetObjectItem(actions, "elements"), 0), "style",
                     "primary");
    add(blocks, actions);
    (void)add_entries(blocks, home, false,
                      watched < PS_HOME_ENTRIES_MAX ? PS_HOME_ENTRIES_MAX - watched : 0);
}

/* --- the digest ----------------------------------------------------------------------------- */

static void add_digest(cJSON *blocks, const struct ps_home *home)
{
    static const struct ps_block_choice off = { PS_INTERACTION_ID_DIGEST_OFF, "Notify me at once",
                                                NULL };
    bool on = home->digest_minute >= 0;
    cJSON *actions, *elements, *picker = cJSON_CreateObject();
    char clock[16];
    struct ps_buf line;

    ps_buf_init(&line, LINE_BYTES);
    if (on) {
        (void)ps_buf_format(&line, "One message a day, at %02d:%02d (", home->digest_minute / 60,
                            home->digest_minute % 60);
        ps_mrkdwn_text(&line, home->digest_zone, AUTHOR_CHARS);
        (void)ps_buf_text(&line, ").");
    } else {
        (void)ps_buf_text(&line, "You are notified as soon as something is found. Pick a time to "
                                 "get one message a day instead.");
    }
    ps_block_kit_add_header(blocks, "Digest");
    add_section(blocks, &line);
    ps_json_add_text(picker, "type", "timepicker");
    ps_json_add_text(picker, "action_id", ps_interaction_name(PS_INTERACTION_ID_DIGEST_DAILY));
    if (on) {
        (void)snprintf(clock, sizeof(clock), "%02d:%02d", home->digest_minute / 60,
                       home->digest_minute % 60);
        ps_json_add_text(picker, "initial_time", clock);
    }
    cJSON_AddItemToObject(picker, "placeholder",
                          ps_block_text("plain_text", "Daily at \xe2\x80\xa6", 150));
    actions = cJSON_CreateObject();
    ps_json_add_text(actions, "type", "actions");
    elements = cJSON_AddArrayToObject(actions, "elements");
    cJSON_AddItemToArray(elements, picker);
    if (on)
        cJSON_AddItemToArray(elements, ps_block_button(&off, NULL));
    add(blocks, actions);
}

/* --- finds and the fleet -------------------------------------------------------------------- */

static void add_find(cJSON *blocks, const struct ps_home_find *find)
{
    enum ps_watch_kind kind = PS_WATCH_KIND_ALL;
    struct ps_buf line;

    ps_buf_init(&line, LINE_BYTES);
    ps_mrkdwn_link(&line, find->url, find->id, URL_CHARS);
    if (find->title[0] != '\0') {
        (void)ps_buf_char(&line, ' ');
        ps_mrkdwn_text(&line, find->title, TITLE_CHARS);
    }
    (void)ps_buf_text(&line, "\n");
    add_time(&line, find->at_ms);
    if (ps_watch_kind_parse(find->by, &kind)) {
        (void)ps_buf_text(&line, ", because you watch ");
        ps_command_reply_add_rule(&line, kind, find->reason);
    }
    add_section(blocks, &line);
}

static void add_fleet(cJSON *blocks, const struct ps_home *home)
{
    struct ps_buf line;

    ps_buf_init(&line, LINE_BYTES);
    if (home->poll_ms > 0) {
        char span[PS_UTC_TIME_TEXT];

        ps_utc_time_format_span((home->wall_ms - home->poll_ms) / 1000, span);
        (void)ps_buf_format(&line, "Last successful poll %s ago, ", span);
    } else {
        (void)ps_buf_text(&line, "No successful poll yet, ");
    }
    (void)ps_buf_format(&line,
                        "%" PRId64 " papers in the index, %" PRId64 " drafts found. Paperscout %s.",
                        home->papers, home->drafts, home->version);
    add(blocks, ps_block_context(ps_buf_str(&line)));
    ps_buf_clear(&line);
}

cJSON *ps_home_view(const struct ps_home *home)
{
    cJSON *view = cJSON_CreateObject(), *blocks = cJSON_CreateArray();
    cJSON *divider = cJSON_CreateObject();

    ps_json_add_text(view, "type", "home");
    add_watchlist(blocks, home);
    add_digest(blocks, home);
    if (home->find_len > 0)
        add(blocks, ps_block_section("*Latest finds on your watchlist*"));
    for (size_t i = 0; i < home->find_len && i < PS_HOME_FINDS_MAX; i++)
        add_find(blocks, &home->finds[i]);
    ps_json_add_text(divider, "type", "divider");
    add(blocks, divider);
    add_fleet(blocks, home);
    cJSON_AddItemToObject(view, "blocks", blocks);
    return view;
}

/* --- the modal ------------------------------------------------------------------------------ */

static cJSON *entry_input(void)
{
    cJSON *block = cJSON_CreateObject(), *input = cJSON_CreateObject(), *config;

    ps_json_add_text(input, "type", "plain_text_input");
    ps_json_add_text(input, "action_id", ps_interaction_name(PS_INTERACTION_ID_ENTRY));
    ps_json_add_int(input, "max_length", ENTRY_TYPED_MAX);
    cJSON_AddItemToObject(
        input, "placeholder",
        ps_block_text("plain_text", "P2300, 2300, Eric Niebler, subgroup LEWG or /pattern/", 150));
    config = cJSON_AddObjectToObject(input, "dispatch_action_config");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(config, "trigger_actions_on"),
                         cJSON_CreateString("on_character_entered"));
    ps_json_add_text(block, "type", "input");
    ps_json_add_text(block, "block_id", PS_INTERACTION_ENTRY_BLOCK);
    ps_json_add_bool(block, "dispatch_action", true);
    cJSON_AddItemToObject(block, "label",
                          ps_block_text("plain_text", "What do you want to watch?", 2000));
    cJSON_AddItemToObject(block, "element", input);
    return block;
}

/* P2300 is "std::execution" by …; 3 drafts seen. */
static void add_meaning(struct ps_buf *line, const struct ps_entry_meaning *meaning)
{
    (void)ps_buf_char(line, '*');
    ps_mrkdwn_text(line, meaning->rule, PS_WATCH_ENTRY_MAX);
    (void)ps_buf_char(line, '*');
    if (meaning->title[0] != '\0') {
        (void)ps_buf_text(line, " is ");
        ps_mrkdwn_text(line, meaning->title, TITLE_CHARS);
    } else {
        (void)ps_buf_text(line,
                          meaning->papers > 0 ? " is in the index" : " is not in the index yet");
    }
    if (meaning->author[0] != '\0') {
        (void)ps_buf_text(line, " by ");
        ps_mrkdwn_text(line, meaning->author, AUTHOR_CHARS);
    }
    (void)ps_buf_format(line, "; %" PRId64 " draft%s seen%s.", meaning->drafts,
                        meaning->drafts == 1 ? "" : "s",
                        meaning->watched ? "; you watch it already" : "");
}

cJSON *ps_add_view(const struct ps_entry_check *check)
{
    cJSON *view = cJSON_CreateObject(), *blocks = cJSON_CreateArray();
    struct ps_buf line;

    ps_json_add_text(view, "type", "modal");
    ps_json_add_text(view, "callback_id", ps_interaction_name(PS_INTERACTION_ID_ADD_WATCH));
    cJSON_AddItemToObject(view, "title", ps_block_text("plain_text", "Add a watch", 24));
    cJSON_AddItemToObject(view, "submit", ps_block_text("plain_text", "Add", 24));
    cJSON_AddItemToObject(view, "close", ps_block_text("plain_text", "Cancel", 24));
    add(blocks, entry_input());
    ps_buf_init(&line, LINE_BYTES);
    if (check != NULL && check->problem != NULL) {
        (void)ps_buf_text(&line, ":warning: ");
        (void)ps_buf_text(&line, check->problem);
    }
    for (size_t i = 0; check != NULL && check->problem == NULL && i < check->len; i++) {
        if (i > 0)
            (void)ps_buf_char(&line, '\n');
        add_meaning(&line, &check->meanings[i]);
    }
    if (check != NULL && check->problem == NULL && check->other != NULL) {
        if (line.len > 0)
            (void)ps_buf_char(&line, '\n');
        (void)ps_buf_text(&line, check->other);
    }
    if (line.len > 0)
        ps_block_kit_add_lines(blocks, (struct ps_str){ line.data, line.len });
    ps_buf_clear(&line);
    cJSON_AddItemToObject(view, "blocks", blocks);
    return view;
}
