/* Any output of a document child: it is rejected with a reason, or its texts are within their
   limits and parse to the same when formatted again. */
#include "tests/fuzz/check.h"
#include "worker/core/document_line.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *text, size_t max)
{
    if (text == NULL)
        return;
    check_text(text, max);
    assert(strpbrk(text, "\n\t") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_document document, again;
    struct ps_err err = { .what = "" };
    char *line;

    if (!ps_document_line_parse((const char *)data, size, &document, &err)) {
        assert(err.what[0] != '\0' && document.title == NULL && document.words == NULL);
        ps_document_clear(&document);
        return 0;
    }
    check_line(document.title, PS_DOCUMENT_TITLE_MAX);
    check_line(document.words, PS_DOCUMENT_WORDS_MAX);
    assert(document.author_count <= PS_DOCUMENT_AUTHORS_MAX);
    for (size_t i = 0; i < document.author_count; i++)
        check_line(document.authors[i], PS_DOCUMENT_AUTHOR_MAX);
    line = ps_document_line_format(&document);
    assert(ps_document_line_parse(line, strlen(line), &again, &err));
    assert(again.author_count == document.author_count);
    assert((again.title == NULL) == (document.title == NULL));
    assert(again.title == NULL || strcmp(again.title, document.title) == 0);
    ps_document_clear(&again);
    ps_document_clear(&document);
    free(line);
    return 0;
}
