#include "scheduler/io/row_list.h"

#include "shared/core/alloc.h"

#include <stdlib.h>

void ps_row_list_clear(struct ps_row_list *list)
{
    for (size_t i = 0; i < list->len; i++) {
        ps_row_clear(&list->rows[i]);
        free(list->tasks[i]);
    }
    free(list->rows);
    free(list->tasks);
    *list = (struct ps_row_list){ 0 };
}

struct ps_row *ps_row_list_next(struct ps_row_list *list, const char *task)
{
    if (list->len == list->size) {
        list->size = list->size == 0 ? 16 : list->size * 2;
        list->rows = ps_alloc_array(list->rows, list->size, sizeof(*list->rows));
        list->tasks = ps_alloc_array(list->tasks, list->size, sizeof(*list->tasks));
    }
    list->tasks[list->len] = task == NULL ? NULL : ps_alloc_text(task);
    list->rows[list->len] = (struct ps_row){ 0 };
    return &list->rows[list->len++];
}
