/* What a reader learns from a draft's document: its title, its authors and its first words.
 *
 * Place in the data flow: io/document_reader fetches a document, a child process turns its bytes
 * into a struct ps_document, and the worker puts the three texts into the result of the probe.
 * Pure: bytes in, text out. Every text is valid UTF-8 on one line, without control characters. */
#ifndef PS_WORKER_CORE_DOCUMENT_H
#define PS_WORKER_CORE_DOCUMENT_H
#include "shared/core/base.h"

#include <stddef.h>

enum {
    PS_DOCUMENT_TITLE_MAX = 300,  /* bytes of a title; a longer one is cut at a whole character */
    PS_DOCUMENT_AUTHOR_MAX = 100, /* bytes of one author's name; a longer one is no name */
    PS_DOCUMENT_AUTHORS_MAX = 50, /* names; those after are left out */
    PS_DOCUMENT_WORDS = 1000,     /* so many first words */
    PS_DOCUMENT_WORDS_MAX = 64 * 1024, /* and so many bytes of them */
};

struct ps_document {
    char *title;    /* owned; NULL when none was found; document numbers are stripped */
    char **authors; /* owned, in the document's order, without e-mail addresses or affiliations */
    size_t author_count;
    char *words; /* owned; the first words, one space between two; NULL when there are none */
};

/* Frees what document owns and makes it empty. */
void ps_document_clear(struct ps_document *document);

#endif
