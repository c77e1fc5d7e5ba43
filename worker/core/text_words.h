/* The first words of a document as plain text: valid UTF-8, one space between words. */
#ifndef PS_WORKER_TEXT_WORDS_H
#define PS_WORKER_TEXT_WORDS_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/* Collects words piece by piece; a word may be cut between two pieces. */
struct ps_text_words;

struct ps_text_words *ps_text_words_create(size_t max_words, size_t max_bytes);
void ps_text_words_destroy(struct ps_text_words *words); /* NULL is fine */
/* False when it has all it wants: the rest may be left unread. */
bool ps_text_words_add(struct ps_text_words *words, const char *text, size_t len);
void ps_text_words_break(struct ps_text_words *words); /* what follows starts a new word */
/* Gives the text, or NULL when there was no word. words is empty after. */
char *ps_text_words_take(struct ps_text_words *words) PS_MUST_USE;

/* The events of an HTML document (shared/core/html.h), of which the visible text is collected: no
 * script, style or template. ps_text_words_html_text: false when it has all it wants. */
void ps_text_words_html_start(struct ps_text_words *words, const char *name);
void ps_text_words_html_end(struct ps_text_words *words, const char *name);
bool ps_text_words_html_text(struct ps_text_words *words, const char *text, size_t len);
bool ps_text_words_html_is_hidden(
    const char *name); /* whether nobody sees the text of such an element */
bool ps_text_words_html_is_inline(const char *name); /* whether such an element ends no word */

/* Visible text of an HTML document: no markup, script, style or template. encoding is the charset
 * of its Content-Type, NULL when not told. Stops parsing once it has enough. Whatever comes in,
 * valid UTF-8 comes out; NULL when there is no word. */
char *ps_text_words_from_html(const char *html, size_t len, const char *encoding, size_t max_words,
                              size_t max_bytes) PS_MUST_USE;

#endif
