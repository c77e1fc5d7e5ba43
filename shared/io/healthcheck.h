/* `PROGRAM healthcheck [live | ready | events]`: asks the daemon in the same container for its
 * health, because the images contain neither a shell nor curl. Kubernetes and Docker run it as an
 * exec probe.
 *
 * The whole request is limited to 2 s. A probe's timeout must be longer than that, so that the
 * command reports a daemon that hangs rather than being killed itself. */
#ifndef PS_IO_HEALTHCHECK_H
#define PS_IO_HEALTHCHECK_H
#include "shared/io/env.h"

/* Reads HEALTH_BIND_HOST and HEALTH_PORT through env, requests /livez, /readyz or /readyz/events
 * and prints the answer. argv[0] is the command's name; program_name prefixes the errors on
 * standard error. Returns PS_EXIT_OK for status 200, PS_EXIT_FAILED for another status,
 * PS_EXIT_UNAVAILABLE without an answer, PS_EXIT_USAGE or PS_EXIT_CONFIG. */
int ps_healthcheck(const char *program_name, unsigned component, int argc, char **argv,
                   struct ps_env *env);

#endif
