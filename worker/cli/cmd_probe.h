/* The command `paperscout-worker probe URL...`: answers each URL once, as a worker would, without
 * Redis. It reads the same settings, so that a person can check what a worker would see. */
#ifndef PS_WORKER_CLI_CMD_PROBE_H
#define PS_WORKER_CLI_CMD_PROBE_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_probe;

#endif
