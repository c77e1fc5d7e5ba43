/* Failures, told once in every place that promise 7 names: counted by category, and one entry in
 * the failures stream. */
#ifndef PS_IO_FAILURE_LOG_H
#define PS_IO_FAILURE_LOG_H
#include "shared/core/keys.h"
#include "shared/core/metrics.h"
#include "shared/io/redis.h"

struct ps_failure_log;

enum { PS_FAILURES_KEPT = 10000 /* entries in the stream, about */ };

/* Borrows redis, keys, metrics and component. */
struct ps_failure_log *ps_failure_log_create(struct ps_redis *redis, const struct ps_keys *keys,
                                             struct ps_metrics *metrics,
                                             const char *component) PS_MUST_USE;
void ps_failure_log_destroy(struct ps_failure_log *log);
/* Counts it and adds it to the stream (dropped there when Redis is away). what: event name;
 * err->what becomes the detail; url may be NULL; status 0 for none. */
void ps_failure_log_add(struct ps_failure_log *log, const char *what, const struct ps_err *err,
                        const char *url, int status);
const uint64_t *
ps_failure_log_counts(const struct ps_failure_log *log); /* PS_FAILURE_COUNT numbers */

#endif
