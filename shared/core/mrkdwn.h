/* Turns text of strangers into Slack mrkdwn that can be displayed and do nothing else.
 *
 * Titles and authors come from documents that anybody can write. Without this module, such text
 * could mention a whole channel, forge a link, or break the layout of a message. All text from
 * outside passes through it; no other code escapes. */
#ifndef PS_CORE_MRKDWN_H
#define PS_CORE_MRKDWN_H
#include "shared/core/buf.h"
#include "shared/core/str.h"

#include <stddef.h>

/* Adds text on one line: & < > escaped, backquotes replaced by apostrophes (three would open a code
 * block), control characters and direction overrides removed, white space collapsed, invalid UTF-8
 * replaced, e-mail addresses removed (email_redact.h). Adds at most max_chars Unicode characters,
 * escapes counted as written, and ends a cut text with "…". */
void ps_mrkdwn_text(struct ps_buf *out_text, const char *text, size_t max_chars);
/* Adds <url|label>, or only the label if url is not a plain http or https URL, contains a user
 * name, or is longer than max_chars. Escapes "@" in path and query. Cuts label as above, at 100
 * characters. */
void ps_mrkdwn_link(struct ps_buf *out_text, const char *url, const char *label, size_t max_chars);
/* Returns the Unicode characters of valid UTF-8, the unit of Slack's limits. */
size_t ps_mrkdwn_chars(const char *text);

/* Returns the character at the beginning of text, which is not empty: of &amp; &lt; &gt; the one
 * that they stand for. Gives how many bytes of text it takes. */
char ps_mrkdwn_next_char(struct ps_str text, size_t *out_len);

#endif
