#include "scheduler/io/outbox_rows.h"

#include "shared/core/alloc.h"

#include <stdlib.h>

void ps_outbox_rows_clear(struct ps_outbox_rows *list)
{
    for (size_t i = 0; i < list->len; i++) {
        ps_outbox_row_clear(&list->rows[i]);
        free(list->tasks[i]);
    }
    free(list->rows);
    free(list->tasks);
    free(list->traces);
    *list = (struct ps_outbox_rows){ 0 };
}

struct ps_outbox_row *ps_outbox_rows_next(struct ps_outbox_rows *list, const char *task)
{
    if (list->len == list->size) {
        list->size = list->size == 0 ? 16 : list->size * 2;
        list->rows = ps_alloc_array(list->rows, list->size, sizeof(*list->rows));
        list->tasks = ps_alloc_array(list->tasks, list->size, sizeof(*list->tasks));
        list->traces = ps_alloc_array(list->traces, list->size, sizeof(*list->traces));
    }
    list->tasks[list->len] = task == NULL ? NULL : ps_alloc_text(task);
    list->traces[list->len] = list->trace;
    list->rows[list->len] = (struct ps_outbox_row){ 0 };
    return &list->rows[list->len++];
}
