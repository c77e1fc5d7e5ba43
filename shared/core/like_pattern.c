#include "shared/core/like_pattern.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <stdlib.h>
#include <string.h>

void ps_like_pattern_add(struct ps_buf *json, const char *word)
{
    char *text = ps_alloc(2 * strlen(word) + 2);
    size_t len = 0;

    text[len++] = '%';
    for (; *word != '\0'; word++) {
        if (strchr("%_\\", *word) != NULL)
            text[len++] = '\\';
        text[len++] = *word;
    }
    text[len++] = '%';
    (void)ps_buf_json_string(json, text, len);
    free(text);
}
