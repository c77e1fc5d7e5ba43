/* What every text that came from outside must be by now. */
#ifndef PS_TESTS_FUZZ_CHECK_H
#define PS_TESTS_FUZZ_CHECK_H
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Clean UTF-8 of at most so many bytes. */
static inline void check_text(const char *text, size_t max)
{
    char *clean = ps_utf8_clean(text, strlen(text));

    assert(strlen(text) <= max);
    assert(strcmp(clean, text) == 0);
    free(clean);
}

#endif
