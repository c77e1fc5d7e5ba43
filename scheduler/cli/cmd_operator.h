/* paperscout-scheduler pause, resume and poll-now: what an operator asks of the fleet. They write a
 * row in PostgreSQL, and whichever scheduler leads acts on it within two seconds. */
#ifndef PS_SCHEDULER_CMD_OPERATOR_H
#define PS_SCHEDULER_CMD_OPERATOR_H
#include "shared/io/daemon.h"

extern const struct ps_command ps_cmd_pause;
extern const struct ps_command ps_cmd_resume;
extern const struct ps_command ps_cmd_poll_now;

#endif
