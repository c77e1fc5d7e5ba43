/* One line of a document's text, made clean for comparing and showing. */
#ifndef PS_WORKER_CORE_TEXT_LINE_H
#define PS_WORKER_CORE_TEXT_LINE_H
#include "shared/core/base.h"

#include <stddef.h>

/**
 * ps_text_line(text, len): Give text as one clean line: valid UTF-8 in NFC, white space of any kind
 * collapsed to one space, none at the ends, without soft hyphens, zero-width characters and marks
 * of direction. A tab separates two cells of a row and stays. Gives an empty text for nothing.
 */
char *ps_text_line(const char *text, size_t len) PS_MUST_USE;

#endif
