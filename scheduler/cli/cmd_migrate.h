/* The command `migrate`: brings the schema up to date, as the owner of the tables. */
#ifndef PS_SCHEDULER_CMD_MIGRATE_H
#define PS_SCHEDULER_CMD_MIGRATE_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_migrate;

#endif
