/* Turns text of strangers into HTML and XML that can be displayed and do nothing else.
 *
 * Titles and authors come from an index and from documents that anybody can write. Every page and
 * feed adds such text through this module; no other code escapes. What it writes is well-formed in
 * HTML and in XML 1.0, as the content of an element and as a quoted attribute value. */
#ifndef PS_SCHEDULER_MARKUP_H
#define PS_SCHEDULER_MARKUP_H
#include "shared/core/buf.h"

#include <stdint.h>

/* Adds text with & < > " ' escaped. Control characters become spaces; characters that set the
 * direction of writing, and those that XML forbids, are left out; bytes that are no UTF-8 become
 * U+FFFD. NULL adds nothing. */
void ps_markup_text(struct ps_buf *out, const char *text);
/* Adds text percent-encoded, as the value of a query parameter. NULL adds nothing. */
void ps_markup_query(struct ps_buf *out, const char *text);
/* Whether url may be a link: a plain http or https URL without a user. */
bool ps_markup_is_link(const char *url);
/* Adds <a href="url">, or <span> where url is no plain http or https URL. The caller closes it with
 * what is returned: "</a>" or "</span>". */
const char *ps_markup_link_open(struct ps_buf *out, const char *url);
/* Adds <time datetime="2026-11-30T17:00:00Z">2026-11-30 17:00 UTC</time>; "–" for 0. */
void ps_markup_time(struct ps_buf *out, int64_t wall_ms);
/* The same for something planned: the page shows "due now" once the time is past, and not "4 s
 * ago". */
void ps_markup_due(struct ps_buf *out, int64_t wall_ms);
/* A strong-enough hash of a response for its ETag (FNV-1a, 64 bits). Not for secrets. */
uint64_t ps_markup_hash(const void *data, size_t len);

#endif
