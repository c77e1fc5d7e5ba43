/* Classes of ASCII characters, whatever the locale. Bytes of other characters belong to none. */
#ifndef PS_CORE_ASCII_H
#define PS_CORE_ASCII_H
#include <stdbool.h>

static inline bool ps_ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ps_ascii_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ps_ascii_is_alnum(char c)
{
    return ps_ascii_is_letter(c) || ps_ascii_is_digit(c);
}

static inline bool ps_ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char ps_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#endif
