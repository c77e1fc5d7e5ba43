/* The help of `paperscout`, as its golden file and deploy/COMMANDS.md have it. */
#include "shared/core/command_help.h"

#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 1 << 20 };

/* The text of a file; tests run in the folder tests. */
static char *content_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = ps_alloc_zero(TEXT_MAX, 1);

    if (file == NULL)
        fail_msg("%s cannot be read", path);
    (void)fread(text, 1, TEXT_MAX - 1, file);
    (void)fclose(file);
    return text;
}

static void is_part_of(const char *whole, struct ps_buf *part, const char *name)
{
    if (part->len == 0 || strstr(whole, ps_buf_str(part)) == NULL)
        fail_msg("the text of %s is another one; see PAPERSCOUT_GOLDEN in test_paperscout.py:\n%s",
                 name, ps_buf_str(part));
    ps_buf_clear(part);
}

static void each_help_is_that_of_the_golden_file(void **state)
{
    char *golden = content_of("golden/help.txt");
    struct ps_buf text;

    (void)state;
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        if (ps_command_texts[id].front[0] == '\0')
            continue;
        ps_buf_init(&text, TEXT_MAX);
        ps_help_command((enum ps_command_id)id, &text);
        is_part_of(golden, &text, ps_command_texts[id].front);
    }
    ps_buf_init(&text, TEXT_MAX);
    ps_help_front("0.1.0", &text);
    is_part_of(golden, &text, "paperscout");
    free(golden);
}

static void the_table_of_commands_is_that_of_the_document(void **state)
{
    char *document = content_of("../deploy/COMMANDS.md");
    struct ps_buf text;

    (void)state;
    ps_buf_init(&text, TEXT_MAX);
    ps_help_markdown(&text);
    is_part_of(document, &text, "deploy/COMMANDS.md");
    free(document);
}

static void lines_end_before_column_81(void **state)
{
    static const struct {
        const char *text;
        int indent;
        const char *want;
    } rows[] = {
        {"one two",                                                                            2, "  one two\n" },
        { "one\ntwo",                                                                          0, "one\n\ntwo\n"},
        { "1234567890123456789012345678901234567890123456789012345678901234567890123456 890",  0,
         "1234567890123456789012345678901234567890123456789012345678901234567890123456 890\n"                   },
        { "1234567890123456789012345678901234567890123456789012345678901234567890123456 8901", 0,
         "1234567890123456789012345678901234567890123456789012345678901234567890123456\n8901\n"                 },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_buf text;

        ps_buf_init(&text, TEXT_MAX);
        ps_help_wrap(rows[i].text, rows[i].indent, &text);
        assert_string_equal(ps_buf_str(&text), rows[i].want);
        ps_buf_clear(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_help_is_that_of_the_golden_file),
        cmocka_unit_test(the_table_of_commands_is_that_of_the_document),
        cmocka_unit_test(lines_end_before_column_81),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
