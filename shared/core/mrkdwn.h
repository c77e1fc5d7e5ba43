/* Text of strangers as Slack mrkdwn: it can show, and do nothing else. */
#ifndef PS_CORE_MRKDWN_H
#define PS_CORE_MRKDWN_H
#include "shared/core/buf.h"

#include <stddef.h>

/* Adds text on one line: & < > escaped, back quotes made apostrophes (three of them would open a
   block), control characters and what turns the direction of writing left out, white space runs
   made one space, invalid UTF-8 replaced, e-mail addresses removed (email_redact.h). Cut with "…"
   at a whole character so that at most max_chars characters of Unicode are added, escapes counted
   as written. */
void ps_mrkdwn_text(struct ps_buf *out_text, const char *text, size_t max_chars);
/* Adds <url|label>, or the label alone when url is no plain http(s) URL, names a user, or is over
   max_chars. An "@" in its path or query is escaped. The
   label is cut as above, at 100 characters. */
void ps_mrkdwn_link(struct ps_buf *out_text, const char *url, const char *label, size_t max_chars);
/* Characters of Unicode in valid UTF-8: what Slack's limits count. */
size_t ps_mrkdwn_chars(const char *text);

#endif
