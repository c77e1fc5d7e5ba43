#include "scheduler/core/chart_series.h"

#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

void ps_chart_series_init(struct ps_chart_series *day)
{
    *day = (struct ps_chart_series){ NULL, 0, 0 };
}

void ps_chart_series_clear(struct ps_chart_series *day)
{
    free(day->cycles);
    ps_chart_series_init(day);
}

/* Reads a count; the cap keeps the sum of all cycles of a day within 64 bits, whatever is stored.
 */
static int64_t number(const cJSON *object, const char *name)
{
    int64_t value;

    return ps_json_int(object, name, 0, INT64_MAX / PS_CHART_SERIES_CYCLES_MAX, &value) ? value : 0;
}

struct ps_chart_series_cycle ps_chart_series_read(const char *status, const char *summary,
                                                  const char *failures)
{
    struct ps_chart_series_cycle cycle = { .status = PS_CYCLE_FAILED };
    cJSON *counts = summary == NULL ? NULL : ps_json_parse(summary, strlen(summary), NULL);
    cJSON *errors = failures == NULL ? NULL : ps_json_parse(failures, strlen(failures), NULL);

    for (int i = PS_CYCLE_RUNNING; status != NULL && i <= PS_CYCLE_FAILED; i++)
        if (strcmp(status, ps_cycle_status_name((enum ps_cycle_status)i)) == 0)
            cycle.status = (enum ps_cycle_status)i;
    /* The summary counts "errors"; the outcome's own name is "error". */
    for (int i = 0; i < PS_OUTCOME_COUNT; i++)
        cycle.outcomes[i] =
            number(counts, i == PS_OUTCOME_ERROR ? "errors" : ps_outcome_name((enum ps_outcome)i));
    for (int i = 0; i < PS_FAILURE_COUNT; i++)
        cycle.failures[i] = number(errors, ps_failure_name((enum ps_failure)i));
    cJSON_Delete(counts);
    cJSON_Delete(errors);
    return cycle;
}

int64_t ps_chart_series_last(const struct ps_chart_series *day)
{
    return day->len == 0 ? 0 : day->cycles[day->len - 1].number;
}

const struct ps_chart_series_cycle *ps_chart_series_find(const struct ps_chart_series *day,
                                                         int64_t wanted)
{
    for (size_t i = day->len; i > 0; i--)
        if (day->cycles[i - 1].number == wanted)
            return &day->cycles[i - 1];
    return NULL;
}

/* Removes the oldest cycles. */
static void drop(struct ps_chart_series *day, size_t count)
{
    if (count == 0)
        return;
    memmove(day->cycles, day->cycles + count, (day->len - count) * sizeof(*day->cycles));
    day->len -= count;
}

void ps_chart_series_add(struct ps_chart_series *day, const struct ps_chart_series_cycle *cycle)
{
    if (cycle->number <= ps_chart_series_last(day))
        return;
    if (day->len == PS_CHART_SERIES_CYCLES_MAX)
        drop(day, 1);
    if (day->len == day->size) {
        day->size = day->size == 0 ? 64 : day->size * 2;
        day->cycles = ps_alloc_array(day->cycles, day->size, sizeof(*day->cycles));
    }
    day->cycles[day->len++] = *cycle;
}

void ps_chart_series_prune(struct ps_chart_series *day, int64_t now_ms)
{
    size_t old = 0;

    while (old < day->len && day->cycles[old].started_ms <= now_ms - PS_DAY_MS)
        old++;
    drop(day, old);
}

/* Makes one point of several cycles: sums, the mean duration, and the worst status (failed before
 * success before empty). */
static struct ps_chart_series_cycle merge(const struct ps_chart_series_cycle *cycles, size_t count,
                                          double *seconds)
{
    struct ps_chart_series_cycle point = cycles[0];
    int64_t spent_ms = 0;

    for (size_t i = 0; i < count; i++) {
        if (cycles[i].finished_ms > cycles[i].started_ms)
            spent_ms += cycles[i].finished_ms - cycles[i].started_ms;
        if (i == 0)
            continue;
        if (cycles[i].status == PS_CYCLE_FAILED ||
            (cycles[i].status == PS_CYCLE_SUCCESS && point.status == PS_CYCLE_EMPTY))
            point.status = cycles[i].status;
        for (int k = 0; k < PS_OUTCOME_COUNT; k++)
            point.outcomes[k] += cycles[i].outcomes[k];
        for (int k = 0; k < PS_FAILURE_COUNT; k++)
            point.failures[k] += cycles[i].failures[k];
    }
    *seconds = (double)(spent_ms / (int64_t)count) / 1000;
    return point;
}

static void push(cJSON *columns, const char *name, double value)
{
    cJSON_AddItemToArray(cJSON_GetObjectItem(columns, name), cJSON_CreateNumber(value));
}

static void add_columns(cJSON *json, cJSON **out_outcomes, cJSON **out_failures)
{
    static const char *const names[] = { "number", "at", "seconds", "status" };

    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        cJSON_AddArrayToObject(json, names[i]);
    *out_outcomes = cJSON_AddObjectToObject(json, "outcomes");
    for (int i = 0; i < PS_OUTCOME_COUNT; i++)
        cJSON_AddArrayToObject(*out_outcomes, ps_outcome_name((enum ps_outcome)i));
    *out_failures = cJSON_AddObjectToObject(json, "failures");
    for (int i = 0; i < PS_FAILURE_COUNT; i++)
        cJSON_AddArrayToObject(*out_failures, ps_failure_name((enum ps_failure)i));
}

cJSON *ps_chart_series_json(const struct ps_chart_series *day)
{
    size_t merged =
        day->len == 0 ? 1 : (day->len + PS_CHART_SERIES_POINTS - 1) / PS_CHART_SERIES_POINTS;
    cJSON *json = cJSON_CreateObject(), *outcomes, *failures;
    int64_t at_ms = 0;

    ps_json_add_int(json, "cycles", (int64_t)day->len);
    ps_json_add_int(json, "merged", (int64_t)merged);
    add_columns(json, &outcomes, &failures);
    for (size_t i = 0; i < day->len; i += merged) {
        size_t count = day->len - i < merged ? day->len - i : merged;
        double seconds;
        struct ps_chart_series_cycle point = merge(day->cycles + i, count, &seconds);

        push(json, "number", (double)point.number);
        /* The chart needs times in order, but the next leader's clock may be behind. */
        at_ms = point.started_ms > at_ms ? point.started_ms : at_ms;
        push(json, "at", (double)(at_ms / 1000));
        push(json, "seconds", seconds);
        cJSON_AddItemToArray(cJSON_GetObjectItem(json, "status"),
                             cJSON_CreateString(ps_cycle_status_name(point.status)));
        for (int k = 0; k < PS_OUTCOME_COUNT; k++)
            push(outcomes, ps_outcome_name((enum ps_outcome)k), (double)point.outcomes[k]);
        for (int k = 0; k < PS_FAILURE_COUNT; k++)
            push(failures, ps_failure_name((enum ps_failure)k), (double)point.failures[k]);
    }
    return json;
}
