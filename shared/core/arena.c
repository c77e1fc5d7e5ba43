#include "shared/core/arena.h"

#include "shared/core/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct chunk {
    struct chunk *next;
    size_t used, size; /* of data, in bytes */
    max_align_t data[];
};

struct ps_arena {
    struct chunk *chunks; /* new objects go into the first one */
    size_t bytes;         /* allocated from the system */
};

struct ps_arena *ps_arena_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_arena));
}

void ps_arena_destroy(struct ps_arena *arena)
{
    struct chunk *chunk;

    if (arena == NULL)
        return;
    while ((chunk = arena->chunks) != NULL) {
        arena->chunks = chunk->next;
        free(chunk);
    }
    free(arena);
}

static struct chunk *add_chunk(struct ps_arena *arena, size_t size)
{
    struct chunk *chunk = ps_alloc(sizeof(*chunk) + size);

    *chunk = (struct chunk){ .size = size };
    arena->bytes += sizeof(*chunk) + size;
    /* A chunk for one large object is full at once: insert it second, so that the present chunk
     * stays in use. */
    if (size > CHUNK_BYTES && arena->chunks != NULL) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    return chunk;
}

void *ps_arena_alloc(struct ps_arena *arena, size_t size)
{
    const size_t unit = _Alignof(max_align_t);
    struct chunk *chunk = arena->chunks;
    void *memory;

    if (size > SIZE_MAX / 2)
        abort();
    size = (size + unit - 1) / unit * unit;
    if (chunk == NULL || size > chunk->size - chunk->used)
        chunk = add_chunk(arena, size > CHUNK_BYTES ? size : CHUNK_BYTES);
    memory = (char *)chunk->data + chunk->used;
    chunk->used += size;
    return memory;
}

const char *ps_arena_text(struct ps_arena *arena, const char *text, size_t len)
{
    char *copy;

    if (len == SIZE_MAX)
        abort();
    copy = ps_arena_alloc(arena, len + 1);
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

size_t ps_arena_bytes(const struct ps_arena *arena)
{
    return arena->bytes;
}
