/* paperscout-scheduler simulate: how soon either planner would have found the drafts of the past.
 */
#ifndef PS_SCHEDULER_CMD_SIMULATE_H
#define PS_SCHEDULER_CMD_SIMULATE_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_simulate;

#endif
