/* One line of a document's text, cleaned for comparing and showing.
 *
 * Place in the data flow: each line that html_document and pdf_layout find passes through here
 * before front_matter applies its rules. Pure. */
#ifndef PS_WORKER_CORE_TEXT_LINE_H
#define PS_WORKER_CORE_TEXT_LINE_H
#include "shared/core/base.h"

#include <stddef.h>

/**
 * ps_text_line(text, len): Return ${text} as one clean line, owned by the caller: valid UTF-8 in
 * NFC, each run of white space collapsed to one space, none at the ends, without soft hyphens,
 * zero-width characters and direction marks. A tab separates two cells of a row and stays. Return
 * an empty text if nothing is left.
 */
char *ps_text_line(const char *text, size_t len) PS_MUST_USE;

#endif
