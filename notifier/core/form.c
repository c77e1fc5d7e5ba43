#include "notifier/core/form.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *decoded(struct ps_str text)
{
    char *plain = ps_alloc(text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int high = text.len - i > 2 ? hex_digit(text.data[i + 1]) : -1;
        int low = text.len - i > 2 ? hex_digit(text.data[i + 2]) : -1;

        if (text.data[i] == '%' && high >= 0 && low >= 0) {
            plain[len++] = (char)(unsigned char)(high * 16 + low);
            i += 2;
        } else {
            plain[len++] = text.data[i] == '+' ? ' ' : text.data[i];
        }
    }
    plain[len] = '\0';
    return plain;
}

char *ps_form_value(const char *form, size_t len, const char *name)
{
    struct ps_str rest = { form, len }, field, key;

    while (ps_str_next(&rest, '&', &field)) {
        struct ps_str value = field;

        if (ps_str_next(&value, '=', &key) && ps_str_is(key, name) && key.len < field.len)
            return decoded((struct ps_str){ field.data + key.len + 1, field.len - key.len - 1 });
    }
    return NULL;
}
