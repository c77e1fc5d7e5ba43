/* Finds the names in an author field: "A. Author (Org) <a@example.org>, B. Author and C. Author".
 *
 * Place in the data flow: front_matter and pdf_document pass fields and by-lines; the names become
 * the result's field authors, which the scheduler matches against watchlists.
 *
 * Papers write this field in a hundred ways. Only people count, spelled as they spell themselves,
 * without addresses, employers, footnote marks and roles. Pure. */
#ifndef PS_WORKER_CORE_AUTHOR_NAMES_H
#define PS_WORKER_CORE_AUTHOR_NAMES_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stdbool.h>
#include <stddef.h>

enum ps_author_trust {
    PS_AUTHOR_FIELD, /* the text is the value of a field such as "Reply-to": most of it is
                        names */
    PS_AUTHOR_GUESS, /* the text may be anything: only a clear full name counts */
};

/**
 * ps_author_names_add(document, text, trust): Append the names in ${text} to the document's
 * authors, each once (compared without case but with diacritics). A '\n' or '\t' ends a name.
 * Return how many names ${text} has, including those that were known before. The document never
 * gets more than PS_DOCUMENT_AUTHORS_MAX.
 */
size_t ps_author_names_add(struct ps_document *document, const char *text,
                           enum ps_author_trust trust);

/* Whether the whole text, a line, is one full name. */
bool ps_author_name_is(const char *text);

#endif
