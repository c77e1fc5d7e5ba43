/* Reads the rows of a PDF's first pages from the output of pdftotext -bbox-layout.
 *
 * Place in the data flow: pdf_document -> this -> front_matter.
 *
 * poppler groups words into lines and lines into blocks; it puts the labels of a paper's header and
 * their values into different blocks. Here the lines at one height become one row again, with a tab
 * between two cells, so that "Reply-to:" stands next to its name. Pure. */
#ifndef PS_WORKER_CORE_PDF_LAYOUT_H
#define PS_WORKER_CORE_PDF_LAYOUT_H
#include "shared/core/base.h"
#include "worker/core/front_matter.h"

#include <stddef.h>

/**
 * ps_pdf_layout_read(layout, len, pages, front): Append the rows of at most ${pages} pages to
 * ${front}, from top to bottom, and return how many of them are on the first page. The tops of a
 * later page continue below the page before it.
 */
size_t ps_pdf_layout_read(const char *layout, size_t len, int pages, struct ps_front_matter *front);

#endif
