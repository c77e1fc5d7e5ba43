/* Checks what must hold for every parsed document. */
#ifndef PS_TESTS_FUZZ_CHECK_DOCUMENT_H
#define PS_TESTS_FUZZ_CHECK_DOCUMENT_H
#include "tests/fuzz/check.h"
#include "worker/core/document.h"
#include "worker/core/mail_address.h"

/* Checks a text for people: one clean, bounded, non-empty line without an e-mail address. */
static inline void check_line(const char *text, size_t max)
{
    struct ps_mail_span span;

    check_text(text, max);
    assert(text[0] != '\0' && strpbrk(text, "\n\t") == NULL);
    assert(!ps_mail_find(text, strlen(text), 0, &span));
}

static inline void check_document(struct ps_document *document)
{
    if (document->title != NULL)
        check_line(document->title, PS_DOCUMENT_TITLE_MAX);
    assert(document->author_count <= PS_DOCUMENT_AUTHORS_MAX);
    for (size_t i = 0; i < document->author_count; i++)
        check_line(document->authors[i], PS_DOCUMENT_AUTHOR_MAX);
    if (document->words != NULL)
        check_text(document->words, PS_DOCUMENT_WORDS_MAX);
    ps_document_clear(document);
}

#endif
