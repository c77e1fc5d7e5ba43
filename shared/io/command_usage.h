/* The error for wrong arguments of a command, from the table of commands. */
#ifndef PS_IO_COMMAND_USAGE_H
#define PS_IO_COMMAND_USAGE_H
#include "shared/core/command_table.h"

/* Prints on standard error how the command is used, each form on a line of its own after "usage:
 * PROGRAM". Returns PS_EXIT_USAGE. */
int ps_command_usage(const char *program_name, enum ps_command_id command);

#endif
