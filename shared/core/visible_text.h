/* Text of strangers as a terminal may show it: titles, authors, entries and file names reach the
 * output of commands, and a terminal obeys escape sequences and characters that turn the direction
 * of writing. */
#ifndef PS_CORE_VISIBLE_TEXT_H
#define PS_CORE_VISIBLE_TEXT_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Would a terminal do anything with this text but show it? Line feeds and tabs are shown. */
bool ps_text_is_visible(const char *text, size_t len) PS_MUST_USE;
/* Gives a copy in which each control character (C0, DEL, C1), each character that sets the
 * direction of writing or separates lines, and each byte that is no UTF-8 is written as \uXXXX (the
 * replacement character's, \ufffd, for the latter). Line feeds and tabs stay. JSON stays JSON with
 * the same meaning where its text is valid UTF-8. */
char *ps_text_visible(const char *text, size_t len) PS_MUST_USE;

#endif
