/* Writes log lines to standard error: level filter, one write(2) a line, repetition counted
 * (core/log_repeat). */
#ifndef PS_IO_LOG_H
#define PS_IO_LOG_H
#include "shared/core/log_line.h"
#include "shared/core/metrics.h"

/* Set once by io/daemon before anything else; component and instance are copied. Before that lines
 * are text at INFO. */
void ps_log_setup(enum ps_log_level level, bool json, const char *component, const char *instance);
bool ps_log_enabled(enum ps_event event);
void ps_log_write(enum ps_event event, const struct ps_log_field *fields, size_t count);
/* Writes what was held back of a fault that repeated and is over now; end: what is not over too. To
 * be called each second or so, and before the end. */
void ps_log_flush(bool end);
void ps_log_metrics(struct ps_metrics *metrics);

/* PS_LOG(POLL_DONE, F_INT("papers", n), F_ERR(&err)); at least one field. */
#define PS_LOG(event, ...)                                                                         \
    ps_log_write(PS_EVENT_##event, (const struct ps_log_field[]){ __VA_ARGS__ },                   \
                 sizeof((const struct ps_log_field[]){ __VA_ARGS__ }) /                            \
                     sizeof(struct ps_log_field))

#endif
