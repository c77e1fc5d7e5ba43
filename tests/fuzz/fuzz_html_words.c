/* Any bytes as HTML: the words are bounded and valid UTF-8. */
#include "tests/support/html_words.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const charsets[] = { NULL, "utf-8", "iso-8859-1", "utf-16", "shift_jis" };
    enum { WORDS = 50, BYTES = 400 };
    const char *charset = size > 0 ? charsets[data[size - 1] % 5] : NULL;
    char *text = html_words((const char *)data, size, charset, WORDS, BYTES);
    utf8proc_int32_t point;
    size_t spaces = 0;

    if (text == NULL)
        return 0;
    assert(text[0] != '\0' && strlen(text) <= BYTES);
    for (const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text; *at != '\0';) {
        utf8proc_ssize_t len = utf8proc_iterate(at, -1, &point);

        assert(len > 0);
        spaces += point == ' ';
        at += len;
    }
    assert(spaces < WORDS);
    free(text);
    return 0;
}
