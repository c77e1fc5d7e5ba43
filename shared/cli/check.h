/* `paperscout check`: the settings of every program, then the services that they name. */
#ifndef PS_CLI_CHECK_H
#define PS_CLI_CHECK_H

/* Returns an exit status: that of the first check that failed. */
int ps_check(int argc, char **argv);

#endif
