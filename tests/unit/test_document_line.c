#include "worker/core/document_line.h"

#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool parse(const char *line, struct ps_document *out_document, struct ps_err *err)
{
    return ps_document_line_parse(line, strlen(line), out_document, err);
}

static void a_formatted_document_parses_to_the_same(void **state)
{
    char ann[] = "Ann K\xC3\xB6hl", bo[] = "Bo \"Cy\" O'Dea", words[] = "a b";
    char title[] = "Queues that \"forget\"";
    char *names[] = { ann, bo };
    struct ps_document document = {
        .title = title, .authors = names, .author_count = 2, .words = words
    };
    struct ps_document back;
    struct ps_err err;
    char *line = ps_document_line_format(&document);

    (void)state;
    assert_null(strchr(line, '\n'));
    assert_true(parse(line, &back, &err));
    assert_string_equal(back.title, document.title);
    assert_string_equal(back.words, "a b");
    assert_int_equal(back.author_count, 2);
    assert_string_equal(back.authors[0], names[0]);
    assert_string_equal(back.authors[1], names[1]);
    ps_document_clear(&back);
    free(line);
}

static void a_failure_keeps_its_category_and_code(void **state)
{
    struct ps_document document;
    struct ps_err sent, err;
    char *line;

    (void)state;
    (void)ps_fail(&sent, PS_FAILURE_TIMEOUT, 30002, "pdftotext: no end after 8000 ms");
    line = ps_document_line_format_error(&sent);
    assert_false(parse(line, &document, &err));
    assert_int_equal(err.category, PS_FAILURE_TIMEOUT);
    assert_int_equal(err.code, 30002);
    assert_string_equal(err.what, sent.what);
    free(line);
}

/* The child may be under the control of the document that it parsed. */
static void every_text_is_cleaned_and_limited_again(void **state)
{
    static const char *const refused[] = {
        "", "words", "[]", "null", "{}", "{\"words\":\"a\"}", "{\"title\":\"a\"} x", "{\"error\":5}"
    };
    char *many = ps_alloc_zero(2 * PS_DOCUMENT_WORDS_MAX, 1);
    struct ps_document document;
    struct ps_err err;
    char *line;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(refused); i++) {
        assert_false(parse(refused[i], &document, &err));
        assert_int_equal(err.category, PS_FAILURE_UNKNOWN);
        assert_null(document.title);
        ps_document_clear(&document);
    }
    assert_true(parse("{\"title\":\"a\\u001b\\nb\",\"authors\":[\"x\\ty\",\"\",7],\"words\":[]}",
                      &document, &err));
    assert_string_equal(document.title, "a  b");
    assert_int_equal(document.author_count, 1);
    assert_string_equal(document.authors[0], "x y");
    assert_null(document.words);
    ps_document_clear(&document);
    memset(many, 'x', 2 * PS_DOCUMENT_WORDS_MAX - 1);
    line = ps_alloc_format("{\"title\":\"%s\",\"authors\":[\"%s\"],\"words\":\"%s\"}", many, many,
                           many);
    assert_true(parse(line, &document, &err));
    assert_int_equal(strlen(document.title), PS_DOCUMENT_TITLE_MAX);
    assert_int_equal(strlen(document.authors[0]), PS_DOCUMENT_AUTHOR_MAX);
    assert_int_equal(strlen(document.words), PS_DOCUMENT_WORDS_MAX);
    ps_document_clear(&document);
    free(line);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_formatted_document_parses_to_the_same),
        cmocka_unit_test(a_failure_keeps_its_category_and_code),
        cmocka_unit_test(every_text_is_cleaned_and_limited_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
