/* A program as a daemon: settings, wiring, drain. For io/daemon.c and io/cli_session.c alone. */
#ifndef PS_IO_DAEMON_RUN_H
#define PS_IO_DAEMON_RUN_H
#include "shared/io/daemon.h"
#include "shared/io/env.h"

/* Loads the settings and checks what only the daemon needs on top (a database, TLS to Redis). Tells
   every fault; false when there was one, out_config cleared. */
bool ps_daemon_config(const struct ps_program *program, struct ps_env *env, ps_config_bad_fn bad,
                      void *cookie, struct ps_config *out_config) PS_MUST_USE;

/* What the settings table cannot know: what libpq can connect with. Does not quote the
 * URL. */
bool ps_daemon_check_database(const char *url, struct ps_err *err);

/* Logs the reason (CONFIG-ERROR) why there are no settings to read, in the form that LOG_FORMAT of
 * the environment names. */
void ps_daemon_refuse(const struct ps_program *program, const struct ps_err *err);

/* Runs until SIGTERM or a fault at start; gives the exit status. */
int ps_daemon_run(const struct ps_program *program, struct ps_env *env);

#endif
