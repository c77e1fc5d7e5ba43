/* Redis key names made from the prefix. */
#ifndef PS_CORE_KEYS_H
#define PS_CORE_KEYS_H
#include "shared/core/base.h"

enum ps_key {
#define PS_X(id, text) PS_KEY_##id,
#include "shared/core/keys.def"
#undef PS_X
    PS_KEY_COUNT
};

#define PS_GROUP_WORKERS   "workers"   /* group of tasks */
#define PS_GROUP_SCHEDULER "scheduler" /* group of results */

struct ps_keys; /* the names under one prefix */

struct ps_keys *ps_keys_create(const char *prefix);
void ps_keys_destroy(struct ps_keys *keys);
/* Borrowed, lives as long as keys. For a suffixed key this is the text up to and including ':'. */
const char *ps_key(const struct ps_keys *keys, enum ps_key key);
/* Gives prefix + key + suffix, e.g. notify:inflight:<instance>. */
char *ps_key_with(const struct ps_keys *keys, enum ps_key key, const char *suffix) PS_MUST_USE;
/* Gives instance:<component>:<id>. */
char *ps_key_instance(const struct ps_keys *keys, const char *component,
                      const char *id) PS_MUST_USE;

#endif
