/* Failures, recorded in every place that guarantee 7 names: a counter for each category and an
 * entry in the `failures` stream. (The log line is written by the caller, which knows the event.)
 *
 * Programs record a failure once, where it is handled. The stream is a history for operators and is
 * lossy: entries are dropped while Redis is away. */
#ifndef PS_IO_FAILURE_LOG_H
#define PS_IO_FAILURE_LOG_H
#include "shared/core/keys.h"
#include "shared/core/metrics.h"
#include "shared/io/redis.h"

struct ps_failure_log;

enum { PS_FAILURES_KEPT = 10000 /* approximate length of the stream */ };

/* Borrows redis, keys, metrics and component. */
struct ps_failure_log *ps_failure_log_create(struct ps_redis *redis, const struct ps_keys *keys,
                                             struct ps_metrics *metrics,
                                             const char *component) PS_MUST_USE;
void ps_failure_log_destroy(struct ps_failure_log *log); /* NULL is fine */
/* Counts err and adds it to the stream; everything is borrowed for the call. what: name of the log
 * event; err->what becomes the detail; url may be NULL (its password is removed); status: HTTP
 * status, or 0. */
void ps_failure_log_add(struct ps_failure_log *log, const char *what, const struct ps_err *err,
                        const char *url, int status);
/* Returns PS_FAILURE_COUNT numbers, borrowed. */
const uint64_t *ps_failure_log_counts(const struct ps_failure_log *log);

#endif
