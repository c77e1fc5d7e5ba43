#include "scheduler/io/fleet_stored.h"

#include "scheduler/io/fleet_redis.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"

#include <stdlib.h>

void ps_fleet_stored_init(struct ps_fleet_stored *stored)
{
    *stored = (struct ps_fleet_stored){ .number = 0 };
    ps_chart_series_init(&stored->day);
}

void ps_fleet_stored_clear(struct ps_fleet_stored *stored)
{
    ps_chart_series_clear(&stored->day);
    cJSON_Delete(stored->drafts);
    cJSON_Delete(stored->papers);
    free(stored->error);
    ps_fleet_stored_init(stored);
}

struct ps_pg_batch *ps_fleet_stored_ask(const struct ps_fleet_stored *stored)
{
    return ps_store_page(ps_chart_series_last(&stored->day), PS_FLEET_STORED_LATEST);
}

/* The columns of page_cycle.sql, in its order. */
static void read_newest(struct ps_fleet_stored *stored, const struct ps_pg_rows *rows)
{
    const size_t from = PS_STORE_PAGE_CYCLE;

    free(stored->error);
    stored->error = NULL;
    stored->number = 0;
    if (ps_pg_row_count(rows, from) == 0)
        return;
    stored->number = ps_pg_int(rows, from, 0, 0, 0);
    stored->epoch = ps_pg_int(rows, from, 0, 1, 0);
    stored->status = ps_chart_series_read(ps_pg_text(rows, from, 0, 2), NULL, NULL).status;
    stored->started_ms = ps_pg_int(rows, from, 0, 3, 0);
    stored->finished_ms = ps_pg_int(rows, from, 0, 4, 0);
    stored->deadline_ms = ps_pg_int(rows, from, 0, 5, 0);
    stored->planned = ps_pg_int(rows, from, 0, 6, 0);
    stored->error = ps_alloc_text(ps_pg_text(rows, from, 0, 7));
}

/* The columns of page_day.sql: the cycles that closed since the last reading. */
static void read_day(struct ps_fleet_stored *stored, const struct ps_pg_rows *rows, int64_t now_ms)
{
    const size_t from = PS_STORE_PAGE_DAY;

    for (int i = 0; i < ps_pg_row_count(rows, from); i++) {
        struct ps_chart_series_cycle cycle =
            ps_chart_series_read(ps_pg_text(rows, from, i, 1), ps_pg_text(rows, from, i, 4),
                                 ps_pg_text(rows, from, i, 5));

        cycle.number = ps_pg_int(rows, from, i, 0, 0);
        cycle.started_ms = ps_pg_int(rows, from, i, 2, 0);
        cycle.finished_ms = ps_pg_int(rows, from, i, 3, 0);
        ps_chart_series_add(&stored->day, &cycle);
    }
    ps_chart_series_prune(&stored->day, now_ms);
}

/* Gives an array with one object for each row: the columns of texts, then those of times. */
static cJSON *read_list(const struct ps_pg_rows *rows, size_t statement, const char *const *texts,
                        const char *const *times)
{
    cJSON *list = cJSON_CreateArray();

    for (int row = 0; row < ps_pg_row_count(rows, statement); row++) {
        cJSON *object = cJSON_CreateObject();
        int column = 0;

        for (const char *const *name = texts; *name != NULL; name++, column++)
            ps_json_add_cut(object, *name, ps_pg_text(rows, statement, row, column),
                            PS_FLEET_TEXT_MAX);
        for (const char *const *name = times; *name != NULL; name++, column++)
            ps_json_add_time(object, *name, ps_pg_int(rows, statement, row, column, 0));
        cJSON_AddItemToArray(list, object);
    }
    return list;
}

void ps_fleet_stored_read(struct ps_fleet_stored *stored, const struct ps_pg_rows *rows,
                          int64_t now_ms)
{
    static const char *const draft[] = { "url",           "paper", "tier",    "outcome",
                                         "last_modified", "title", "authors", NULL };
    static const char *const draft_times[] = { "found_at", "updated_at", "gone_at", NULL };
    static const char *const paper[] = { "id",   "type",     "title", "author",
                                         "date", "subgroup", "link",  NULL };
    static const char *const paper_times[] = { "first_seen_at", NULL };

    read_newest(stored, rows);
    stored->delay_drafts = ps_pg_int(rows, PS_STORE_PAGE_DELAY, 0, PS_SQL_PAGE_DELAY_DRAFTS, 0);
    stored->delay_median_ms = ps_pg_int(rows, PS_STORE_PAGE_DELAY, 0, PS_SQL_PAGE_DELAY_MEDIAN, 0);
    stored->delay_p90_ms = ps_pg_int(rows, PS_STORE_PAGE_DELAY, 0, PS_SQL_PAGE_DELAY_P90, 0);
    read_day(stored, rows, now_ms);
    cJSON_Delete(stored->drafts);
    cJSON_Delete(stored->papers);
    stored->drafts = read_list(rows, PS_STORE_PAGE_DRAFTS, draft, draft_times);
    stored->papers = read_list(rows, PS_STORE_PAGE_PAPERS, paper, paper_times);
}

int64_t ps_fleet_stored_probes(const struct ps_fleet_stored *stored, int64_t stored_ms)
{
    int64_t probes = 0;

    if (stored_ms == 0)
        return -1;
    for (size_t i = 0; i < stored->day.len; i++)
        for (int outcome = 0; outcome < PS_OUTCOME_COUNT; outcome++)
            if (outcome != PS_OUTCOME_DEFERRED)
                probes += stored->day.cycles[i].outcomes[outcome];
    return probes;
}
