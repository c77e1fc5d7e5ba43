/* Many small allocations freed as one: a whole index snapshot. */
#ifndef PS_CORE_ARENA_H
#define PS_CORE_ARENA_H
#include "shared/core/base.h"

#include <stddef.h>

struct ps_arena;

struct ps_arena *ps_arena_create(void);
void ps_arena_destroy(struct ps_arena *arena); /* NULL is fine */
/* Aligned for any object; lives until the arena is destroyed. */
void *ps_arena_alloc(struct ps_arena *arena, size_t size) PS_MUST_USE;
const char *ps_arena_text(struct ps_arena *arena, const char *text, size_t len) PS_MUST_USE;
size_t ps_arena_bytes(const struct ps_arena *arena);

#endif
