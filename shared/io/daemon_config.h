/* The settings of a daemon: the settings table plus the checks that the table cannot express.
 *
 * core/config checks each value by itself. This module adds the checks that need the file system,
 * libpq or the build: DATABASE_URL, HTTP_CA_FILE, TLS to Redis. It reports every fault and not only
 * the first one, so that an operator corrects all of them in one attempt. */
#ifndef PS_IO_DAEMON_CONFIG_H
#define PS_IO_DAEMON_CONFIG_H
#include "shared/io/env.h"

/* Loads the settings of component (enum ps_component) and calls bad for each fault. Returns false
 * if there was one; out_config is untouched then. On true the caller owns out_config
 * (ps_config_clear). */
bool ps_daemon_config_load(unsigned component, bool needs_database, struct ps_env *env,
                           ps_config_bad_fn bad, void *cookie,
                           struct ps_config *out_config) PS_MUST_USE;

/* Checks that libpq accepts the value of DATABASE_URL. The error never quotes the URL, which holds
 * a password. */
bool ps_daemon_config_check_database(const char *url, struct ps_err *err);

#endif
