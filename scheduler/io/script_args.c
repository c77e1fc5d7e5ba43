#include "scheduler/io/script_args.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT = 24 };

void ps_script_args_init(struct ps_script_args *args)
{
    *args = (struct ps_script_args){ .arena = ps_arena_create() };
}

void ps_script_args_view(struct ps_script_args *args, struct ps_str text)
{
    if (args->len == args->size) {
        args->size = args->size == 0 ? 64 : args->size * 2;
        args->items = ps_alloc_array(args->items, args->size, sizeof(*args->items));
    }
    args->items[args->len++] =
        (struct ps_str){ ps_arena_text(args->arena, text.data, text.len), text.len };
}

void ps_script_args_text(struct ps_script_args *args, const char *text)
{
    ps_script_args_view(args, (struct ps_str){ text, strlen(text) });
}

void ps_script_args_int(struct ps_script_args *args, int64_t value)
{
    char text[NUMBER_TEXT];

    snprintf(text, sizeof(text), "%" PRId64, value);
    ps_script_args_text(args, text);
}

void ps_script_args_set_int(struct ps_script_args *args, size_t i, int64_t value)
{
    char text[NUMBER_TEXT];
    size_t len;

    snprintf(text, sizeof(text), "%" PRId64, value);
    len = strlen(text);
    args->items[i] = (struct ps_str){ ps_arena_text(args->arena, text, len), len };
}

void ps_script_args_clear(struct ps_script_args *args)
{
    ps_arena_destroy(args->arena);
    free(args->items);
    *args = (struct ps_script_args){ 0 };
}
