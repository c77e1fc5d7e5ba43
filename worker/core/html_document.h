/* Finds title, authors and first words of an HTML document.
 *
 * Place in the data flow: document_child -> this, over shared/core/html; front_matter has the
 * rules.
 *
 * It knows the layouts that committee papers have: tables of pandoc's wg21 template, Bikeshed's
 * definition lists, docutils' field lists, hand-written tables with unclosed rows, preformatted
 * headers. Each becomes the same lines of struct ps_front_matter. Pure. */
#ifndef PS_WORKER_CORE_HTML_DOCUMENT_H
#define PS_WORKER_CORE_HTML_DOCUMENT_H
#include "shared/core/base.h"
#include "worker/core/document.h"

#include <stddef.h>

/**
 * ps_html_document_parse(html, len, charset, out_document): Read ${html}; ${charset} is that of its
 * Content-Type, NULL when unknown. Fill ${out_document}, which the caller clears with
 * ps_document_clear; what was not found stays empty. Never fails: the texts are bounded and valid
 * UTF-8 whatever the input is. Only ${out_document}->words may contain an e-mail address.
 */
void ps_html_document_parse(const char *html, size_t len, const char *charset,
                            struct ps_document *out_document);

#endif
