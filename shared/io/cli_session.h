/* For commands of people only: run the loop until one answer came, so that a command reads top to
 * bottom. */
#ifndef PS_IO_CLI_SESSION_H
#define PS_IO_CLI_SESSION_H
#include "shared/core/config.h"
#include "shared/core/keys.h"
#include "shared/io/pg.h"
#include "shared/io/redis_script.h"

#include <stddef.h>

struct ps_cli_session; /* loop, settings, keys and connections of one command */

/* Loads settings for component through env (errors on standard error; *out_status is 78 then) and
   connects to what the flags name, waiting at most wait_ms. NULL with an error on standard error
   and *out_status 69 when a server is not reached. */
enum {
    PS_CLI_SESSION_REDIS = 1,
    PS_CLI_SESSION_PG = 2,
    PS_CLI_SESSION_MIGRATE = 4, /* with PS_CLI_SESSION_PG: makes the tables that are missing */
    PS_CLI_SESSION_LEGACY =
        8, /* with PS_CLI_SESSION_PG: LEGACY_DATABASE_URL where it is set; read only */
    PS_CLI_SESSION_FOUND =
        16 /* with PS_CLI_SESSION_PG: makes the tables where there are none at all */
};
struct ps_cli_session *ps_cli_session_create(const char *program, unsigned component, void *env,
                                             unsigned flags, int64_t wait_ms,
                                             int *out_status) PS_MUST_USE;
void ps_cli_session_destroy(struct ps_cli_session *sync);
const struct ps_config *ps_cli_session_config(const struct ps_cli_session *sync);
const struct ps_keys *ps_cli_session_keys(const struct ps_cli_session *sync);
struct ps_loop *ps_cli_session_loop(struct ps_cli_session *sync);
/* The reply lives until the next ps_cli_session_redis call or destroy; NULL with err. */
const struct redisReply *ps_cli_session_redis(struct ps_cli_session *sync, const char *const *args,
                                              size_t count, struct ps_err *err);
const struct redisReply *ps_cli_session_script(struct ps_cli_session *sync, enum ps_script script,
                                               const char *const *keys, size_t key_count,
                                               const struct ps_str *args, size_t arg_count,
                                               struct ps_err *err);
/* Takes batch. The rows live until the next ps_cli_session_pg call or destroy; NULL with err. */
const struct ps_pg_rows *ps_cli_session_pg(struct ps_cli_session *sync, struct ps_pg_batch *batch,
                                           struct ps_err *err);

#endif
