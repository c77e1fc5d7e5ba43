/* What Paperscout learns from a draft's document: its title, its authors and its first words.
 *
 * Place in the data flow: document_reader fetches a document, a child process turns its bytes into
 * a struct ps_document, and task_result puts the texts into the result of the probe.
 *
 * Every text is valid UTF-8 on one line without control characters, and within the limits below,
 * whatever the bytes of the document were. Pure. */
#ifndef PS_WORKER_CORE_DOCUMENT_H
#define PS_WORKER_CORE_DOCUMENT_H
#include "shared/core/base.h"

#include <stddef.h>

enum {
    PS_DOCUMENT_TITLE_MAX = 300,  /* bytes of a title; a longer one is cut at a whole character */
    PS_DOCUMENT_AUTHOR_MAX = 100, /* bytes of one author's name; a longer text is not a name */
    PS_DOCUMENT_AUTHORS_MAX = 50, /* names; the rest is left out */
    PS_DOCUMENT_WORDS = 1000,     /* first words that are kept */
    PS_DOCUMENT_WORDS_MAX = 64 * 1024, /* bytes of those words */
};

struct ps_document {
    char *title;    /* owned; NULL when none was found; without the document's number */
    char **authors; /* owned, in the document's order, without e-mail addresses or affiliations */
    size_t author_count;
    char *words; /* owned; one space between two words; NULL when there are none */
};

/* Frees what document owns and leaves it empty. */
void ps_document_clear(struct ps_document *document);

#endif
