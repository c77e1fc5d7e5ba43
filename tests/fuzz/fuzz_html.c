/* Any bytes as a page: the texts of the events are valid UTF-8, and the size of the parser's
   pieces changes nothing. The first byte says how large they are. */
#include "shared/core/html.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* FNV-1a hash of all events; the pieces of one text are joined. */
static void add(uint64_t *hash, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        *hash = (*hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
}

static void add_text(uint64_t *hash, const char *text)
{
    assert(ps_utf8_valid(text, strlen(text)));
    add(hash, text, strlen(text) + 1);
}

static void on_start(void *cookie, const char *name, const char *const *attributes)
{
    add(cookie, "<", 1);
    add_text(cookie, name);
    for (; attributes != NULL && *attributes != NULL; attributes += 2) {
        add_text(cookie, attributes[0]);
        if (attributes[1] != NULL)
            add_text(cookie, attributes[1]);
    }
}

static void on_end(void *cookie, const char *name)
{
    add(cookie, ">", 1);
    add_text(cookie, name);
}

static bool on_text(void *cookie, const char *text, size_t len)
{
    assert(ps_utf8_valid(text, len));
    add(cookie, text, len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ps_html_events events = { on_start, on_end, on_text };
    uint64_t whole = UINT64_C(14695981039346656037), split = whole;
    const char *html = (const char *)data;

    if (size == 0)
        return 0;
    ps_html_read(html + 1, size - 1, NULL, &events, &whole);
    ps_html_read_pieces(html + 1, size - 1, NULL, PS_HTML_PIECE_MIN + (size_t)data[0], &events,
                        &split);
    assert(whole == split);
    return 0;
}
