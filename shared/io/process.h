/* What the kernel tells of this process, under the names that Prometheus gives them everywhere. */
#ifndef PS_IO_PROCESS_H
#define PS_IO_PROCESS_H
#include "shared/core/metrics.h"

/* Sets the process_… metrics that can be read; none of the reads waits for anything. */
void ps_process_metrics(struct ps_metrics *metrics);

#endif
