#include "shared/io/redis_script.h"

#include "shared/core/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call, kept whole until its answer: the server may not know the script yet. */
struct run {
    struct ps_redis *redis;
    const struct ps_script_text *script;
    ps_redis_fn fn;
    void *cookie;
    char key_count[24];
    size_t count;
    struct ps_str args[]; /* EVALSHA, SHA-1, number of keys, keys, arguments; their bytes follow */
};

static void on_evaluated(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct run *run = cookie;

    run->fn(run->cookie, reply, err);
    free(run);
}

static void on_sha_evaluated(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct run *run = cookie;

    if (err == NULL || err->code != PS_REDIS_ERR_NOSCRIPT) {
        on_evaluated(run, reply, err);
        return;
    }
    run->args[0] = ps_str_of("EVAL");
    run->args[1] = (struct ps_str){ run->script->text, run->script->len };
    ps_redis_send(run->redis, run->args, run->count, on_evaluated, run);
}

static struct ps_str keep(char **at, struct ps_str text)
{
    struct ps_str kept = { *at, text.len };

    if (text.len > 0)
        memcpy(*at, text.data, text.len);
    *at += text.len;
    return kept;
}

void ps_script_run(struct ps_redis *redis, enum ps_script script, const char *const *keys,
                   size_t key_count, const struct ps_str *args, size_t arg_count, ps_redis_fn fn,
                   void *cookie)
{
    size_t count = 3 + key_count + arg_count;
    size_t bytes = 0;
    struct run *run;
    char *at;

    assert(key_count == ps_scripts[script].key_count);
    for (size_t i = 0; i < key_count; i++)
        bytes += strlen(keys[i]);
    for (size_t i = 0; i < arg_count; i++)
        bytes += args[i].len;
    run = ps_alloc(sizeof(*run) + count * sizeof(run->args[0]) + bytes);
    run->redis = redis;
    run->script = &ps_scripts[script];
    run->fn = fn != NULL ? fn : ps_redis_ignore;
    run->cookie = cookie;
    run->count = count;
    (void)snprintf(run->key_count, sizeof(run->key_count), "%zu", key_count);
    run->args[0] = ps_str_of("EVALSHA");
    run->args[1] = ps_str_of(run->script->sha1);
    run->args[2] = ps_str_of(run->key_count);
    at = (char *)&run->args[count];
    for (size_t i = 0; i < key_count; i++)
        run->args[3 + i] = keep(&at, ps_str_of(keys[i]));
    for (size_t i = 0; i < arg_count; i++)
        run->args[3 + key_count + i] = keep(&at, args[i]);
    ps_redis_send(redis, run->args, count, on_sha_evaluated, run);
}
