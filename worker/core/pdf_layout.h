/* The rows of a PDF's first pages, out of pdftotext's -bbox-layout.
 *
 * poppler groups words to lines and lines to blocks; the labels and the values of a paper's header
 * are different blocks. Here lines at one height become one row again, cells apart by a tab. Pure.
 */
#ifndef PS_WORKER_CORE_PDF_LAYOUT_H
#define PS_WORKER_CORE_PDF_LAYOUT_H
#include "shared/core/base.h"
#include "worker/core/front_matter.h"

#include <stddef.h>

/* Appends the rows of at most ${pages} pages to front, from top to bottom. Rows of a second page
 * have tops beyond the first one's height. Returns how many rows the first page has. */
size_t ps_pdf_layout_read(const char *layout, size_t len, int pages, struct ps_front_matter *front);

#endif
