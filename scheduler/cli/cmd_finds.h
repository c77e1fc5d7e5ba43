/* `paperscout-scheduler finds`: the drafts and papers that were found lately. */
#ifndef PS_SCHEDULER_CMD_FINDS_H
#define PS_SCHEDULER_CMD_FINDS_H
#include "shared/io/program.h"

extern const struct ps_command ps_cmd_finds;

#endif
