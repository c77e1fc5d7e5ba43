/* paperscout-scheduler status: who leads, what runs, what waits. */
#ifndef PS_SCHEDULER_CMD_STATUS_H
#define PS_SCHEDULER_CMD_STATUS_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_status;

#endif
