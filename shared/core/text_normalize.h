/* Unicode: full case folding, clean UTF-8, cutting at whole characters. Over utf8proc. */
#ifndef PS_CORE_TEXT_NORMALIZE_H
#define PS_CORE_TEXT_NORMALIZE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Gives text with full case folding and NFC, so that "STRASSE" and "straße" are equal. Invalid
 * bytes become U+FFFD. */
char *ps_text_normalize(const char *text, size_t len) PS_MUST_USE;
/* Both sides folded before; an empty needle is in nothing. */
bool ps_text_normalize_contains(const char *folded_text, const char *folded_needle);
/* Gives valid UTF-8: each invalid byte becomes U+FFFD; NUL and control characters but \n and \t
 * become spaces. */
char *ps_utf8_clean(const char *text, size_t len) PS_MUST_USE;
/* Gives a copy in which each space of Unicode (category Zs: no-break, ideographic …) is ' '. */
char *ps_utf8_spaces(const char *text, size_t len) PS_MUST_USE;
bool ps_utf8_valid(const char *text, size_t len); /* NUL bytes do not count as valid */
/* Longest prefix of at most max bytes that ends at a whole character. */
size_t ps_utf8_cut(const char *text, size_t len, size_t max);

#endif
