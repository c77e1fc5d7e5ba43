/* Removes e-mail addresses from the text of documents. Authors did not agree to have their address
 * posted to a channel. */
#ifndef PS_CORE_EMAIL_REDACT_H
#define PS_CORE_EMAIL_REDACT_H
#include "shared/core/base.h"

/* Gives a copy of text (UTF-8) without e-mail addresses. Removes an address together with a
 * "mailto:" before it and with brackets that contain nothing else; inserts an ellipsis where the
 * remaining text would join. Costs linear time.
 *
 * Recognises jane@example.org; full-width and spelled-out signs ("jane (at) example.org", "jane
 * [at] example [dot] org", "jane @ example . org", "jane&#64;example.org"); groups
 * ("{jane,john}@example.org"); and bare words ("jane at example dot org") if the last part is a
 * common top-level domain, so that "a look at std.format" stays. White space other than ' '
 * separates words and is never part of an address. */
char *ps_email_redact(const char *text) PS_MUST_USE;

#endif
