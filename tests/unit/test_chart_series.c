#include "scheduler/core/chart_series.h"
#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char summary[] = "{\"cycle\":7,\"hit_recent\":1,\"hit_old\":2,\"hit_no_lm\":3,"
                              "\"miss\":40,\"suspect\":5,\"deferred\":6,\"errors\":9}";
static const char failures[] = "{\"TIMEOUT\": 4, \"NETWORK\": 5, \"NO-SUCH\": 3}";

static double value(const cJSON *json, const char *group, const char *name, int at)
{
    const cJSON *object = group == NULL ? json : cJSON_GetObjectItem(json, group);
    const cJSON *item = cJSON_GetArrayItem(cJSON_GetObjectItem(object, name), at);

    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static struct ps_chart_series_cycle cycle_of(int64_t number, int64_t started_ms)
{
    struct ps_chart_series_cycle cycle = ps_chart_series_read("success", summary, failures);

    cycle.number = number;
    cycle.started_ms = started_ms;
    cycle.finished_ms = started_ms + 2500;
    return cycle;
}

static void a_stored_cycle_is_read(void **state)
{
    struct ps_chart_series_cycle cycle = ps_chart_series_read("empty", summary, failures);

    (void)state;
    assert_int_equal(cycle.status, PS_CYCLE_EMPTY);
    assert_int_equal(cycle.outcomes[PS_OUTCOME_HIT_NO_LM], 3);
    assert_int_equal(cycle.outcomes[PS_OUTCOME_MISS], 40);
    assert_int_equal(cycle.outcomes[PS_OUTCOME_ERROR], 9); /* "errors" there */
    assert_int_equal(cycle.failures[PS_FAILURE_TIMEOUT], 4);
    assert_int_equal(cycle.failures[PS_FAILURE_RATE_LIMIT], 0);
}

static void what_cannot_be_read_counts_as_none(void **state)
{
    static const char *const texts[] = { NULL, "", "no JSON", "[1]",
                                         "{\"miss\":-4,\"errors\":\"9\"}" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(texts); i++) {
        struct ps_chart_series_cycle cycle = ps_chart_series_read("failed", texts[i], texts[i]);

        assert_int_equal(cycle.status, PS_CYCLE_FAILED);
        assert_int_equal(cycle.outcomes[PS_OUTCOME_MISS], 0);
        assert_int_equal(cycle.outcomes[PS_OUTCOME_ERROR], 0);
        assert_int_equal(cycle.failures[PS_FAILURE_TIMEOUT], 0);
    }
    assert_int_equal(ps_chart_series_read("unheard of", NULL, NULL).status, PS_CYCLE_FAILED);
}

static void a_day_and_no_more_is_kept(void **state)
{
    const int64_t start = INT64_C(1800000000000);
    struct ps_chart_series day;
    cJSON *json;

    (void)state;
    ps_chart_series_init(&day);
    for (int64_t i = 1; i <= 10; i++) {
        struct ps_chart_series_cycle cycle = cycle_of(i, start + i * 3600000);

        ps_chart_series_add(&day, &cycle);
        ps_chart_series_add(&day, &cycle); /* added again */
    }
    assert_int_equal(ps_chart_series_last(&day), 10);
    ps_chart_series_prune(&day, start + PS_DAY_MS + 3 * 3600000);
    json = ps_chart_series_json(&day);
    assert_int_equal(cJSON_GetObjectItem(json, "cycles")->valueint, 7);
    assert_true(value(json, NULL, "number", 0) == 4);
    assert_true(value(json, NULL, "at", 0) == 1800000000 + 4 * 3600);
    assert_true(value(json, NULL, "seconds", 0) == 2.5);
    assert_true(value(json, "outcomes", "error", 6) == 9);
    assert_true(value(json, "failures", "NETWORK", 6) == 5);
    cJSON_Delete(json);
    assert_int_equal(ps_chart_series_find(&day, 6)->number, 6);
    assert_null(ps_chart_series_find(&day, 3));
    ps_chart_series_prune(&day, start + 3 * PS_DAY_MS);
    assert_int_equal(ps_chart_series_last(&day), 0);
    json = ps_chart_series_json(&day);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "at")), 0);
    cJSON_Delete(json);
    ps_chart_series_clear(&day);
}

static void time_never_goes_back(void **state)
{
    const int64_t start = INT64_C(1800000000000);
    const struct ps_chart_series_cycle cycles[] = { cycle_of(1, start + 5000), cycle_of(2, start) };
    struct ps_chart_series day;
    cJSON *json;

    (void)state;
    ps_chart_series_init(&day);
    ps_chart_series_add(&day, &cycles[0]);
    ps_chart_series_add(&day, &cycles[1]);
    json = ps_chart_series_json(&day);
    assert_true(value(json, NULL, "at", 0) == 1800000005);
    assert_true(value(json, NULL, "at", 1) == 1800000005);
    cJSON_Delete(json);
    ps_chart_series_clear(&day);
}

static void neighbours_become_one_point_where_there_are_many(void **state)
{
    const int64_t start = INT64_C(1800000000000);
    struct ps_chart_series day;
    cJSON *json;

    (void)state;
    ps_chart_series_init(&day);
    for (int64_t i = 1; i <= PS_CHART_SERIES_CYCLES_MAX + 5; i++) {
        struct ps_chart_series_cycle cycle = cycle_of(i, start + i * 1000);

        if (i == 7)
            cycle.status = PS_CYCLE_FAILED;
        ps_chart_series_add(&day, &cycle);
    }
    json = ps_chart_series_json(&day);
    assert_int_equal(cJSON_GetObjectItem(json, "cycles")->valueint, PS_CHART_SERIES_CYCLES_MAX);
    assert_int_equal(cJSON_GetObjectItem(json, "merged")->valueint, 7);
    assert_in_range(cJSON_GetArraySize(cJSON_GetObjectItem(json, "at")), 1, PS_CHART_SERIES_POINTS);
    assert_true(value(json, NULL, "number", 0) == 6); /* the five oldest made room */
    assert_true(value(json, NULL, "seconds", 0) == 2.5);
    assert_true(value(json, "outcomes", "miss", 0) == 7 * 40);
    assert_true(value(json, "failures", "TIMEOUT", 1) == 7 * 4);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "status"), 0)->valuestring,
                        "failed");
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "status"), 1)->valuestring,
                        "success");
    cJSON_Delete(json);
    ps_chart_series_clear(&day);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_cycle_is_read),
        cmocka_unit_test(what_cannot_be_read_counts_as_none),
        cmocka_unit_test(a_day_and_no_more_is_kept),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(neighbours_become_one_point_where_there_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
