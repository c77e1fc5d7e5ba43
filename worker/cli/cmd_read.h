/* The command `paperscout-worker read FILE|URL...`: reads documents as a worker reads those of
 * recent hits, with the same child process and the same limits, but without Redis. */
#ifndef PS_WORKER_CLI_CMD_READ_H
#define PS_WORKER_CLI_CMD_READ_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_read;

#endif
