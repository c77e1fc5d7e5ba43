#include "shared/core/str.h"

#include "shared/core/ascii.h"

#include <stdlib.h>
#include <string.h>

struct ps_str ps_str_of(const char *text)
{
    if (text == NULL)
        text = "";
    return (struct ps_str){ text, strlen(text) };
}

struct ps_str ps_str_trim(struct ps_str text)
{
    while (text.len > 0 && ps_ascii_is_space(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && ps_ascii_is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

bool ps_str_is(struct ps_str text, const char *want)
{
    return text.len == strlen(want) && (text.len == 0 || memcmp(text.data, want, text.len) == 0);
}

bool ps_str_is_fold(struct ps_str text, const char *want)
{
    size_t i;

    if (text.len != strlen(want))
        return false;
    for (i = 0; i < text.len; i++) {
        if (ps_ascii_lower(text.data[i]) != ps_ascii_lower(want[i]))
            return false;
    }
    return true;
}

bool ps_str_next(struct ps_str *rest, char separator, struct ps_str *out_part)
{
    const char *end;

    if (rest->data == NULL)
        return false;
    end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    if (end == NULL) {
        *out_part = *rest;
        *rest = (struct ps_str){ NULL, 0 };
        return true;
    }
    *out_part = (struct ps_str){ rest->data, (size_t)(end - rest->data) };
    rest->len -= out_part->len + 1;
    rest->data = end + 1;
    return true;
}

bool ps_str_int(struct ps_str text, int64_t min, int64_t max, int64_t *out_value)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    int64_t value = 0;
    size_t i;

    if (negative) {
        text.data++;
        text.len--;
    }
    if (!ps_str_digits(text))
        return false;
    /* Computes the negative value, because -INT64_MIN does not fit into an int64_t. */
    for (i = 0; i < text.len; i++) {
        int digit = text.data[i] - '0';

        if (value < (INT64_MIN + digit) / 10)
            return false;
        value = value * 10 - digit;
    }
    if (!negative) {
        if (value == INT64_MIN)
            return false;
        value = -value;
    }
    if (value < min || value > max)
        return false;
    *out_value = value;
    return true;
}

bool ps_str_real(struct ps_str text, double min, double max, double *out_value)
{
    char copy[64];
    char *end;
    double value;
    size_t i;

    if (text.len == 0 || text.len >= sizeof(copy) || text.data[0] == '+')
        return false;
    /* strtod also accepts white space, hexadecimal, infinity and NaN, which are not valid settings.
     */
    for (i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'))
            return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    value = strtod(copy, &end);
    if (*end != '\0' || value < min || value > max)
        return false;
    *out_value = value;
    return true;
}

bool ps_str_digits(struct ps_str text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.len > 0;
}
