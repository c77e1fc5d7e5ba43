/* Formats a document's authors as one text, for comparison. */
#ifndef PS_TESTS_UNIT_DOCUMENT_TEXT_H
#define PS_TESTS_UNIT_DOCUMENT_TEXT_H
#include "shared/core/buf.h"
#include "worker/core/document.h"

/* Returns the names joined by '|', "" if there are none. */
static inline char *joined_authors(const struct ps_document *document)
{
    struct ps_buf text;

    ps_buf_init(&text, 64 * 1024);
    ps_buf_text(&text, "");
    for (size_t i = 0; i < document->author_count; i++) {
        ps_buf_text(&text, i > 0 ? "|" : "");
        ps_buf_text(&text, document->authors[i]);
    }
    return ps_buf_take(&text);
}

#endif
