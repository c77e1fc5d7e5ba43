/* How far two names are from each other: which one a mistyped name was meant to be. */
#ifndef PS_CORE_TEXT_DISTANCE_H
#define PS_CORE_TEXT_DISTANCE_H
#include <stddef.h>

enum { PS_TEXT_DISTANCE_MAX_LEN = 80 }; /* bytes of either text */

/* Insertions, deletions, replacements and swaps of neighbouring bytes that lead from a to b
 * (optimal string alignment). A text that is longer than PS_TEXT_DISTANCE_MAX_LEN is unlike every
 * other: SIZE_MAX. */
size_t ps_text_distance(const char *a, const char *b);

#endif
