/* Runs an embedded Lua script by its SHA, and sends the text if the server does not know it. A
 * script is the unit of atomicity in Redis: each state change that touches several keys is one
 * (shared/lua, whose headers name KEYS, ARGV and RETURNS). */
#ifndef PS_IO_REDIS_SCRIPT_H
#define PS_IO_REDIS_SCRIPT_H
#include "embedded/scripts.h"
#include "shared/io/redis.h"

/* Copies keys and arguments. keys must be as many as the script's header names (asserted). EVALSHA;
   on NOSCRIPT once again with EVAL, which is safe because a script that is not there has not run.
   Errors as for ps_redis_send; a script's "FENCED …" and "NOCYCLE …" replies have their own codes.
 */
void ps_script_run(struct ps_redis *redis, enum ps_script script, const char *const *keys,
                   size_t key_count, const struct ps_str *args, size_t arg_count, ps_redis_fn fn,
                   void *cookie);

#endif
