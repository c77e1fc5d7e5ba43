/* Any bytes decode to valid UTF-8 of bounded length, and valid UTF-8 stays as it is. The first line
   is the charset that the server names, the rest is the document. */
#include "shared/core/text_decode.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHARSET_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const char *line =
        size == 0 ? NULL : memchr(bytes, '\n', size < CHARSET_MAX ? size : CHARSET_MAX);
    char charset[CHARSET_MAX + 1] = "";
    struct ps_text_decoded decoded, again;

    if (line != NULL) {
        memcpy(charset, bytes, (size_t)(line - bytes));
        size -= (size_t)(line + 1 - bytes);
        bytes = line + 1;
    }
    decoded = ps_text_decode(bytes, size, charset);
    assert(decoded.encoding != NULL && ps_text_encoding_name(decoded.encoding)[0] != '\0');
    assert(decoded.len <= 3 * size + 3);
    for (size_t at = 0; at < decoded.len; at += strlen(decoded.text + at) + 1)
        assert(ps_utf8_valid(decoded.text + at, strlen(decoded.text + at)));
    again = ps_text_decode(decoded.text, decoded.len, "utf-8");
    if (decoded.len < 2 || memcmp(decoded.text, "\xEF\xBB\xBF", 2) != 0)
        assert(again.len == decoded.len && memcmp(again.text, decoded.text, again.len) == 0);
    free(again.text);
    free(decoded.text);
    return 0;
}
