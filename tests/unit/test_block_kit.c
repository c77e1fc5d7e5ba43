#include "notifier/core/block_kit.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
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

static void want(const char *text, const char *json)
{
    cJSON *blocks = ps_block_kit_of(text);
    char *got = blocks != NULL ? ps_json_print(blocks) : ps_alloc_text("null");

    assert_string_equal(got, json);
    free(got);
    cJSON_Delete(blocks);
}

#define HEADER(text)                                                                               \
    "{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"" text "\"}}"
#define SECTION(text) "{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"" text "\"}}"

static void a_heading_becomes_a_header_and_the_rest_sections(void **state)
{
    (void)state;
    want("*New drafts* (1/2)\n- <u|D1>\n- <u|D2>",
         "[" HEADER("New drafts (1/2)") "," SECTION("- <u|D1>\\n- <u|D2>") "]");
    want("*A &amp; B &lt;c&gt;*\nx", "[" HEADER("A & B <c>") "," SECTION("x") "]");
    want("plain", "[" SECTION("plain") "]");
    want("*bold alone*", "[" SECTION("*bold alone*") "]");
    want("*bold* and more\nx", "[" SECTION("*bold* and more\\nx") "]");
    want("*<u|linked>*\nx", "[" SECTION("*<u|linked>*\\nx") "]");
    want("**\nx", "[" SECTION("**\\nx") "]");
    want("", "null");
    want(" \n ", "null");
}

/* Everything that was said is said in the sections, and nothing else. */
static void check_text(const char *text)
{
    cJSON *body = cJSON_CreateObject(), *blocks = ps_block_kit_of(text), *block;
    size_t len = 0, want_len = 0;

    if (blocks == NULL)
        blocks = cJSON_CreateArray();
    cJSON_AddItemToObject(body, "blocks", blocks);
    ps_json_add_text(body, "text", text);
    assert_null(ps_slack_check(body));
    cJSON_ArrayForEach (block, blocks) {
        const char *part = ps_json_text(cJSON_GetObjectItem(block, "text"), "text");

        assert_true(ps_utf8_valid(part, strlen(part)));
        for (; *part != '\0'; part++)
            len += strchr("\n *", *part) == NULL;
    }
    for (; *text != '\0'; text++)
        want_len += strchr("\n *", *text) == NULL;
    assert_int_equal(len, want_len);
    cJSON_Delete(body);
}

static char *repeat(const char *what, size_t times)
{
    struct ps_buf out;

    ps_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < times; i++)
        assert_true(ps_buf_text(&out, what));
    return ps_buf_take(&out);
}

static void hostile_texts_stay_within_the_limits(void **state)
{
    static const char *const parts[] = {
        "x",
        "\xf0\x9f\x98\x80",                 /* four bytes */
        "\xe2\x80\xae",                     /* right-to-left override */
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", /* right to left */
        "\x01\x02\x1b[31m",
        "&amp;",
        "<https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|label>",
        "line of a few words\n",
        "*not a heading*\n",
        "`code` _under_ ~strike~ @channel &lt;!here&gt;",
        "e\xcc\x81", /* a combining mark */
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(parts); i++) {
        for (size_t times = 1; times * strlen(parts[i]) <= 40000; times = times * 3 / 2 + 1) {
            char *text = repeat(parts[i], times);

            check_text(text);
            free(text);
        }
    }
}

static void no_cut_tears_a_link_or_an_escape(void **state)
{
    static const char *const things[] = { "<https://example.org/a|b>", "&amp;", "&lt;" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(things); i++) {
        for (size_t before = PS_BLOCK_KIT_SECTION_MAX - 30; before <= PS_BLOCK_KIT_SECTION_MAX;
             before++) {
            char *x = repeat("x", before), *text = ps_alloc_format("%s%stail", x, things[i]);
            cJSON *blocks = ps_block_kit_of(text), *block;
            int whole = 0;

            cJSON_ArrayForEach (block, blocks)
                whole += strstr(ps_json_text(cJSON_GetObjectItem(block, "text"), "text"),
                                things[i]) != NULL;
            assert_int_equal(whole, 1);
            cJSON_Delete(blocks);
            free(text);
            free(x);
        }
    }
}

/* Otherwise a long line would need one section more than its length says. */
static void an_escape_that_fills_a_section_is_not_moved_to_the_next(void **state)
{
    char *x = repeat("x", PS_BLOCK_KIT_SECTION_MAX - 5);
    char *text = ps_alloc_format("%s&amp;%s&amp;", x, x);
    cJSON *blocks = ps_block_kit_of(text);

    (void)state;
    assert_int_equal(cJSON_GetArraySize(blocks), 2);
    cJSON_Delete(blocks);
    free(text);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heading_becomes_a_header_and_the_rest_sections),
        cmocka_unit_test(hostile_texts_stay_within_the_limits),
        cmocka_unit_test(no_cut_tears_a_link_or_an_escape),
        cmocka_unit_test(an_escape_that_fills_a_section_is_not_moved_to_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
