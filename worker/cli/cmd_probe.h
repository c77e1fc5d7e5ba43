/* paperscout-worker probe URL…: asks each URL once, as a worker would, without Redis. */
#ifndef PS_WORKER_CLI_CMD_PROBE_H
#define PS_WORKER_CLI_CMD_PROBE_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_probe;

#endif
