/* How a task ended: into the log, and into the fields of its result. */
#ifndef PS_WORKER_IO_TASK_RESULT_H
#define PS_WORKER_IO_TASK_RESULT_H
#include "shared/core/result.h"
#include "shared/io/failure_log.h"
#include "worker/io/prober.h"

/* A hit, a suspect, an error: one line each, an error also in the failures. A miss is no news. */
void ps_task_result_log(struct ps_failure_log *failures, const struct ps_task *task,
                        const struct ps_probe_report *end);
/* Appends the result's fields. */
void ps_task_result_format(const char *instance, const struct ps_task *task,
                           const struct ps_probe_report *end, struct ps_fields *fields);
/* The end of a task that is an error without a request. Borrows all. */
struct ps_probe_report ps_task_result_without_request(const struct ps_task *task,
                                                      const struct ps_err *err);

#endif
