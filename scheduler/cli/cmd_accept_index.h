/* paperscout-scheduler accept-index: the next downloaded index is accepted whatever its size. */
#ifndef PS_SCHEDULER_CMD_ACCEPT_INDEX_H
#define PS_SCHEDULER_CMD_ACCEPT_INDEX_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_accept_index;

#endif
