/* The App Home and the modal: within Slack's rules whatever people watch. */
#include "notifier/core/home_view.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The rules as the scripted Slack of the system tests checks them. */
#include "tests/upstream/slack_check.c"

enum { ENTRIES = 240 };

static const char hostile[] = "<!channel> *b* `c` & <https://x|y> \xe2\x80\xae"
                              "end";

/* Values and plain text say what they say; only mrkdwn is read for mentions and links. */
static void check_mrkdwn(const cJSON *value)
{
    const char *type = ps_json_text(value, "type"), *text = ps_json_text(value, "text");
    const cJSON *child;

    if (type != NULL && strcmp(type, "mrkdwn") == 0) {
        assert_null(strstr(text, "<!channel>"));
        assert_null(strstr(text, "<https://x|y>"));
    }
    cJSON_ArrayForEach (child, value)
        check_mrkdwn(child);
}

static void check_view(cJSON *view)
{
    const char *error = ps_slack_check_view(view);
    char *text = ps_json_print(view);

    if (error != NULL)
        print_message("%s: %s\n%s\n", error, ps_slack_check_why(), text);
    assert_null(error);
    check_mrkdwn(view);
    free(text);
    cJSON_Delete(view);
}

static struct ps_command_reply_entry entry_of(size_t i, char *number)
{
    static const struct ps_command_reply_entry kinds[] = {
        {"paper",     "P2300",        true,  false, false, 0            },
        { "author",   "k\xc3\xb6ppe", true,  true,  false, 0            },
        { "author",   hostile,        true,  true,  true,  1763888700000},
        { "subgroup", "lewg",         true,  false, false, 0            },
        { "pattern",  "^a|(b)+",      true,  true,  true,  1763888700000},
        { "all",      "",             false, true,  true,  1763888700000},
        { "pattern",
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
          "890123456789",             true,  false, false, 0            },
    };
    struct ps_command_reply_entry entry = kinds[i % PS_COUNT_OF(kinds)];

    if (i % PS_COUNT_OF(kinds) == 0) {
        (void)snprintf(number, 16, "%zu", i + 1);
        entry.kind = "number";
        entry.value = number;
    }
    return entry;
}

static void a_home_is_valid_for_any_watchlist(void **state)
{
    struct ps_command_reply_entry entries[ENTRIES];
    char numbers[ENTRIES][16];
    struct ps_home_find finds[PS_HOME_FINDS_MAX];

    (void)state;
    for (size_t i = 0; i < ENTRIES; i++)
        entries[i] = entry_of(i, numbers[i]);
    for (size_t i = 0; i < PS_HOME_FINDS_MAX; i++)
        finds[i] = (struct ps_home_find){ "D2300R1", "https://isocpp.org/files/papers/D2300R1.pdf",
                                          hostile,   "author",
                                          hostile,   1 };
    for (size_t count = 0; count <= ENTRIES; count += count < 20 ? 1 : 55) {
        struct ps_home home = { .entries = entries,
                                .entry_len = count,
                                .digest_minute = count % 2 == 0 ? -1 : (int)count,
                                .digest_zone = hostile,
                                .finds = finds,
                                .find_len = count % (PS_HOME_FINDS_MAX + 1),
                                .poll_ms = count % 3 == 0 ? 0 : 1000,
                                .wall_ms = 2000,
                                .version = "1" };

        check_view(ps_home_view(&home));
    }
}

/* What is only muted stands below the watchlist, under its own words. */
static void mutes_are_no_watches(void **state)
{
    static const struct ps_command_reply_entry entries[] = {
        {"all",    "",      false, true,  false, 0},
        { "paper", "P2300", true,  false, false, 0},
        { "paper", "P2301", false, true,  false, 0},
    };
    static const char *const order[] = { "*P2300*",    "Add a watch", "not on your watchlist",
                                         "everything", "*P2301*",     "Digest" };
    struct ps_home home = { .entries = entries,
                            .entry_len = PS_COUNT_OF(entries),
                            .digest_minute = -1,
                            .digest_zone = "UTC",
                            .version = "1" };
    cJSON *view = ps_home_view(&home);
    char *text = ps_json_print(view);
    const char *at = text;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(order); i++) {
        at = strstr(at, order[i]);
        assert_non_null(at);
    }
    free(text);
    check_view(view);
}

static void the_modal_says_what_an_entry_means(void **state)
{
    static const struct ps_entry_meaning meanings[] = {
        {"P2300",  "`std::execution`", "Eric Niebler", 10, 3, false},
        { "P9999", "",                 "",             0,  0, false},
        { "2301",  hostile,            hostile,        1,  1, true },
    };
    struct ps_entry_check check = { .meanings = meanings, .len = PS_COUNT_OF(meanings) };
    cJSON *view = ps_add_view(&check);
    const cJSON *blocks = cJSON_GetObjectItem(view, "blocks");
    const char *text =
        ps_json_text(cJSON_GetObjectItem(cJSON_GetArrayItem(blocks, 1), "text"), "text");

    (void)state;
    assert_non_null(strstr(text, "*P2300* is 'std::execution' by Eric Niebler; 3 drafts seen."));
    assert_non_null(strstr(text, "*P9999* is not in the index yet; 0 drafts seen."));
    assert_non_null(strstr(text, "1 draft seen; you watch it already."));
    check_view(view);
    check_view(ps_add_view(NULL));
    check = (struct ps_entry_check){ .problem = "did you mean `subgroup LEWG`?" };
    check_view(ps_add_view(&check));
    check = (struct ps_entry_check){ .other = "Every new paper." };
    check_view(ps_add_view(&check));
}

/* The validator itself finds what Slack would refuse. */
static void what_slack_refuses_is_found(void **state)
{
    static const char *const views[] = {
        "{}",
        "{\"type\":\"tab\",\"blocks\":[]}",
        "{\"type\":\"home\",\"blocks\":[]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"divider\"}],\"title\":{}}",
        "{\"type\":\"modal\",\"blocks\":[{\"type\":\"divider\"}]}",
        "{\"type\":\"modal\",\"title\":{\"type\":\"plain_text\",\"text\":"
        "\"12345678901234567890123456\"},"
        "\"blocks\":[{\"type\":\"divider\"}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"section\"}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\","
        "\"text\":\"\"}}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"mrkdwn\","
        "\"text\":\"a\"}}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"actions\",\"elements\":[]}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"actions\",\"elements\":[{\"type\":\"button\","
        "\"text\":"
        "{\"type\":\"plain_text\",\"text\":\"a\"}}]}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"actions\",\"elements\":["
        "{\"type\":\"button\",\"action_id\":\"a\",\"text\":{\"type\":\"plain_text\",\"text\":\"a\"}"
        "},"
        "{\"type\":\"button\",\"action_id\":\"a\",\"text\":{\"type\":\"plain_text\",\"text\":\"b\"}"
        "}]}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"actions\",\"elements\":["
        "{\"type\":\"timepicker\",\"action_id\":\"a\",\"initial_time\":\"24:00\"}]}]}",
        "{\"type\":\"home\",\"blocks\":[{\"type\":\"divider\",\"block_id\":\"a\"},{\"type\":"
        "\"divider\",\"block_id\":\"a\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(views); i++) {
        cJSON *view = ps_json_parse(views[i], strlen(views[i]), NULL);

        assert_non_null(view);
        assert_string_equal(ps_slack_check_view(view), "invalid_arguments");
        cJSON_Delete(view);
    }
}

static cJSON *home_with_digest(int minute)
{
    struct ps_home home = { .digest_minute = minute, .digest_zone = "UTC", .version = "1.2.3" };

    return ps_home_view(&home);
}

static void the_home_has_a_clock_only_for_a_digest(void **state)
{
    cJSON *view = home_with_digest(545);
    char *text = ps_json_print(view);

    (void)state;
    assert_non_null(strstr(text, "\"initial_time\":\"09:05\""));
    assert_non_null(strstr(text, "One message a day, at 09:05 (UTC)."));
    assert_non_null(strstr(text, "\"digest_off\""));
    /* The line above the fleet. */
    assert_non_null(strstr(text, "{\"type\":\"divider\"},{\"type\":\"context\""));
    free(text);
    check_view(view);
    view = home_with_digest(-1);
    text = ps_json_print(view);
    assert_null(strstr(text, "initial_time"));
    assert_null(strstr(text, "\"digest_off\""));
    free(text);
    check_view(view);
}

static void the_modal_checks_what_is_typed_and_can_be_closed(void **state)
{
    cJSON *view = ps_add_view(NULL);
    char *text = ps_json_print(view);

    (void)state;
    assert_non_null(strstr(text, "\"dispatch_action\":true"));
    assert_non_null(strstr(text, "\"trigger_actions_on\":[\"on_character_entered\"]"));
    assert_non_null(strstr(text, "\"close\":{\"type\":\"plain_text\",\"text\":\"Cancel\""));
    assert_non_null(strstr(text, "\"submit\":{\"type\":\"plain_text\",\"text\":\"Add\""));
    free(text);
    check_view(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_is_valid_for_any_watchlist),
        cmocka_unit_test(mutes_are_no_watches),
        cmocka_unit_test(the_modal_says_what_an_entry_means),
        cmocka_unit_test(what_slack_refuses_is_found),
        cmocka_unit_test(the_home_has_a_clock_only_for_a_digest),
        cmocka_unit_test(the_modal_checks_what_is_typed_and_can_be_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
