/* For commands of people only: run the loop until one answer came, so that a command reads top to
 * bottom. */
#ifndef PS_IO_SYNC_H
#define PS_IO_SYNC_H
#include "shared/core/config.h"
#include "shared/core/keys.h"
#include "shared/io/pg.h"
#include "shared/io/redis_script.h"

#include <stddef.h>

struct ps_sync; /* loop, settings, keys and connections of one command */

/* Loads settings for component through env (errors on standard error; *out_status is 78 then) and
   connects to what the flags name, waiting at most wait_ms. NULL with an error on standard error
   and *out_status 69 when a server is not reached. */
enum {
    PS_SYNC_REDIS = 1,
    PS_SYNC_PG = 2,
    PS_SYNC_MIGRATE = 4, /* with PS_SYNC_PG: makes the tables that are missing */
    PS_SYNC_LEGACY = 8,  /* with PS_SYNC_PG: LEGACY_DATABASE_URL where it is set; read only */
    PS_SYNC_FOUND = 16   /* with PS_SYNC_PG: makes the tables where there are none at all */
};
struct ps_sync *ps_sync_create(const char *program, unsigned component, void *env, unsigned flags,
                               int64_t wait_ms, int *out_status) PS_MUST_USE;
void ps_sync_destroy(struct ps_sync *sync);
const struct ps_config *ps_sync_config(const struct ps_sync *sync);
const struct ps_keys *ps_sync_keys(const struct ps_sync *sync);
struct ps_loop *ps_sync_loop(struct ps_sync *sync);
/* The reply lives until the next ps_sync_redis call or destroy; NULL with err. */
const struct redisReply *ps_sync_redis(struct ps_sync *sync, const char *const *args, size_t count,
                                       struct ps_err *err);
const struct redisReply *ps_sync_script(struct ps_sync *sync, enum ps_script script,
                                        const char *const *keys, size_t key_count,
                                        const struct ps_str *args, size_t arg_count,
                                        struct ps_err *err);
/* Takes batch. The rows live until the next ps_sync_pg call or destroy; NULL with err. */
const struct ps_pg_rows *ps_sync_pg(struct ps_sync *sync, struct ps_pg_batch *batch,
                                    struct ps_err *err);

#endif
