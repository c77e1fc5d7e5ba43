/* paperscout-scheduler import-legacy: takes over what the Python service stored. */
#ifndef PS_SCHEDULER_CMD_IMPORT_H
#define PS_SCHEDULER_CMD_IMPORT_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_import;

#endif
