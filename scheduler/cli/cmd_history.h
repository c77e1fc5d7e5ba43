/* paperscout-scheduler history: the last cycles. */
#ifndef PS_SCHEDULER_CMD_HISTORY_H
#define PS_SCHEDULER_CMD_HISTORY_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_history;

#endif
