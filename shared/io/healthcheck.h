/* `PROGRAM healthcheck [live|ready]`: asks the daemon in the same container how it is, for images
 * that have neither shell nor curl. */
#ifndef PS_IO_HEALTHCHECK_H
#define PS_IO_HEALTHCHECK_H
#include "shared/io/daemon.h"
#include "shared/io/env.h"

#define PS_HEALTHCHECK_SYNOPSIS "healthcheck [live | ready | events]"

/* argv[0] is the command's name. Reads HEALTH_BIND_HOST and HEALTH_PORT, asks /livez (or /readyz),
 * waits 2 s at most, and prints the answer. Gives PS_EXIT_OK for 200, PS_EXIT_FAILED for any other
 * answer, PS_EXIT_UNAVAILABLE for none. */
int ps_healthcheck(const struct ps_program *program, int argc, char **argv, struct ps_env *env);

#endif
