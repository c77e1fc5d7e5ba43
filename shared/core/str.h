/* Borrowed views of text: trim, split, whole numbers. */
#ifndef PS_CORE_STR_H
#define PS_CORE_STR_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrows data; not NUL-terminated. */
struct ps_str {
    const char *data;
    size_t len;
};

struct ps_str ps_str_of(const char *text);     /* NULL gives an empty view */
struct ps_str ps_str_trim(struct ps_str text); /* ASCII white space at both ends */
bool ps_str_is(struct ps_str text, const char *want);
bool ps_str_is_fold(struct ps_str text, const char *want); /* ASCII case folded */
/* Cuts the part before the next separator off rest; false when rest was used up. Keeps empty parts.
 */
bool ps_str_next(struct ps_str *rest, char separator, struct ps_str *out_part);
/* Whole decimal number with optional '-', nothing else around it, min to max. */
bool ps_str_int(struct ps_str text, int64_t min, int64_t max, int64_t *out_value) PS_MUST_USE;
bool ps_str_real(struct ps_str text, double min, double max, double *out_value) PS_MUST_USE;
bool ps_str_digits(struct ps_str text); /* not empty, 0-9 only */

#endif
