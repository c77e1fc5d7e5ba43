/* A regular expression that a person typed: matched in a time that grows with the text alone. */
#ifndef PS_CORE_PATTERN_H
#define PS_CORE_PATTERN_H
#include "shared/core/err.h"

#include <stddef.h>

enum {
    PS_PATTERN_MAX = 100,         /* bytes */
    PS_PATTERN_REPEAT_MAX = 10,   /* of all {m,n} together, multiplied */
    PS_PATTERN_CHOICES_MAX = 16,  /* * + ? | { in all, times the repetitions */
    PS_PATTERN_WRITTEN_MAX = 400, /* bytes, times the repetitions */
    PS_PATTERN_TEXT_MAX = 10000,  /* characters; what a text has beyond is not looked at */
};

struct ps_pattern;
struct ps_pattern_text; /* a text made ready to be searched by many patterns */

/* POSIX extended syntax with \d \w \s \b and *? +? ??; the case of letters does not matter. Refused
   (UNKNOWN, what fit to be shown to a person): what is no pattern, what is too long, repeats too
   often, refers back, has options or control characters, or finds the empty text. NULL then. */
struct ps_pattern *ps_pattern_create(const char *text, size_t len, struct ps_err *err) PS_MUST_USE;
void ps_pattern_destroy(struct ps_pattern *pattern); /* NULL is fine */

/* folded: by ps_text_normalize (fold.h). */
struct ps_pattern_text *ps_pattern_text_create(const char *folded) PS_MUST_USE;
void ps_pattern_text_destroy(struct ps_pattern_text *text); /* NULL is fine */
/* The pattern is found somewhere in the text. */
bool ps_pattern_finds(const struct ps_pattern *pattern, const struct ps_pattern_text *text);

#endif
