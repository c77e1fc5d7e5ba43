/* Turns a finished probe into log lines and into the fields of its entry in the stream `results`.
 *
 * Place in the data flow: held_tasks calls it when a probe ends, before task_completion.
 *
 * A host may send any bytes in its headers. They are cut and cleaned here, because a result that
 * the scheduler cannot parse would leave the probe without an outcome. */
#ifndef PS_WORKER_IO_TASK_RESULT_H
#define PS_WORKER_IO_TASK_RESULT_H
#include "shared/core/result.h"
#include "shared/io/failure_log.h"
#include "worker/io/prober.h"

/* Logs one line for a hit, a suspect or an error, and adds an error to failures. Misses are not
 * logged: they are nearly all of the answers. Nor are hits of controls and rechecks, which are
 * expected. */
void ps_task_result_log(struct ps_failure_log *failures, const struct ps_task *task,
                        const struct ps_probe_report *report);
/* Appends the pairs of ps_result_format to fields. Borrows the rest for the call. */
void ps_task_result_format(const char *instance, const struct ps_task *task,
                           const struct ps_probe_report *report, struct ps_fields *fields);
/* Returns the report of a task that failed before any request was sent. It borrows both. */
struct ps_probe_report ps_task_result_without_request(const struct ps_task *task,
                                                      const struct ps_err *err);

#endif
