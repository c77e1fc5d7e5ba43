#include "worker/core/text_words.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/html.h"
#include "shared/core/text_normalize.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct ps_text_words {
    struct ps_buf text;
    size_t max_words;
    size_t count;
    bool in_word;
    bool full;
    int hidden_depth; /* of elements whose text a browser hides */
};

struct ps_text_words *ps_text_words_create(size_t max_words, size_t max_bytes)
{
    struct ps_text_words *words = ps_alloc_zero(1, sizeof(*words));

    words->max_words = max_words;
    ps_buf_init(&words->text, max_bytes);
    return words;
}

void ps_text_words_destroy(struct ps_text_words *words)
{
    if (words == NULL)
        return;
    ps_buf_clear(&words->text);
    free(words);
}

void ps_text_words_break(struct ps_text_words *words)
{
    words->in_word = false;
}

/* Returns the bytes of the space character at text, 0 when it is not one. Spaces are the controls
 * of both ranges, U+0020, the no-break space (C2 A0), those of General Punctuation (E2 80 80-8B,
 * A8, A9, AF) and the ideographic space (E3 80 80). Control characters end a word, so none is kept.
 */
static size_t space_len(const char *text, size_t len)
{
    unsigned char c = (unsigned char)text[0];
    unsigned char third;

    if (c <= 0x20 || c == 0x7F)
        return 1;
    if (c == 0xC2 && len > 1 && (unsigned char)text[1] <= 0xA0)
        return 2;
    if (len < 3)
        return 0;
    third = (unsigned char)text[2];
    if (c == 0xE2 && (unsigned char)text[1] == 0x80 &&
        ((third >= 0x80 && third <= 0x8B) || third == 0xA8 || third == 0xA9 || third == 0xAF))
        return 3;
    if (c == 0xE3 && (unsigned char)text[1] == 0x80 && third == 0x80)
        return 3;
    return 0;
}

bool ps_text_words_add(struct ps_text_words *words, const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && !words->full) {
        size_t gap = space_len(text + at, len - at);
        size_t end;

        if (gap > 0) {
            words->in_word = false;
            at += gap;
            continue;
        }
        end = at + 1;
        while (end < len && space_len(text + end, len - end) == 0)
            end++;
        if (!words->in_word) {
            if (words->count == words->max_words ||
                (words->count > 0 && !ps_buf_char(&words->text, ' '))) {
                words->full = true;
                break;
            }
            words->in_word = true;
            words->count++;
        }
        if (!ps_buf_add(&words->text, text + at, end - at)) {
            size_t room = words->text.cap - words->text.len;

            /* No real word is longer than the room that is left; keep what fits. */
            ps_buf_add(&words->text, text + at, ps_utf8_cut(text + at, end - at, room));
            words->full = true;
        }
        at = end;
    }
    return !words->full;
}

char *ps_text_words_take(struct ps_text_words *words)
{
    size_t len = words->text.len;
    char *clean = NULL;

    if (len > 0) {
        clean = ps_utf8_clean(words->text.data, len);
        /* Cleaning may lengthen the text: one invalid byte becomes the three of U+FFFD. */
        clean[ps_utf8_cut(clean, strlen(clean), words->text.cap)] = '\0';
    }
    ps_buf_reset(&words->text);
    words->count = 0;
    words->in_word = false;
    words->full = false;
    words->hidden_depth = 0;
    return clean;
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasecmp(name, *list) == 0)
            return true;
    return false;
}

bool ps_text_words_html_is_hidden(const char *name)
{
    static const char *const list[] = { "script", "style", "template", "noscript",
                                        "svg",    "math",  "head",     NULL };

    return is_one_of(name, list);
}

bool ps_text_words_html_is_inline(const char *name)
{
    static const char *const list[] = { "a",    "abbr",   "acronym", "b",   "bdi",  "bdo",  "big",
                                        "cite", "code",   "dfn",     "em",  "font", "i",    "ins",
                                        "del",  "kbd",    "mark",    "q",   "s",    "samp", "small",
                                        "span", "strike", "strong",  "sub", "sup",  "tt",   "u",
                                        "var",  "wbr",    NULL };

    /* A custom element ("c-") is inline unless its style says otherwise. */
    return strchr(name, '-') != NULL || is_one_of(name, list);
}

void ps_text_words_html_start(struct ps_text_words *words, const char *name)
{
    if (ps_text_words_html_is_hidden(name))
        words->hidden_depth++;
    else if (!ps_text_words_html_is_inline(name))
        ps_text_words_break(words);
}

void ps_text_words_html_end(struct ps_text_words *words, const char *name)
{
    if (ps_text_words_html_is_hidden(name) && words->hidden_depth > 0)
        words->hidden_depth--;
    else if (!ps_text_words_html_is_inline(name))
        ps_text_words_break(words);
}

bool ps_text_words_html_text(struct ps_text_words *words, const char *text, size_t len)
{
    return words->hidden_depth > 0 ? !words->full : ps_text_words_add(words, text, len);
}
