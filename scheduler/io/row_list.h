/* Rows for the outbox, collected before they are stored. */
#ifndef PS_SCHEDULER_ROW_LIST_H
#define PS_SCHEDULER_ROW_LIST_H
#include "scheduler/core/compose.h"

#include <stddef.h>

/* Rows and, for each, the task it came from. All owned. */
struct ps_row_list {
    struct ps_row *rows;
    char **tasks; /* NULL where a row comes from no task */
    size_t len, size;
};

void ps_row_list_clear(struct ps_row_list *list);
/* Gives the next row to fill in. */
struct ps_row *ps_row_list_next(struct ps_row_list *list, const char *task);

#endif
