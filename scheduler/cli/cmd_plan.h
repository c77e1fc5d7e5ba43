/* paperscout-scheduler plan: what would be probed, with no Redis and no database. */
#ifndef PS_SCHEDULER_CMD_PLAN_H
#define PS_SCHEDULER_CMD_PLAN_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_plan;

#endif
