/* A small PDF with a text in it, as pdftotext reads it. */
#ifndef PS_UPSTREAM_PDF_H
#define PS_UPSTREAM_PDF_H
#include "tests/upstream/blob.h"

/* text: UTF-8; lines are kept, long ones wrapped, pages filled. Characters past U+FFFF become '?'.
 */
struct ps_blob *ps_pdf_of(const char *text) PS_MUST_USE;

#endif
