/* The line of JSON with which the document child answers the worker.
 *
 * Place in the data flow: document_child formats it, document_parser in the worker parses it.
 *
 * The child has parsed a hostile document and may be under its control. So the parser here trusts
 * nothing: each text is cleaned and capped again, as if a stranger had sent it. Pure. */
#ifndef PS_WORKER_CORE_DOCUMENT_LINE_H
#define PS_WORKER_CORE_DOCUMENT_LINE_H
#include "shared/core/err.h"
#include "worker/core/document.h"

enum { PS_DOCUMENT_LINE_MAX = 512 * 1024 }; /* bytes of a line; a longer one is an error */

/* Both return the line without a newline, owned by the caller: for a document, and for a failure.
 */
char *ps_document_line_format(const struct ps_document *document) PS_MUST_USE;
char *ps_document_line_format_error(const struct ps_err *err) PS_MUST_USE;

/**
 * ps_document_line_parse(line, len, out_document, err): Fill ${out_document}, to be cleared by the
 * caller, and return true. Return false with err, and the document empty, if the line is malformed
 * or reports a failure; err is the child's own then.
 */
bool ps_document_line_parse(const char *line, size_t len, struct ps_document *out_document,
                            struct ps_err *err) PS_MUST_USE;

#endif
