/* A growing byte buffer with a cap that is fixed at init.
 *
 * Everything that a peer or a user can make long is collected in one: bodies, JSON, log lines. An
 * addition that would pass the cap is refused as a whole and remembered in `full`, so that a caller
 * may add many parts and check once. */
#ifndef PS_CORE_BUF_H
#define PS_CORE_BUF_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_buf {
    char *data;  /* owned; a NUL follows the last byte; NULL before the first addition */
    size_t len;  /* bytes without the NUL */
    size_t size; /* allocated */
    size_t cap;  /* maximum of len */
    bool full;   /* an addition was refused since init or reset */
};

void ps_buf_init(struct ps_buf *buf, size_t cap); /* empty; allocates nothing yet */
void ps_buf_clear(struct ps_buf *buf); /* frees the memory; the buffer is as after init */
void ps_buf_reset(struct ps_buf *buf); /* empties the buffer and keeps the memory */

/* Append bytes, a NUL-terminated text, a byte, a formatted text. Each adds everything or nothing:
 * on false the content is unchanged and full is set. */
bool ps_buf_add(struct ps_buf *buf, const void *data, size_t len);
bool ps_buf_text(struct ps_buf *buf, const char *text);
bool ps_buf_char(struct ps_buf *buf, char c);
bool ps_buf_format(struct ps_buf *buf, const char *format, ...) PS_PRINTF(2, 3);
/* Adds text as a JSON string with quotes and escapes; invalid UTF-8 becomes U+FFFD. */
bool ps_buf_json_string(struct ps_buf *buf, const char *text, size_t len);

const char *ps_buf_str(const struct ps_buf *buf); /* borrowed until the next change; never NULL */
char *ps_buf_take(struct ps_buf *buf); /* gives the content; the buffer is as after init */

#endif
