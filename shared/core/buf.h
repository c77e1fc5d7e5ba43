/* A growing byte buffer with a cap from birth. */
#ifndef PS_CORE_BUF_H
#define PS_CORE_BUF_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_buf {
    char *data; /* owned; NUL follows the last byte once anything was added */
    size_t len;
    size_t size;
    size_t cap; /* most bytes it will ever hold */
    bool full;  /* an addition was refused since init or reset */
};

void ps_buf_init(struct ps_buf *buf, size_t cap);
void ps_buf_clear(struct ps_buf *buf); /* frees; the buffer is as after init */
void ps_buf_reset(struct ps_buf *buf); /* empties, keeps the memory */
/* All or nothing: false, the content unchanged and full set when the cap would be passed. */
bool ps_buf_add(struct ps_buf *buf, const void *data, size_t len);
bool ps_buf_text(struct ps_buf *buf, const char *text);
bool ps_buf_char(struct ps_buf *buf, char c);
bool ps_buf_format(struct ps_buf *buf, const char *format, ...) PS_PRINTF(2, 3);
/* JSON string with quotes and escapes; invalid UTF-8 becomes U+FFFD. */
bool ps_buf_json_string(struct ps_buf *buf, const char *text, size_t len);
const char *ps_buf_str(const struct ps_buf *buf); /* borrowed, never NULL */
char *ps_buf_take(struct ps_buf *buf);            /* gives; the buffer is empty after */

#endif
