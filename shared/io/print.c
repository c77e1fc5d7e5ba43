#include "shared/io/print.h"

#include "shared/core/alloc.h"
#include "shared/core/err.h"
#include "shared/core/json.h"
#include "shared/core/visible_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_BYTES = 1024 };

static void write_text(FILE *file, const char *text, size_t len)
{
    char *visible;

    if (ps_text_is_visible(text, len)) {
        (void)fwrite(text, 1, len, file);
        return;
    }
    visible = ps_text_visible(text, len);
    (void)fwrite(visible, 1, strlen(visible), file);
    free(visible);
}

void ps_print(FILE *file, const char *format, ...)
{
    char usual[USUAL_BYTES], *text = usual;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(usual, sizeof(usual), format, args);
    va_end(args);
    if (len < 0)
        return;
    if ((size_t)len >= sizeof(usual)) {
        text = ps_alloc((size_t)len + 1);
        va_start(args, format);
        (void)vsnprintf(text, (size_t)len + 1, format, args);
        va_end(args);
    }
    write_text(file, text, (size_t)len);
    if (text != usual)
        free(text);
}

void ps_print_json(FILE *file, cJSON *value)
{
    char *text = ps_json_print(value);

    ps_print(file, "%s\n", text);
    free(text);
    cJSON_Delete(value);
}

void ps_print_fault(void *program_name, const struct ps_err *err)
{
    ps_print(stderr, "%s: %s\n", *(const char *const *)program_name, err->what);
}

void ps_print_style(FILE *file, enum ps_print_style style)
{
    static const char *const codes[] = { [PS_PRINT_PLAIN] = "\033[0m",
                                         [PS_PRINT_GOOD] = "\033[32m",
                                         [PS_PRINT_WARNING] = "\033[33m",
                                         [PS_PRINT_BAD] = "\033[1;31m" };
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

    if ((no_color == NULL || no_color[0] == '\0') && term != NULL && term[0] != '\0' &&
        strcmp(term, "dumb") != 0 && isatty(fileno(file)) == 1)
        (void)fputs(codes[style], file);
}

void ps_print_clear(FILE *file)
{
    (void)fputs("\033[H\033[J", file);
}
