/* The table of commands is whole: names are unique, help lists each command once, and usage names
 * each option. */
#include "shared/core/alloc.h"
#include "shared/core/command_help.h"
#include "shared/core/command_table.h"
#include "shared/core/completion.h"
#include "shared/core/man_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 256 * 1024 };

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        count++;
    return count;
}

static void each_name_is_found_and_means_one_command(void **state)
{
    (void)state;
    for (int i = 0; i < PS_COMMAND_COUNT; i++)
        if (ps_command_texts[i].front[0] != '\0')
            assert_int_equal(ps_command_find(ps_command_texts[i].front), i);
    assert_int_equal(ps_command_find("watchlist"), PS_COMMAND_WATCHLIST);
    assert_int_equal(ps_command_find("healthcheck"), PS_COMMAND_COUNT);
    assert_int_equal(ps_command_find(""), PS_COMMAND_COUNT);
}

static void the_help_lists_each_command_once(void **state)
{
    struct ps_buf help;

    (void)state;
    ps_buf_init(&help, TEXT_MAX);
    ps_help_front("1.2.3", &help);
    for (int i = 0; i < PS_COMMAND_COUNT; i++) {
        char *line;

        if (ps_command_texts[i].front[0] == '\0')
            continue;
        line = ps_alloc_format("\n  %s ", ps_command_texts[i].front);
        if (count_of(ps_buf_str(&help), line) != 1)
            fail_msg("%s is not listed once", ps_command_texts[i].front);
        free(line);
    }
    ps_buf_clear(&help);
}

static void usage_names_each_option_and_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < ps_command_option_count; i++) {
        const struct ps_command_option *option = &ps_command_options[i];

        if (strstr(ps_command_texts[option->command].usage, option->name) == NULL &&
            strncmp(option->summary, "no change", 9) != 0)
            fail_msg("%s: usage lacks %s", ps_command_texts[option->command].name, option->name);
    }
    for (size_t i = 0; i < ps_command_word_count; i++)
        if (strstr(ps_command_texts[ps_command_words[i].command].usage, ps_command_words[i].word) ==
            NULL)
            fail_msg("%s: usage lacks %s", ps_command_texts[ps_command_words[i].command].name,
                     ps_command_words[i].word);
}

static void a_line_of_help_fits_a_terminal(void **state)
{
    struct ps_buf help;

    (void)state;
    for (int i = 0; i < PS_COMMAND_COUNT; i++) {
        if (ps_command_texts[i].front[0] == '\0')
            continue;
        ps_buf_init(&help, TEXT_MAX);
        ps_help_command((enum ps_command_id)i, &help);
        for (const char *line = ps_buf_str(&help); line != NULL && *line != '\0';) {
            const char *end = strchr(line, '\n');

            assert_non_null(end);
            if (end - line > 80)
                fail_msg("%s: %.*s", ps_command_texts[i].front, (int)(end - line), line);
            line = end + 1;
        }
        ps_buf_clear(&help);
    }
}

static void a_mistyped_name_finds_its_neighbour(void **state)
{
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"sttaus",  "status"},
        { "statsu", "status"},
        { "find",   "finds" },
        { "serach", "search"},
        { "dea",    "dead"  },
        { "rea",    "read"  },
        { "qeue",   "queue" },
        { "sed",    "send"  },
        { "xyzzy",  NULL    },
        { "d",      NULL    },
        { "",       NULL    },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        const char *got = ps_command_nearest_front(cases[i].name);

        if ((got == NULL) != (cases[i].want == NULL) ||
            (got != NULL && strcmp(got, cases[i].want) != 0))
            fail_msg("%s: %s", cases[i].name, got == NULL ? "none" : got);
    }
}

static void two_equal_neighbours_are_no_suggestion(void **state)
{
    static const char *const names[] = { "lend", "send" };

    (void)state;
    assert_null(ps_command_nearest("bend", names, PS_COUNT_OF(names)));
    assert_string_equal(ps_command_nearest("lend", names, PS_COUNT_OF(names)), "lend");
}

static void a_name_of_five_letters_may_have_two_errors(void **state)
{
    static const char *const names[] = { "abcde", "abcde" }, *const longer[] = { "abcdef" };

    (void)state;
    assert_string_equal(ps_command_nearest("abcxy", names, 2), "abcde"); /* twice is no tie */
    assert_null(ps_command_nearest("abwxy", names, 2));
    assert_null(ps_command_nearest("abcd", longer, 1));
    assert_string_equal(ps_command_nearest("bcdef", longer, 1), "abcdef");
    assert_string_equal(ps_command_nearest("abcdx", longer, 1), "abcdef");
}

static void only_three_shells_have_a_script(void **state)
{
    struct ps_buf text;

    (void)state;
    ps_buf_init(&text, TEXT_MAX);
    assert_false(ps_completion_script("csh", &text));
    assert_int_equal(text.len, 0);
    assert_true(ps_completion_script("bash", &text));
    assert_false(text.full);
    ps_buf_clear(&text);
}

struct pages {
    size_t count;
    bool front;
};

static void on_page(void *cookie, const char *file, const char *text)
{
    struct pages *pages = cookie;

    pages->count++;
    pages->front = pages->front || strcmp(file, "paperscout.1") == 0;
    assert_non_null(strstr(text, ".TH PAPERSCOUT"));
    assert_non_null(strstr(text, "2026-11-30"));
}

static void each_command_and_program_has_a_page(void **state)
{
    struct pages pages = { .count = 0 };
    size_t want = 4;

    (void)state;
    for (int i = 0; i < PS_COMMAND_COUNT; i++)
        want += ps_command_texts[i].front[0] != '\0';
    ps_man_pages("1.2.3", "2026-11-30", on_page, &pages);
    assert_int_equal(pages.count, want);
    assert_true(pages.front);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_found_and_means_one_command),
        cmocka_unit_test(the_help_lists_each_command_once),
        cmocka_unit_test(usage_names_each_option_and_word),
        cmocka_unit_test(a_line_of_help_fits_a_terminal),
        cmocka_unit_test(a_mistyped_name_finds_its_neighbour),
        cmocka_unit_test(two_equal_neighbours_are_no_suggestion),
        cmocka_unit_test(a_name_of_five_letters_may_have_two_errors),
        cmocka_unit_test(only_three_shells_have_a_script),
        cmocka_unit_test(each_command_and_program_has_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
