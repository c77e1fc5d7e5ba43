/* What the kernel tells of this process, under the names that Prometheus gives them everywhere. */
#ifndef PS_IO_PROCESS_H
#define PS_IO_PROCESS_H
#include "shared/core/metrics.h"

/* Sets the process_… metrics that can be read; none of the reads waits for anything. */
void ps_process_metrics(struct ps_metrics *metrics);
/* As many open files as the system lets us have, up to 65536: the usual 1024 are fewer than the
 * connections that the settings allow. For programs that use no select(). */
void ps_process_allow_files(void);

/* Undoes what a parent process may have left behind: an ignored SIGCHLD, which would hide from us
 * how a child ended, and blocked SIGCHLD, SIGTERM and SIGINT, which would keep us from stopping. */
void ps_process_reset_signals(void);

#endif
