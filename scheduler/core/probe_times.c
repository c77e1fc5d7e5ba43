#include "scheduler/core/probe_times.h"

#include "shared/core/alloc.h"

#include <stdlib.h>

struct slot {
    ps_draft_key key; /* plus 1; 0: free */
    int64_t at_ms;
};

struct ps_probe_times {
    struct slot *slots;
    size_t size; /* a power of two */
    size_t len;
};

struct ps_probe_times *ps_probe_times_create(void)
{
    struct ps_probe_times *times = ps_alloc_zero(1, sizeof(*times));

    times->size = 1024;
    times->slots = ps_alloc_zero(times->size, sizeof(*times->slots));
    return times;
}

void ps_probe_times_destroy(struct ps_probe_times *times)
{
    if (times == NULL)
        return;
    free(times->slots);
    free(times);
}

static struct slot *find_slot(const struct ps_probe_times *times, ps_draft_key key)
{
    uint64_t hash = key * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 20) & (times->size - 1);

    while (times->slots[at].key != 0 && times->slots[at].key != key + 1)
        at = (at + 1) & (times->size - 1);
    return &times->slots[at];
}

static void grow(struct ps_probe_times *times)
{
    struct slot *old = times->slots;
    size_t size = times->size;

    times->size *= 2;
    times->slots = ps_alloc_zero(times->size, sizeof(*times->slots));
    for (size_t i = 0; i < size; i++)
        if (old[i].key != 0)
            *find_slot(times, old[i].key - 1) = old[i];
    free(old);
}

void ps_probe_times_set(struct ps_probe_times *times, ps_draft_key key, int64_t at_ms)
{
    struct slot *slot;

    if (times->len >= times->size / 3 * 2)
        grow(times);
    slot = find_slot(times, key);
    if (slot->key == 0)
        times->len++;
    *slot = (struct slot){ .key = key + 1, .at_ms = at_ms };
}

int64_t ps_probe_times_get(const struct ps_probe_times *times, ps_draft_key key)
{
    return find_slot(times, key)->at_ms;
}

size_t ps_probe_times_len(const struct ps_probe_times *times)
{
    return times->len;
}
