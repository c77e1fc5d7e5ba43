/* A pattern and a text (after the first newline): refused, or matched in bounded time. */
#include "shared/core/pattern.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size == 0 ? NULL : memchr(data, '\n', size);
    size_t len = line == NULL ? size : (size_t)(line - data);
    struct ps_err err = { .what = "" };
    struct ps_pattern *pattern = ps_pattern_create((const char *)data, len, &err);
    struct ps_pattern_text *text;
    char *folded;

    if (pattern == NULL) {
        assert(err.what[0] != '\0');
        return 0;
    }
    folded = ps_text_normalize(line == NULL ? "" : (const char *)line + 1,
                               line == NULL ? 0 : size - len - 1);
    text = ps_pattern_text_create(folded);
    (void)ps_pattern_finds(pattern, text);
    ps_pattern_text_destroy(text);
    text = ps_pattern_text_create("");
    assert(!ps_pattern_finds(pattern, text));
    ps_pattern_text_destroy(text);
    ps_pattern_destroy(pattern);
    free(folded);
    return 0;
}
