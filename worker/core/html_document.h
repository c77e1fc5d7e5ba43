/* Title, authors and first words of an HTML document.
 *
 * Knows the layouts that committee papers have: tables of pandoc's wg21 template, Bikeshed's
 * definition lists, docutils' field lists, hand-written tables with open rows, preformatted
 * headers. Pure: bytes in, a struct ps_document out. */
#ifndef PS_WORKER_CORE_HTML_DOCUMENT_H
#define PS_WORKER_CORE_HTML_DOCUMENT_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stddef.h>

/**
 * ps_html_document_parse(html, len, charset, out_document): Read ${html}; ${charset} is that of its
 * Content-Type, NULL when not told. Fill ${out_document}, which the caller clears with
 * ps_document_clear; what was not found is empty. Never fails: whatever the bytes are, bounded
 * valid UTF-8 comes out. No text holds an e-mail address but ${out_document}->words.
 */
void ps_html_document_parse(const char *html, size_t len, const char *charset,
                            struct ps_document *out_document);

#endif
