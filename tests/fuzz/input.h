/* An input as the lines that a target takes its arguments from. */
#ifndef PS_TESTS_FUZZ_INPUT_H
#define PS_TESTS_FUZZ_INPUT_H
#include "shared/core/alloc.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
    const char *data;
    size_t len;
};

static inline struct input input_of(const uint8_t *data, size_t size)
{
    return (struct input){ (const char *)data, size };
}

/* Gives the next line as a text of its own size, so that a sanitizer sees a read past its end; NULL
 * when the input is used up. */
static inline char *input_line(struct input *input)
{
    const char *end = input->len > 0 ? memchr(input->data, '\n', input->len) : NULL;
    size_t len = end == NULL ? input->len : (size_t)(end - input->data);
    char *line = input->len > 0 ? ps_alloc_copy(input->data, len) : NULL;

    if (line != NULL) {
        len += end != NULL;
        input->data += len;
        input->len -= len;
    }
    return line;
}

/* The next line as a number; 0 for none. */
static inline int input_number(struct input *input)
{
    char *line = input_line(input);
    long number = line == NULL ? 0 : strtol(line, NULL, 10);

    free(line);
    return number < -100000 || number > 100000 ? 0 : (int)number;
}

#endif
