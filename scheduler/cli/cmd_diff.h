/* paperscout-scheduler diff: what changed between two copies of the index. */
#ifndef PS_SCHEDULER_CMD_DIFF_H
#define PS_SCHEDULER_CMD_DIFF_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_diff;

#endif
