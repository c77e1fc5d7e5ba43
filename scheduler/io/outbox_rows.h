/* Rows for the outbox, collected before they are stored. */
#ifndef PS_SCHEDULER_OUTBOX_ROWS_H
#define PS_SCHEDULER_OUTBOX_ROWS_H
#include "scheduler/core/notification.h"

#include <stddef.h>

/* Rows and, for each, the task it came from. All owned. */
struct ps_outbox_rows {
    struct ps_outbox_row *rows;
    char **tasks; /* NULL where a row comes from no task */
    size_t len, size;
};

void ps_outbox_rows_clear(struct ps_outbox_rows *list);
/* Gives the next row to fill in. */
struct ps_outbox_row *ps_outbox_rows_next(struct ps_outbox_rows *list, const char *task);

#endif
