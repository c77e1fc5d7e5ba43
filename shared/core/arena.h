/* Many small allocations that are freed together.
 *
 * An index snapshot holds some 13,000 papers with their texts; an arena makes freeing it one call
 * and keeps the heap unfragmented. Single objects cannot be freed. */
#ifndef PS_CORE_ARENA_H
#define PS_CORE_ARENA_H
#include "shared/core/base.h"

#include <stddef.h>

struct ps_arena;

struct ps_arena *ps_arena_create(void);        /* empty; never NULL */
void ps_arena_destroy(struct ps_arena *arena); /* frees everything; NULL is fine */
/* Returns memory that is aligned for any object and lives until the arena is destroyed. */
void *ps_arena_alloc(struct ps_arena *arena, size_t size) PS_MUST_USE;
/* Copies len bytes of text and adds a NUL. */
const char *ps_arena_text(struct ps_arena *arena, const char *text, size_t len) PS_MUST_USE;
size_t ps_arena_bytes(const struct ps_arena *arena); /* allocated from the system */

#endif
