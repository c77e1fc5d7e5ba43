/* The arguments of a Redis script or command, added one by one. Owns copies. */
#ifndef PS_SCHEDULER_SCRIPT_ARGS_H
#define PS_SCHEDULER_SCRIPT_ARGS_H
#include "shared/io/redis_script.h"

#include <stddef.h>

struct ps_script_args {
    struct ps_arena *arena; /* owns the text */
    struct ps_str *items;
    size_t len, size;
};

void ps_script_args_init(struct ps_script_args *args); /* args is the caller's memory */
/* Append one argument; text is copied. */
void ps_script_args_text(struct ps_script_args *args, const char *text);
void ps_script_args_view(struct ps_script_args *args, struct ps_str text);
void ps_script_args_int(struct ps_script_args *args, int64_t value); /* as decimal text */
/* Replaces argument i, which was added before. */
void ps_script_args_set_int(struct ps_script_args *args, size_t i, int64_t value);
void ps_script_args_clear(struct ps_script_args *args);

#endif
