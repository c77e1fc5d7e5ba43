/* The one way in which commands print: nothing that strangers wrote can steer the reader's
 * terminal. */
#ifndef PS_IO_PRINT_H
#define PS_IO_PRINT_H
#include "shared/core/base.h"

#include <stdio.h>

struct cJSON;
struct ps_err;

/* As fprintf, but what a terminal would obey is written as \uXXXX (visible_text.h). A failed write
 * shows in ferror(file). */
void ps_print(FILE *file, const char *format, ...) PS_PRINTF(2, 3);
/* Prints value as one line of JSON, and takes it. */
void ps_print_json(FILE *file, struct cJSON *value);
/* Prints "PROGRAM: what is wrong" on standard error. program_name: const char **; so this is a
 * callback of ps_config_load. */
void ps_print_fault(void *program_name, const struct ps_err *err);

/* What follows is shown in this style, until PLAIN. Nothing is written unless file is a terminal
 * that takes colours (TERM is set and not "dumb") and NO_COLOR is not set. */
enum ps_print_style { PS_PRINT_PLAIN, PS_PRINT_GOOD, PS_PRINT_WARNING, PS_PRINT_BAD };
void ps_print_style(FILE *file, enum ps_print_style style);
/* Clears the terminal, so that what follows begins in its upper left corner. The caller knows that
 * file is a terminal. */
void ps_print_clear(FILE *file);

#endif
