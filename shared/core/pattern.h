/* A regular expression that a person typed, matched in time that is linear in the text.
 *
 * Any Slack user can add a pattern, and each new paper is matched with all of them. The limits
 * below bound the size of the automaton, so no pattern can block the event loop. Do not raise them
 * without measuring (tests/bench). */
#ifndef PS_CORE_PATTERN_H
#define PS_CORE_PATTERN_H
#include "shared/core/err.h"

#include <stddef.h>

enum {
    PS_PATTERN_MAX = 100,         /* bytes */
    PS_PATTERN_REPEAT_MAX = 10,   /* product of all {m,n} */
    PS_PATTERN_CHOICES_MAX = 16,  /* number of * + ? | {, times the repetitions */
    PS_PATTERN_WRITTEN_MAX = 400, /* bytes, times the repetitions */
    PS_PATTERN_TEXT_MAX = 10000,  /* characters of a text that are searched */
};

struct ps_pattern;
struct ps_pattern_text; /* a text, prepared for matching with many patterns */

/* Compiles POSIX extended syntax with \d \w \s \b and *? +? ??; case is ignored. Returns NULL with
 * err (UNKNOWN; the text is meant for the person who typed the pattern) if the syntax is invalid, a
 * limit is passed, the pattern has back-references, options or control characters, or matches the
 * empty text. */
struct ps_pattern *ps_pattern_create(const char *text, size_t len, struct ps_err *err) PS_MUST_USE;
void ps_pattern_destroy(struct ps_pattern *pattern); /* NULL is fine */

/* Copies text, which must be normalized (text_normalize.h). */
struct ps_pattern_text *ps_pattern_text_create(const char *normalized) PS_MUST_USE;
void ps_pattern_text_destroy(struct ps_pattern_text *text);     /* NULL is fine */
size_t ps_pattern_text_len(const struct ps_pattern_text *text); /* characters */
/* Returns whether the pattern matches anywhere in the text. */
bool ps_pattern_finds(const struct ps_pattern *pattern, const struct ps_pattern_text *text);
/* The same in its first chars characters. */
bool ps_pattern_finds_in(const struct ps_pattern *pattern, const struct ps_pattern_text *text,
                         size_t chars);

#endif
