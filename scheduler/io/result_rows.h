/* What one result is worth telling, as rows of the outbox. */
#ifndef PS_SCHEDULER_RESULT_ROWS_H
#define PS_SCHEDULER_RESULT_ROWS_H
#include "scheduler/io/office.h"
#include "scheduler/io/row_list.h"

/* For a hit that is recent, or whose age nobody knows: what the channel and every watcher it
 * matches are told. None when the draft was known before. */
void ps_result_rows(const struct ps_office *office, const struct ps_result *result,
                    struct ps_row_list *list);

#endif
