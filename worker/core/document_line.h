/* The line of JSON by which the child that reads a document answers the worker.
 *
 * The child parsed a hostile document and may be under its control: nothing in the line is trusted,
 * all of it is capped and cleaned again. Pure. */
#ifndef PS_WORKER_CORE_DOCUMENT_LINE_H
#define PS_WORKER_CORE_DOCUMENT_LINE_H
#include "shared/core/err.h"
#include "worker/core/document.h"

enum { PS_DOCUMENT_LINE_MAX = 512 * 1024 }; /* bytes of a line; more is no answer */

/* Give the line, owned by the caller, without a newline: of what was read; of a failure. */
char *ps_document_line_format(const struct ps_document *document) PS_MUST_USE;
char *ps_document_line_format_error(const struct ps_err *err) PS_MUST_USE;

/**
 * ps_document_line_parse(line, len, out_document, err): Fill ${out_document}, to be cleared by the
 * caller, and return true. Return false with err, the document empty, if the line tells of a
 * failure or is malformed.
 */
bool ps_document_line_parse(const char *line, size_t len, struct ps_document *out_document,
                            struct ps_err *err) PS_MUST_USE;

#endif
