#include "shared/core/text_decode.h"

#include "shared/core/buf.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>

enum { PIECE = 4096 };

#define REPLACEMENT "\xEF\xBF\xBD"

char *ps_text_decode_as(const char *encoding, const char *bytes, size_t len, size_t *out_len)
{
    iconv_t decoder = iconv_open("UTF-8", encoding);
    struct ps_buf text;
    char piece[PIECE];
    char *from;
    size_t left = len;

    if (decoder == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): that is iconv's interface */
        return NULL;
    ps_buf_init(&text, SIZE_MAX / 2);
    memcpy(&from, &bytes, sizeof(from)); /* iconv's parameter is not const, its use of it is */
    while (left > 0) {
        char *to = piece;
        size_t room = sizeof(piece);
        size_t done = iconv(decoder, &from, &left, &to, &room);
        int error = errno;

        ps_buf_add(&text, piece, sizeof(piece) - room);
        if (done != (size_t)-1 || error == E2BIG)
            continue;
        /* invalid, or cut at the end: one byte is given up, and decoding starts anew after it */
        ps_buf_add(&text, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        from++;
        left--;
        (void)iconv(decoder, NULL, NULL, NULL, NULL);
    }
    (void)iconv_close(decoder);
    *out_len = text.len;
    return ps_buf_take(&text);
}
