/* The names in an author field: "A. Author (Org) <a@example.org>, B. Author and C. Author".
 *
 * Papers write this field in a hundred ways; what is wanted is the people, as they write
 * themselves, without addresses, employers, footnote marks and roles. Pure. */
#ifndef PS_WORKER_CORE_AUTHOR_NAMES_H
#define PS_WORKER_CORE_AUTHOR_NAMES_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stdbool.h>
#include <stddef.h>

enum ps_author_trust {
    PS_AUTHOR_FIELD, /* the text is the value of a field such as "Reply-to": nearly all of it is
                        names */
    PS_AUTHOR_GUESS, /* the text may be anything: only what clearly is a full name counts */
};

/**
 * ps_author_names_add(document, text, trust): Append the names in ${text} to the document's
 * authors, each once (compared without case, diacritics kept). A '\n' or '\t' ends a name. Return
 * how many names
 * ${text} has, those known before included. Never adds more than PS_DOCUMENT_AUTHORS_MAX.
 */
size_t ps_author_names_add(struct ps_document *document, const char *text,
                           enum ps_author_trust trust);

/* Whether the whole of text, a line, is one full name and nothing else. */
bool ps_author_name_is(const char *text);

#endif
