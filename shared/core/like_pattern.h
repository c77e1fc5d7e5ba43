/* Patterns of SQL's LIKE from what people type. */
#ifndef PS_CORE_LIKE_PATTERN_H
#define PS_CORE_LIKE_PATTERN_H
#include "shared/core/buf.h"

/* Adds to json, as a JSON string, the pattern that matches any text with word in it. The characters
 * that LIKE reads as wildcards stand for themselves. */
void ps_like_pattern_add(struct ps_buf *json, const char *word);

#endif
