/* Collects the first words of a document as plain text: valid UTF-8, one space between two words.
 *
 * Place in the data flow: html_document feeds it the events of the HTML parser, pdf_document the
 * output of pdftotext. The words become the result's field front_text, which the scheduler matches
 * against watchlists. Pure.
 *
 * Both its words and its bytes are capped, and it says as soon as it has enough, so that a caller
 * can stop reading a large document. */
#ifndef PS_WORKER_TEXT_WORDS_H
#define PS_WORKER_TEXT_WORDS_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_text_words;

/* Collects at most max_words words and max_bytes bytes. Never NULL. */
struct ps_text_words *ps_text_words_create(size_t max_words, size_t max_bytes);
void ps_text_words_destroy(struct ps_text_words *words); /* NULL is allowed */
/* Appends text, which may begin or end within a word. Returns false once it has enough words. */
bool ps_text_words_add(struct ps_text_words *words, const char *text, size_t len);
/* What follows begins a new word. */
void ps_text_words_break(struct ps_text_words *words);
/* Returns the text, owned by the caller, NULL when there is no word. words is empty afterwards. */
char *ps_text_words_take(struct ps_text_words *words) PS_MUST_USE;

/* The events of an HTML document (shared/core/html.h). Only visible text is collected, that is, no
 * script, style or template. ps_text_words_html_text returns false once it has enough words. */
void ps_text_words_html_start(struct ps_text_words *words, const char *name);
void ps_text_words_html_end(struct ps_text_words *words, const char *name);
bool ps_text_words_html_text(struct ps_text_words *words, const char *text, size_t len);
/* Whether a browser hides the text of such an element. */
bool ps_text_words_html_is_hidden(const char *name);
/* Whether such an element does not end a word: "Straw<b>berry</b>" is one word. */
bool ps_text_words_html_is_inline(const char *name);

#endif
