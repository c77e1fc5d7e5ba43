/* A message as blocks: times in the reader's zone, and what can be done about each find. */
#include "notifier/core/block_elements.h"
#include "notifier/core/message_blocks.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The rules as the scripted Slack of the system tests checks them. */
#include "tests/upstream/slack_check.c"

static const char line[] =
    "\xe2\x80\xa2 <https://isocpp.org/files/papers/D2300R11.pdf?a&amp;b|D2300R11> Title "
    "\xe2\x80\x94 A. Uthor";

static char *blocks_of(const char *text, enum ps_message_kind kind, bool interactive)
{
    cJSON *body = cJSON_CreateObject(), *blocks = ps_message_blocks(text, kind, interactive);
    char *printed;

    assert_non_null(blocks);
    ps_json_add_text(body, "text", text);
    cJSON_AddItemToObject(body, "blocks", blocks);
    assert_null(ps_slack_check(body));
    printed = ps_json_print(blocks);
    cJSON_Delete(body);
    return printed;
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void a_time_is_shown_in_the_readers_zone(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"at 2026-11-23 09:05 UTC.",
         "at <!date^1795424700^{date_short_pretty} {time}|2026-11-23 09:05 UTC>."},
        { "2026-11-23 09:05",                         "2026-11-23 09:05"         },
        { "2026-99-99 09:05 UTC",                     "2026-99-99 09:05 UTC"     },
        { "2026-11-23 09:0: UTC",                     "2026-11-23 09:0: UTC"     },
        { "2026-11-23 09:0/ UTC",                     "2026-11-23 09:0/ UTC"     },
        { "2026-11-23T09:05 UTC",                     "2026-11-23T09:05 UTC"     },
        { "1970-01-01 00:00 UTC1970-01-01 00:00 UTC",
         "<!date^0^{date_short_pretty} {time}|1970-01-01 00:00 UTC>"
          "<!date^0^{date_short_pretty} {time}|1970-01-01 00:00 UTC>"            },
        { "",                                         ""                         },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *dated = ps_message_blocks_dates(rows[i].text);

        assert_string_equal(dated, rows[i].want);
        free(dated);
    }
}

static char *message_of(size_t finds)
{
    struct ps_buf text;

    ps_buf_init(&text, 100000);
    (void)ps_buf_text(&text, "*New drafts*");
    for (size_t i = 0; i < finds; i++)
        (void)ps_buf_format(&text, "\n%s", line);
    (void)ps_buf_text(&text, "\n\n*Drafts that have changed*\nplain");
    return ps_buf_take(&text);
}

/* Few finds have buttons, many have a menu each, and those beyond Slack's 50 blocks are plain. */
static void each_find_can_be_acted_on(void **state)
{
    static const struct {
        size_t finds, buttons, menus;
    } rows[] = {
        {1,    4,  0 },
        { 5,   20, 0 },
        { 6,   0,  6 },
        { 30,  0,  30},
        { 200, 0,  24},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *text = message_of(rows[i].finds);
        char *blocks = blocks_of(text, PS_MESSAGE_DRAFT, true);

        assert_int_equal(times(blocks, "\"type\":\"button\""), rows[i].buttons);
        if (rows[i].finds < 100)
            assert_int_equal(times(blocks, "\"type\":\"overflow\""), rows[i].menus);
        else
            assert_in_range(times(blocks, "\"type\":\"overflow\""), 10, 40);
        assert_int_equal(times(blocks, "|D2300R11> Title"), rows[i].finds);
        assert_int_equal(times(blocks, "\"type\":\"header\""), 2);
        free(blocks);
        free(text);
    }
}

/* Slack takes 150 characters in a header, which may have four bytes each. The stars count too. */
static void a_heading_of_the_longest_characters_is_a_header(void **state)
{
    (void)state;
    for (size_t chars = 148; chars < 150; chars++) {
        struct ps_buf text;
        char *blocks;

        ps_buf_init(&text, 10000);
        (void)ps_buf_char(&text, '*');
        for (size_t i = 0; i < chars; i++)
            (void)ps_buf_text(&text, "\xf0\x9f\x93\x84");
        (void)ps_buf_format(&text, "*\n%s", line);
        blocks = blocks_of(ps_buf_str(&text), PS_MESSAGE_DRAFT, true);
        assert_int_equal(times(blocks, "\"type\":\"header\""), chars == 148);
        assert_int_equal(times(blocks, "\xf0\x9f\x93\x84"), chars);
        free(blocks);
        ps_buf_clear(&text);
    }
}

static void what_a_button_says(void **state)
{
    char *blocks = blocks_of(line, PS_MESSAGE_WATCHLIST, true);

    (void)state;
    assert_non_null(strstr(blocks, "\"action_id\":\"mute\""));
    assert_non_null(strstr(blocks, "\"value\":\"P2300\""));
    assert_non_null(strstr(blocks, "\"accessibility_label\":\"Mute P2300\""));
    assert_non_null(strstr(blocks, "\"url\":\"https://isocpp.org/files/papers/D2300R11.pdf?a&b\""));
    free(blocks);
}

/* Nobody hears a click, or the message announces nothing. */
static void where_there_are_no_buttons(void **state)
{
    static const struct {
        const char *text;
        enum ps_message_kind kind;
        bool interactive;
    } rows[] = {
        {line,                                      PS_MESSAGE_WATCHLIST, false},
        { line,                                     PS_MESSAGE_REPLY,     true },
        { line,                                     PS_MESSAGE_OPS_ALERT, true },
        { "\xe2\x80\xa2 &lt;u|P2300R1&gt; forged",  PS_MESSAGE_WATCHLIST, true },
        { "\xe2\x80\xa2 <https://x|not a paper> x", PS_MESSAGE_WATCHLIST, true },
        { "\xe2\x80\xa2 <https://x",                PS_MESSAGE_WATCHLIST, true },
        { "Also: <https://x|P2300R1> x",            PS_MESSAGE_WATCHLIST, true },
        { "\xe2\x80\xa2 <",                         PS_MESSAGE_WATCHLIST, true },
        { "\xe2\x80\xa2 <https://x|P0R0> x",        PS_MESSAGE_WATCHLIST, true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *blocks = blocks_of(rows[i].text, rows[i].kind, rows[i].interactive);

        assert_null(strstr(blocks, "action_id"));
        free(blocks);
    }
    assert_null(ps_message_blocks(" \n", PS_MESSAGE_WATCHLIST, true));
}

static void a_menu_has_no_more_options_than_slack_takes(void **state)
{
    struct ps_block_choice choices[PS_BLOCK_MENU_MAX + 1];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(choices); i++)
        choices[i] = (struct ps_block_choice){ PS_INTERACTION_ID_MUTE, "Mute", NULL };
    for (size_t count = PS_BLOCK_MENU_MAX - 1; count <= PS_COUNT_OF(choices); count++) {
        cJSON *menu = ps_block_menu(choices, count, "P2300");

        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(menu, "options")),
                         count < PS_BLOCK_MENU_MAX ? count : PS_BLOCK_MENU_MAX);
        cJSON_Delete(menu);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_shown_in_the_readers_zone),
        cmocka_unit_test(each_find_can_be_acted_on),
        cmocka_unit_test(a_heading_of_the_longest_characters_is_a_header),
        cmocka_unit_test(what_a_button_says),
        cmocka_unit_test(where_there_are_no_buttons),
        cmocka_unit_test(a_menu_has_no_more_options_than_slack_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
