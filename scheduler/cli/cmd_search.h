/* `paperscout-scheduler search`: papers and drafts by their words. */
#ifndef PS_SCHEDULER_CMD_SEARCH_H
#define PS_SCHEDULER_CMD_SEARCH_H
#include "shared/io/program.h"

extern const struct ps_command ps_cmd_search;

#endif
