/* Blocking access to Redis and PostgreSQL for commands that people run.
 *
 * A command (X/cli/) opens a session, sends one request after the other and reads from top to
 * bottom. Each call runs the event loop until its response arrived. Daemons must not use it:
 * nothing else happens while a call waits. */
#ifndef PS_IO_CLI_SESSION_H
#define PS_IO_CLI_SESSION_H
#include "shared/core/config.h"
#include "shared/core/keys.h"
#include "shared/io/pg.h"
#include "shared/io/redis_script.h"
#include "shared/io/signals.h"

#include <stddef.h>

struct ps_cli_session; /* loop, settings, keys and connections of one command */

enum {
    PS_CLI_SESSION_REDIS = 1,
    PS_CLI_SESSION_PG = 2,
    /* The following flags need PS_CLI_SESSION_PG. */
    PS_CLI_SESSION_MIGRATE = 4, /* create missing tables */
    PS_CLI_SESSION_LEGACY = 8,  /* read only, from LEGACY_DATABASE_URL if it is set */
    PS_CLI_SESSION_FOUND = 16   /* create the tables only if there are none at all */
};

/* Loads the settings of component through env and connects to the servers that flags name. Returns
 * NULL after an error, which it prints on standard error: *out_status is 78 for invalid settings,
 * 69 if a server is not connected within wait_ms. program (borrowed) prefixes the errors. */
struct ps_cli_session *ps_cli_session_create(const char *program, unsigned component, void *env,
                                             unsigned flags, int64_t wait_ms,
                                             int *out_status) PS_MUST_USE;
void ps_cli_session_destroy(struct ps_cli_session *session); /* NULL is fine */
/* Waits for events of the session's loop and handles them. For a command that waits for an answer
 * that is none of this session's requests. */
void ps_cli_session_run_once(struct ps_cli_session *session);

/* Borrowed until destroy. */
const struct ps_config *ps_cli_session_config(const struct ps_cli_session *session);
const struct ps_keys *ps_cli_session_keys(const struct ps_cli_session *session);
struct ps_loop *ps_cli_session_loop(struct ps_cli_session *session);

/* Send a command, or run a script, and wait for the reply. Return NULL with err on failure. The
 * reply is borrowed until the next call of either function or destroy. */
const struct redisReply *ps_cli_session_redis(struct ps_cli_session *session,
                                              const char *const *args, size_t count,
                                              struct ps_err *err);
const struct redisReply *ps_cli_session_script(struct ps_cli_session *session,
                                               enum ps_script script, const char *const *keys,
                                               size_t key_count, const struct ps_str *args,
                                               size_t arg_count, struct ps_err *err);
/* Runs batch (taken) and waits for its rows. Returns NULL with err on failure. The rows are
 * borrowed until the next ps_cli_session_pg or destroy. */
const struct ps_pg_rows *ps_cli_session_pg(struct ps_cli_session *session,
                                           struct ps_pg_batch *batch, struct ps_err *err);
/* Makes the fleet look again (signals.h), where the session has Redis or not. Waits for a second
 * at most, and a failure is not reported: without the signal the fleet looks a little later. */
void ps_cli_session_signal(struct ps_cli_session *session, enum ps_signal signal);

#endif
