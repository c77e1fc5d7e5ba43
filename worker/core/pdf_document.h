/* Finds title, authors and first words of a PDF in what poppler's programs print about it.
 *
 * Place in the data flow: document_child runs pdfinfo and pdftotext and passes their output here.
 *
 * The layout (positions and sizes of the lines on the first pages) is the best source, the metadata
 * is often wrong: authoring tools fill it with the name of a template or an earlier paper. So the
 * metadata's title counts only if the page shows it, or if the page shows none. Pure. */
#ifndef PS_WORKER_CORE_PDF_DOCUMENT_H
#define PS_WORKER_CORE_PDF_DOCUMENT_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stddef.h>

enum {
    PS_PDF_LAYOUT_PAGES = 2,             /* pages whose layout is read */
    PS_PDF_LAYOUT_MAX = 2 * 1024 * 1024, /* bytes of the layout that are read */
};

/* Output of the programs, borrowed. Each may be NULL, and each may be cut off anywhere. */
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
 * ps_document_clear; what was not found stays empty. Never fails: the texts are bounded and valid
 * UTF-8 whatever the input is. Only ${out_document}->words may contain an e-mail address.
 */
void ps_pdf_document_parse(const struct ps_pdf_texts *texts, struct ps_document *out_document);

#endif
