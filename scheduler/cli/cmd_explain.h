/* paperscout-scheduler explain: what happens to one paper number, and why. */
#ifndef PS_SCHEDULER_CMD_EXPLAIN_H
#define PS_SCHEDULER_CMD_EXPLAIN_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_explain;

#endif
