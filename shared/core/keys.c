#include "shared/core/keys.h"

#include "shared/core/alloc.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

static const char *const texts[PS_KEY_COUNT] = {
#define PS_X(id, text) text,
#include "shared/core/keys.def"
#undef PS_X
};

struct ps_keys {
    char *names[PS_KEY_COUNT];
};

struct ps_keys *ps_keys_create(const char *prefix)
{
    struct ps_keys *keys = ps_alloc(sizeof(*keys));
    size_t i;

    for (i = 0; i < PS_KEY_COUNT; i++)
        keys->names[i] = ps_alloc_format("%s%s", prefix, texts[i]);
    return keys;
}

void ps_keys_destroy(struct ps_keys *keys)
{
    size_t i;

    if (keys == NULL)
        return;
    for (i = 0; i < PS_KEY_COUNT; i++)
        free(keys->names[i]);
    free(keys);
}

const char *ps_key(const struct ps_keys *keys, enum ps_key key)
{
    assert((unsigned)key < PS_KEY_COUNT);
    return keys->names[key];
}

char *ps_key_with(const struct ps_keys *keys, enum ps_key key, const char *suffix)
{
    return ps_alloc_format("%s%s", ps_key(keys, key), suffix);
}

char *ps_key_instance(const struct ps_keys *keys, const char *component, const char *id)
{
    return ps_alloc_format("%s%s:%s", ps_key(keys, PS_KEY_INSTANCE), component, id);
}
