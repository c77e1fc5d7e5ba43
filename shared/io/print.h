/* The one way in which commands print: nothing that strangers wrote can steer the reader's
 * terminal. */
#ifndef PS_IO_PRINT_H
#define PS_IO_PRINT_H
#include "shared/core/base.h"

#include <stdio.h>

/* As fprintf, but what a terminal would obey is written as \uXXXX (visible_text.h). A failed write
 * shows in ferror(file). */
void ps_print(FILE *file, const char *format, ...) PS_PRINTF(2, 3);

#endif
