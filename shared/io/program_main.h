/* The command line that the three programs share.
 *
 * Each main() calls ps_program_main. `PROGRAM` runs the daemon, `PROGRAM COMMAND ...` runs one
 * command; --help,
 * --version, check-config and healthcheck exist in every program. --help, --version and the option
 * errors need no valid settings: an operator reads the help exactly when the settings are wrong. */
#ifndef PS_IO_PROGRAM_MAIN_H
#define PS_IO_PROGRAM_MAIN_H
#include "shared/io/program.h"

/* Runs the program to its end and returns the exit status for main(). Errors go to standard error,
 * or to the log if the daemon runs. */
int ps_program_main(const struct ps_program *program, int argc, char **argv);

#endif
