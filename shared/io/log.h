/* Writes log lines to standard error: filter by level, one write(2) for each line, repetition
 * counted (core/log_dedup.h).
 *
 * Any code in io/ or cli/ may log through PS_LOG; core/ returns errors instead. Guarantee: logging
 * never blocks the loop. A reader of standard error that is slow or gone costs lines, not time. */
#ifndef PS_IO_LOG_H
#define PS_IO_LOG_H
#include "shared/core/log_line.h"
#include "shared/core/metrics.h"

/* Copies component and instance. The daemon calls it before anything else; until then lines are
 * text, level INFO. */
void ps_log_setup(enum ps_log_level level, bool json, const char *component, const char *instance);
/* Use PS_LOG. Borrows fields for the call; keeps errno. */
void ps_log_write(enum ps_event event, const struct ps_log_field *fields, size_t count);
/* Writes the last line of each repeated error whose window is over; with end, of every repeated
 * error. Call it about once a second, and with end before the process exits. */
void ps_log_flush(bool end);
void ps_log_metrics(
    struct ps_metrics *metrics); /* sets the counts of lines, by level and repeated */

/* PS_LOG(POLL_DONE, F_INT("papers", n), F_ERR(&err)); needs at least one field. */
#define PS_LOG(event, ...)                                                                         \
    ps_log_write(PS_EVENT_##event, (const struct ps_log_field[]){ __VA_ARGS__ },                   \
                 sizeof((const struct ps_log_field[]){ __VA_ARGS__ }) /                            \
                     sizeof(struct ps_log_field))

#endif
