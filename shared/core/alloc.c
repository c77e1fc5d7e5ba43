#include "shared/core/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *ps_alloc(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

void *ps_alloc_zero(size_t count, size_t size)
{
    void *memory;

    if (size > 0 && count > SIZE_MAX / size)
        abort();
    memory = count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);
    if (memory == NULL)
        abort();
    return memory;
}

void *ps_alloc_array(void *old, size_t count, size_t size)
{
    void *memory;

    if (size > 0 && count > SIZE_MAX / size)
        abort();
    /* realloc(old, 0) may free old and return NULL, which would look like exhausted memory. */
    memory = realloc(old, count > 0 && size > 0 ? count * size : 1);
    if (memory == NULL)
        abort();
    return memory;
}

char *ps_alloc_text(const char *text)
{
    return text != NULL ? ps_alloc_copy(text, strlen(text)) : NULL;
}

char *ps_alloc_copy(const char *data, size_t len)
{
    char *copy;

    if (len == SIZE_MAX)
        abort();
    copy = ps_alloc(len + 1);
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *ps_alloc_format(const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        abort();
    text = ps_alloc((size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}
