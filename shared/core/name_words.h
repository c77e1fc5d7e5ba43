/* Names of people, compared independently of their spelling. Matching of watch entries and authors
 * uses it.
 *
 * A person types "Köppe", "Koppe" or "koeppe"; an index, a draft and a keyboard each have their own
 * spelling of one name. This module turns a text into words and compares words by their keys: case,
 * diacritics, apostrophes, ligatures, soft hyphens and zero-width characters do not matter; ö, o
 * and oe (ä, ü, ø, å likewise) are one letter. Both sides of a comparison pass through the same
 * code, so that a rule cannot hold on one side alone. Words are compared whole: "vali" is not in
 * "validation". */
#ifndef PS_CORE_NAME_WORDS_H
#define PS_CORE_NAME_WORDS_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_name_words;

/* Gives the first words_max words of text, which may be any bytes and is copied. Hyphens and all
 * other punctuation separate words; a possessive 's is removed. */
struct ps_name_words *ps_name_words_create(const char *text, size_t len,
                                           size_t words_max) PS_MUST_USE;
void ps_name_words_destroy(struct ps_name_words *words); /* NULL is fine */
/* Builds an index, so that searching these words for many names is fast. Without it each search
 * reads all words. */
void ps_name_words_index(struct ps_name_words *words);
size_t ps_name_words_count(const struct ps_name_words *words); /* at most words_max */
/* Returns whether text contains the words of name, one after the other, without a comma, semicolon
 * or bracket between them. No text contains a name without words. */
bool ps_name_words_contain(const struct ps_name_words *text, const struct ps_name_words *name);

/* Gives one key for all spellings of a name: "koppe" for Köppe, Koppe and Koeppe. For finding a
 * stored entry; not for display. */
char *ps_name_key(const char *text, size_t len) PS_MUST_USE;
/* Gives text with each variant of an apostrophe (U+2019, U+02BC, U+00B4 …) replaced by '. Bytes
 * that are not UTF-8 become U+FFFD, control characters become spaces. */
char *ps_name_plain_apostrophes(const char *text, size_t len) PS_MUST_USE;

#endif
