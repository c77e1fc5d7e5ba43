#include "shared/core/pattern.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <stdlib.h>
#include <string.h>
#include <tre/tre.h>
#include <utf8proc.h>

/* TRE matches in one pass over the text, whatever the pattern, unless the pattern has
 * back-references. Only the size of the automaton remains to be bounded: it grows with the pattern
 * after its repetitions are written out. */
struct ps_pattern {
    regex_t regex;
};

struct ps_pattern_text {
    wchar_t *chars;
    size_t len;
};

static bool refuse(struct ps_err *err, const char *why)
{
    return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s", why);
}

/* Reads {3}, {2,5} or {2,}. TRE has further forms in braces (approximate matching), which are
 * rejected. */
static bool read_repeat(struct ps_str *rest, int64_t *out_most)
{
    size_t len = 0;
    struct ps_str inside, low;
    int64_t from, to;

    while (len < rest->len && rest->data[len] != '}')
        len++;
    if (len == rest->len)
        return false;
    inside = (struct ps_str){ rest->data, len };
    *rest = (struct ps_str){ rest->data + len + 1, rest->len - len - 1 };
    (void)ps_str_next(&inside, ',', &low);
    if (!ps_str_digits(low) || !ps_str_int(low, 0, PS_PATTERN_REPEAT_MAX, &from))
        return false;
    to = from;
    if (low.len < len && inside.len > 0 &&
        (!ps_str_digits(inside) || !ps_str_int(inside, from, PS_PATTERN_REPEAT_MAX, &to)))
        return false;
    *out_most = to > 1 ? to : 1;
    return true;
}

/* Rejects what could make matching expensive. It also counts braces inside brackets, so it may
 * reject a harmless pattern. */
static bool check_parts(struct ps_str rest, struct ps_err *err)
{
    size_t len = rest.len;
    int64_t repeats = 1, choices = 0, most;

    while (rest.len > 0) {
        char c = *rest.data++;

        rest.len--;
        choices += strchr("*+?|{", c) != NULL;
        if ((unsigned char)c < ' ' || c == 127)
            return refuse(err, "a pattern holds no control characters");
        if (c == '\\' && rest.len > 0) {
            if (rest.data[0] >= '1' && rest.data[0] <= '9')
                return refuse(err, "a pattern cannot refer back (\\1)");
            /* TRE 0.8 does not terminate on an escaped backslash before an unbalanced ")". */
            if (rest.data[0] == '\\' || rest.data[0] == 'Q')
                return refuse(err, "a pattern has no \\\\ and no \\Q");
            rest.data++;
            rest.len--;
        } else if (c == '(' && rest.len > 0 && rest.data[0] == '?' &&
                   (rest.len < 2 || rest.data[1] != ':')) {
            return refuse(err, "a pattern has no options or look-around: of (?…) only (?:…)");
        } else if (c == '{') {
            if (!read_repeat(&rest, &most) || (repeats *= most) > PS_PATTERN_REPEAT_MAX)
                return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                               "repetitions are {n}, {m,n} or {m,}, all together at most %d times",
                               PS_PATTERN_REPEAT_MAX);
        }
    }
    if (choices * repeats > PS_PATTERN_CHOICES_MAX ||
        (int64_t)len * repeats > PS_PATTERN_WRITTEN_MAX)
        return ps_fail(
            err, PS_FAILURE_UNKNOWN, 0,
            "that pattern asks too much: at most %d of * + ? | and {, times what {n} repeats",
            PS_PATTERN_CHOICES_MAX);
    return true;
}

/* Gives the characters of text, non-ASCII letters case-folded if fold is set. ASCII letters keep
 * their case, because \W is not \w; REG_ICASE handles them. */
static wchar_t *chars_of(const char *text, bool fold, size_t most, size_t *out_len)
{
    size_t bytes = strlen(text), len = 0;
    wchar_t *chars = ps_alloc_array(NULL, 3 * bytes + 1, sizeof(*chars));
    utf8proc_int32_t point, folded[8];

    for (size_t at = 0; at < bytes && len < most;) {
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(bytes - at), &point);
        utf8proc_ssize_t count = 1;
        int boundary = 0;

        folded[0] = point;
        if (used <= 0)
            break;
        if (fold && point >= 128)
            count = utf8proc_decompose_char(point, folded, 3, UTF8PROC_CASEFOLD, &boundary);
        for (utf8proc_ssize_t i = 0; i < count && i < 3; i++)
            chars[len++] = (wchar_t)folded[i];
        at += (size_t)used;
    }
    *out_len = len;
    return chars;
}

struct ps_pattern *ps_pattern_create(const char *text, size_t len, struct ps_err *err)
{
    struct ps_pattern *pattern;
    wchar_t *chars;
    char *copy;
    int failed;

    if (len == 0 || len > PS_PATTERN_MAX || !ps_utf8_valid(text, len)) {
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a pattern is 1 to %d bytes of UTF-8 text",
                      PS_PATTERN_MAX);
        return NULL;
    }
    if (!check_parts((struct ps_str){ text, len }, err))
        return NULL;
    pattern = ps_alloc_zero(1, sizeof(*pattern));
    copy = ps_alloc_copy(text, len);
    chars = chars_of(copy, true, SIZE_MAX, &len);
    failed = tre_regwncomp(&pattern->regex, chars, len, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    free(chars);
    free(copy);
    if (failed != 0) {
        char why[128] = "";

        (void)tre_regerror(failed, &pattern->regex, why, sizeof(why));
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "not a regular expression: %s", why);
        free(pattern);
        return NULL;
    }
    if (tre_have_backrefs(&pattern->regex) || tre_have_approx(&pattern->regex))
        (void)refuse(err, "a pattern cannot refer back or be approximate");
    else if (tre_regwnexec(&pattern->regex, L"", 0, 0, NULL, 0) == 0)
        (void)refuse(err, "that pattern finds everything");
    else
        return pattern;
    ps_pattern_destroy(pattern);
    return NULL;
}

void ps_pattern_destroy(struct ps_pattern *pattern)
{
    if (pattern == NULL)
        return;
    tre_regfree(&pattern->regex);
    free(pattern);
}

struct ps_pattern_text *ps_pattern_text_create(const char *normalized)
{
    struct ps_pattern_text *text = ps_alloc_zero(1, sizeof(*text));

    text->chars = chars_of(normalized, false, PS_PATTERN_TEXT_MAX, &text->len);
    return text;
}

void ps_pattern_text_destroy(struct ps_pattern_text *text)
{
    if (text == NULL)
        return;
    free(text->chars);
    free(text);
}

size_t ps_pattern_text_len(const struct ps_pattern_text *text)
{
    return text->len;
}

bool ps_pattern_finds_in(const struct ps_pattern *pattern, const struct ps_pattern_text *text,
                         size_t chars)
{
    return tre_regwnexec(&pattern->regex, text->chars, chars < text->len ? chars : text->len, 0,
                         NULL, 0) == 0;
}

bool ps_pattern_finds(const struct ps_pattern *pattern, const struct ps_pattern_text *text)
{
    return ps_pattern_finds_in(pattern, text, text->len);
}
