/* The first words of an HTML document, as html_document collects them. */
#ifndef PS_TESTS_HTML_WORDS_H
#define PS_TESTS_HTML_WORDS_H
#include "shared/core/html.h"
#include "worker/core/text_words.h"

static void html_words_start(void *cookie, const char *name, const char *const *attributes)
{
    (void)attributes;
    ps_text_words_html_start(cookie, name);
}

static void html_words_end(void *cookie, const char *name)
{
    ps_text_words_html_end(cookie, name);
}

static bool html_words_text(void *cookie, const char *text, size_t len)
{
    return ps_text_words_html_text(cookie, text, len);
}

/* Owned by the caller; NULL if there is no word. charset: of its Content-Type, NULL when unknown.
 */
static char *html_words(const char *html, size_t len, const char *charset, size_t max_words,
                        size_t max_bytes)
{
    static const struct ps_html_events events = { html_words_start, html_words_end,
                                                  html_words_text };
    struct ps_text_words *words = ps_text_words_create(max_words, max_bytes);
    char *text;

    ps_html_read(html, len, charset, &events, words);
    text = ps_text_words_take(words);
    ps_text_words_destroy(words);
    return text;
}

#endif
