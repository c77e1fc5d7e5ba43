/* A program as a daemon: settings, wiring in a fixed order, drain, teardown.
 *
 * ps_daemon_run creates what every program needs (program.h), runs the loop and destroys everything
 * in the reverse dependency order. The daemon guarantees that the health port answers before the
 * program waits for any server, and that the process ends within SHUTDOWN_GRACE_SECONDS after the
 * first SIGTERM. Do not change the order of creation and destruction lightly; daemon.c explains
 * each dependency. */
#ifndef PS_IO_DAEMON_H
#define PS_IO_DAEMON_H
#include "shared/io/env.h"
#include "shared/io/program.h"

/* Runs until SIGTERM or until the start fails, and returns the exit status. Borrows program and
 * env. */
int ps_daemon_run(const struct ps_program *program, struct ps_env *env);

/* Logs CONFIG-ERROR with err if the settings could not be read at all. Uses the format that
 * LOG_FORMAT of the environment names, because a log collector may accept only JSON. */
void ps_daemon_log_unreadable_settings(const struct ps_program *program, const struct ps_err *err);

/* The program calls this once it holds no work any more. The daemon then removes the heartbeat key,
 * so that others see at once that the instance is gone, and leaves the loop with PS_EXIT_OK.
 * Further calls have no effect. */
void ps_daemon_drained(struct ps_daemon *daemon);

#endif
