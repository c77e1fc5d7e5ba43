/* Borrowed views of text: comparing, splitting, numbers. A view needs no copy and no NUL, so
 * parsers work on the bytes of a peer directly. */
#ifndef PS_CORE_STR_H
#define PS_CORE_STR_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrows data, which is not NUL-terminated. */
struct ps_str {
    const char *data;
    size_t len;
};

struct ps_str ps_str_of(const char *text);            /* an empty view for NULL */
struct ps_str ps_str_trim(struct ps_str text);        /* without ASCII white space at both ends */
bool ps_str_is(struct ps_str text, const char *want); /* the same bytes */
bool ps_str_is_fold(struct ps_str text, const char *want); /* ignores ASCII case */
/* Moves the part before the next separator from rest to out_part; empty parts count. Returns false
 * once rest is used up (its data is NULL then). */
bool ps_str_next(struct ps_str *rest, char separator, struct ps_str *out_part);
/* Parse a number from min to max that fills text completely: whole and decimal with an optional
 * '-', or decimal with optional fraction and exponent. On false out_value is untouched. */
bool ps_str_int(struct ps_str text, int64_t min, int64_t max, int64_t *out_value) PS_MUST_USE;
bool ps_str_real(struct ps_str text, double min, double max, double *out_value) PS_MUST_USE;
bool ps_str_digits(struct ps_str text); /* at least one byte, 0-9 only */

#endif
