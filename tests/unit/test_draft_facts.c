#include "scheduler/core/draft_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void want(char *text, const char *expected)
{
    if (expected == NULL)
        assert_null(text);
    else if (text == NULL || strcmp(text, expected) != 0)
        fail_msg("\"%s\", wanted \"%s\"", text == NULL ? "(null)" : text, expected);
    free(text);
}

static void a_title_is_one_line_without_addresses(void **state)
{
    (void)state;
    want(ps_draft_title(NULL), NULL);
    want(ps_draft_title(""), NULL);
    want(ps_draft_title(" \n\t\xc2\xa0"), NULL);
    want(ps_draft_title("jane@example.org"), NULL);
    want(ps_draft_title("  A\n title\xc2\xa0 of <jane (at) example.org> two\x01words "),
         "A title of two words");
    want(ps_draft_title("bad \xff byte"), "bad \xef\xbf\xbd byte");
}

static void authors_are_names_in_their_order(void **state)
{
    (void)state;
    want(ps_draft_authors(NULL), NULL);
    want(ps_draft_authors("[]"), NULL);
    want(ps_draft_authors("no json"), NULL);
    want(ps_draft_authors("{\"a\":\"b\"}"), NULL);
    want(ps_draft_authors("[1,null,[\"x\"],\"\"]"), NULL);
    want(ps_draft_authors("[\"Thomas K\xc3\xb6ppe\",\"Jane  Doe <jane@example.org>\",\"x@y.org\","
                          "\"O'Dwyer\"]"),
         "Thomas K\xc3\xb6ppe, Jane Doe, O'Dwyer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_title_is_one_line_without_addresses),
        cmocka_unit_test(authors_are_names_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
