/* Title, authors and first words of a PDF, out of what poppler's programs print about it.
 *
 * The programs run as children with limits (worker/io); here is only text. Pure. */
#ifndef PS_WORKER_CORE_PDF_DOCUMENT_H
#define PS_WORKER_CORE_PDF_DOCUMENT_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stddef.h>

enum {
    PS_PDF_LAYOUT_PAGES = 2,             /* the layout of more pages is not looked at */
    PS_PDF_LAYOUT_MAX = 2 * 1024 * 1024, /* nor of more bytes */
};

/* Borrowed. Each may be NULL, and may be cut anywhere. */
struct ps_pdf_texts {
    const char *info; /* pdfinfo -enc UTF-8 FILE */
    size_t info_len;
    const char *layout; /* pdftotext -enc UTF-8 -bbox-layout -l 2 FILE - */
    size_t layout_len;
    const char *text; /* pdftotext -enc UTF-8 FILE - : the words, in reading order */
    size_t text_len;
};

/**
 * ps_pdf_document_parse(texts, out_document): Fill ${out_document}, which the caller clears with
 * ps_document_clear; what was not found is empty. Never fails: whatever the bytes are, bounded
 * valid UTF-8 comes out. No text holds an e-mail address but ${out_document}->words.
 */
void ps_pdf_document_parse(const struct ps_pdf_texts *texts, struct ps_document *out_document);

#endif
