/* Unicode over utf8proc: case folding for comparisons, clean UTF-8 from the bytes of strangers,
 * cutting at whole characters. Text that reaches PostgreSQL, JSON or Slack must be valid UTF-8, or
 * the receiver rejects all of it. */
#ifndef PS_CORE_TEXT_NORMALIZE_H
#define PS_CORE_TEXT_NORMALIZE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Gives text with full case folding and in NFC, so that "STRASSE" and "straße" are equal. Invalid
 * bytes become U+FFFD. */
char *ps_text_normalize(const char *text, size_t len) PS_MUST_USE;
/* Gives valid UTF-8: each invalid byte becomes U+FFFD, NUL and control characters except \n and \t
 * become spaces. */
char *ps_utf8_clean(const char *text, size_t len) PS_MUST_USE;
/* Gives a copy in which each Unicode space (category Zs: no-break, ideographic, …) is ' '. */
char *ps_utf8_spaces(const char *text, size_t len) PS_MUST_USE;
bool ps_utf8_valid(const char *text, size_t len); /* a NUL byte is not valid */
/* Returns the length of the longest prefix of at most max bytes that ends at a whole character. */
size_t ps_utf8_cut(const char *text, size_t len, size_t max);

#endif
