#include "scheduler/cli/cycle_table.h"

#include "scheduler/io/store.h"
#include "shared/core/json.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <string.h>

static void add_cycle(const struct ps_pg_rows *rows, int row, cJSON *cycles)
{
    const char *summary =
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_SUMMARY);
    cJSON *cycle = cJSON_CreateObject();

    ps_json_add_int(
        cycle, "number",
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_NUMBER, 0));
    ps_json_add_int(
        cycle, "epoch",
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_EPOCH, 0));
    ps_json_add_text(
        cycle, "status",
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_STATUS));
    ps_json_add_time(
        cycle, "started_at",
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_STARTED_AT, 0));
    ps_json_add_time(
        cycle, "finished_at",
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_FINISHED_AT, 0));
    ps_json_add_int(
        cycle, "planned",
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_PLANNED, 0));
    ps_json_add_text(cycle, "error",
                     ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_ERROR));
    cJSON_AddItemToObject(cycle, "summary",
                          summary == NULL ? cJSON_CreateNull()
                                          : ps_json_parse(summary, strlen(summary), NULL));
    cJSON_AddItemToArray(cycles, cycle);
}

cJSON *ps_cycle_table_read(const struct ps_pg_rows *rows)
{
    cJSON *cycles = cJSON_CreateArray();

    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_OVERVIEW_CYCLES); i++)
        add_cycle(rows, i, cycles);
    return cycles;
}

static void print_cycle(const cJSON *cycle)
{
    const cJSON *summary = cJSON_GetObjectItem(cycle, "summary");
    const cJSON *seconds = cJSON_GetObjectItem(summary, "cycle_duration_s");
    const char *error = ps_json_text(cycle, "error");

    ps_print(stdout, "%8lld  %-8s %-20s %8lld ", (long long)ps_json_number(cycle, "number", 0),
             ps_json_text_or(cycle, "status", "-"), ps_json_text_or(cycle, "started_at", "-"),
             (long long)ps_json_number(cycle, "planned", 0));
    if (cJSON_IsNumber(seconds))
        ps_print(stdout, "%8.1f %6lld %6lld", seconds->valuedouble,
                 (long long)ps_json_number(summary, "hit_total", 0),
                 (long long)ps_json_number(summary, "errors", 0));
    else
        ps_print(stdout, "%8s %6s %6s", "-", "-", "-");
    ps_print(stdout, "%s%s\n", error == NULL ? "" : "  ", error == NULL ? "" : error);
}

void ps_cycle_table_print(const cJSON *cycles)
{
    const cJSON *cycle;

    ps_print(stdout, "%8s  %-8s %-20s %8s %8s %6s %6s\n", "cycle", "status", "started", "planned",
             "seconds", "hits", "errors");
    for (cycle = cycles == NULL ? NULL : cycles->child; cycle != NULL; cycle = cycle->next)
        print_cycle(cycle);
    if (cJSON_GetArraySize(cycles) == 0)
        ps_print(stdout, "%8s\n", "none");
}
