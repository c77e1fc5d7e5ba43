/* What the scheduler composes and the notifier makes blocks of, against Slack's published limits.
 */
#include "notifier/core/block_kit.h"
#include "notifier/core/message_blocks.h"
#include "scheduler/core/notification.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/text_normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The limits as the scripted Slack of the system tests checks them. */
#include "tests/upstream/slack_check.c"

enum { ROWS = 120 };

static char *repeat(const char *what, size_t times)
{
    struct ps_buf out;

    ps_buf_init(&out, 1024 * 1024);
    for (size_t i = 0; i < times; i++)
        assert_true(ps_buf_text(&out, what));
    return ps_buf_take(&out);
}

/* The same with buttons, as a message to a person and as a post: any number of finds. */
static void check_interactive(const char *text)
{
    static const enum ps_message_kind kinds[] = { PS_MESSAGE_WATCHLIST, PS_MESSAGE_DRAFT,
                                                  PS_MESSAGE_REPLY };

    for (size_t i = 0; i < PS_COUNT_OF(kinds); i++) {
        cJSON *body = cJSON_CreateObject(), *blocks = ps_message_blocks(text, kinds[i], true);

        assert_non_null(blocks);
        ps_json_add_text(body, "text", text);
        cJSON_AddItemToObject(body, "blocks", blocks);
        if (ps_slack_check(body) != NULL)
            print_message("%s\n", ps_slack_check_why());
        assert_null(ps_slack_check(body));
        cJSON_Delete(body);
    }
}

static void check_message(const char *text)
{
    cJSON *body = cJSON_CreateObject(), *blocks = ps_block_kit_of(text);

    assert_true(ps_utf8_valid(text, strlen(text)));
    assert_true(ps_mrkdwn_chars(text) < 3000);
    assert_non_null(blocks);
    assert_in_range(cJSON_GetArraySize(blocks), 1, 3);
    ps_json_add_text(body, "text", text);
    cJSON_AddItemToObject(body, "blocks", blocks);
    assert_null(ps_slack_check(body));
    check_interactive(text);
    /* Whatever a title holds, nobody is called by it. */
    assert_null(strstr(text, "<!"));
    assert_null(strstr(text, "<@"));
    assert_null(strstr(text, "<#"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    for (const char *c = text; *c != '\0'; c++)
        assert_true((unsigned char)*c >= ' ' || *c == '\n');
    cJSON_Delete(body);
}

/* A title cannot make such a line: its < is escaped. */
static size_t lines_of(const char *text)
{
    size_t lines = 0;

    for (; (text = strstr(text, "\xe2\x80\xa2 <https://wg21.link/p1|P")) != NULL; text++)
        lines++;
    return lines;
}

static void check_title(const char *title)
{
    struct ps_paper paper = { .title = title, .author = title, .link = "https://wg21.link/p1" };
    const char *data[ROWS], *keys[ROWS];
    struct ps_notification_rows given = { data, keys, ROWS, 1000 };
    struct ps_outbox_row rows[ROWS];
    struct ps_messages messages;
    char id[32];
    size_t lines = 0;

    for (int i = 0; i < ROWS; i++) {
        (void)snprintf(id, sizeof(id), "P%04dR0", i + 1);
        paper.id = id;
        ps_notification_watch_paper(&paper, "U1", title, true, &rows[i]);
        data[i] = rows[i].data;
        keys[i] = rows[i].dedupe_key;
    }
    ps_notification_messages(rows[0].kind, &given, &messages);
    for (size_t i = 0; i < messages.len; i++) {
        check_message(messages.texts[i]);
        lines += lines_of(messages.texts[i]);
    }
    assert_int_equal(lines, ROWS);
    ps_messages_clear(&messages);
    for (int i = 0; i < ROWS; i++)
        ps_outbox_row_clear(&rows[i]);
}

static void hostile_titles_stay_within_slacks_limits(void **state)
{
    static const char *const parts[] = {
        "x",
        "& < > ",
        "<!channel> <@U123> <#C1> ",
        "*bold* _it_ ~no~ `code` ```block``` > quote\n",
        "\xe2\x80\xae\xe2\x80\x8f\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d ", /* right to left */
        "\xf0\x9f\x98\x80",                                          /* four bytes */
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",              /* joined */
        "e\xcc\x81\xcc\x81\xcc\x81",                                 /* combining marks */
        "\x01\x02\x07\x1b[2J\t\r\n",
        "\xff\xfe\x80 not UTF-8 \xc3",
        "<https://example.org/|a link> ",
        "|>|<|",
        "&amp;&amp;&lt;",
        "\xe2\x80\xa2 ", /* our own bullet */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char *title = repeat(parts[i], 10000 / strlen(parts[i]) + 1);

        check_title(title);
        check_title(parts[i]);
        free(title);
    }
    check_title("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_titles_stay_within_slacks_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
