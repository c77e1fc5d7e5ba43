/* Closed and running cycles, as JSON and as a table for people. */
#ifndef PS_SCHEDULER_CYCLE_TABLE_H
#define PS_SCHEDULER_CYCLE_TABLE_H
#include "shared/core/json.h"
#include "shared/io/pg.h"

/* Gives the rows of overview_cycles.sql as an array, newest first: number epoch status started_at
 * finished_at planned error summary. */
cJSON *ps_cycle_table_read(const struct ps_pg_rows *rows) PS_MUST_USE;
void ps_cycle_table_print(const cJSON *cycles); /* prints on standard output */

#endif
