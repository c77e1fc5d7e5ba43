/* Names of the Redis keys: REDIS_KEY_PREFIX and the table keys.def. No other file contains the text
 * of a key (tests/lint/banned.sh), so that a fleet with another prefix cannot touch ours. */
#ifndef PS_CORE_KEYS_H
#define PS_CORE_KEYS_H
#include "shared/core/base.h"

enum ps_key {
#define PS_X(id, text) PS_KEY_##id,
#include "shared/core/keys.def"
#undef PS_X
    PS_KEY_COUNT
};

#define PS_GROUP_WORKERS   "workers"   /* consumer group of the stream tasks */
#define PS_GROUP_SCHEDULER "scheduler" /* consumer group of the stream results */

struct ps_keys; /* the names with one prefix */

struct ps_keys *ps_keys_create(const char *prefix); /* copies prefix; never NULL */
void ps_keys_destroy(struct ps_keys *keys);         /* NULL is fine */
/* Borrowed until destroy. A key that takes a suffix ends with ':'. */
const char *ps_key(const struct ps_keys *keys, enum ps_key key);
/* Gives prefix, key and suffix, for example notify:inflight:<instance>. */
char *ps_key_with(const struct ps_keys *keys, enum ps_key key, const char *suffix) PS_MUST_USE;
/* Gives instance:<component>:<id>. */
char *ps_key_instance(const struct ps_keys *keys, const char *component,
                      const char *id) PS_MUST_USE;

#endif
