/* E-mail addresses in the text of documents: nobody asked to have theirs posted to a channel. */
#ifndef PS_CORE_EMAIL_REDACT_H
#define PS_CORE_EMAIL_REDACT_H
#include "shared/core/base.h"

/* Gives a copy of text (UTF-8) without the e-mail addresses in it. An address is removed together
   with "mailto:" before it and with the brackets that hold nothing else; an ellipsis takes its
   place where the text around it would touch. Recognised are: jane@example.org, also with a
   full-width or spelled-out sign ("jane (at) example.org", "jane [at] example [dot] org", "jane @
   example . org", "jane&#64;example.org"), groups
   ("{jane,john}@example.org"), and the bare words ("jane at example dot org") where the last part
   is a common top-level domain: "a look at std.format" stays as it is.
   White space other than ' ' separates words and is never part of an address. Costs linear time. */
char *ps_email_redact(const char *text) PS_MUST_USE;

#endif
