/* Rows for the outbox, collected before they are stored. */
#ifndef PS_SCHEDULER_OUTBOX_ROWS_H
#define PS_SCHEDULER_OUTBOX_ROWS_H
#include "scheduler/core/notification.h"
#include "shared/core/trace_context.h"

#include <stddef.h>

/* Rows, and for each the task and the span that it comes from. Owns all of it. */
struct ps_outbox_rows {
    struct ps_outbox_row *rows;
    char **tasks;                    /* NULL if a row comes from no task */
    struct ps_trace_context *traces; /* none if no traces are sent */
    size_t len, size;
    struct ps_trace_context trace; /* that the next rows get */
};

void ps_outbox_rows_clear(struct ps_outbox_rows *list); /* frees everything; list is empty then */
/* Appends a zeroed row and returns it, to be filled; it belongs to list and stays valid until the
 * next call. task (copied; may be NULL) is the name of the task that the row comes from. */
struct ps_outbox_row *ps_outbox_rows_next(struct ps_outbox_rows *list, const char *task);

#endif
