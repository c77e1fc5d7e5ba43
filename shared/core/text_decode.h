/* Bytes in some character encoding to UTF-8.
 *
 * Place in the data flow: before the HTML parser, which then always sees valid UTF-8. Pure; the
 * conversion itself is the C library's iconv. */
#ifndef PS_CORE_TEXT_DECODE_H
#define PS_CORE_TEXT_DECODE_H
#include "shared/core/base.h"

#include <stddef.h>

/**
 * ps_text_decode_as(encoding, bytes, len, out_len): Return ${bytes} as UTF-8, NUL-terminated, owned
 * by the caller, its length in ${out_len}. ${encoding} is a name that iconv knows. A byte that is
 * invalid in that encoding becomes U+FFFD and costs nothing else. Return NULL if iconv does not
 * know the encoding.
 */
char *ps_text_decode_as(const char *encoding, const char *bytes, size_t len,
                        size_t *out_len) PS_MUST_USE;

#endif
