#include "scheduler/core/arrival_rates.h"
#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TODAY 17000 /* days since 1970 */
#define NOW   (TODAY * PS_DAY_MS)

static bool get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    const char *const *pair = cookie;

    (void)err;
    *out_value = pair != NULL && strcmp(pair[0], name) == 0 ? pair[1] : NULL;
    return true;
}

static struct ps_config config_with(const char *name, const char *value)
{
    const char *pair[] = { name, value };
    struct ps_config config;

    assert_true(ps_config_load(PS_COMPONENT_SCHEDULER, get, pair, NULL, NULL, &config));
    return config;
}

static void build(const struct ps_indexed *papers, size_t papers_len,
                  const struct ps_sighting *sightings, size_t sightings_len,
                  struct ps_arrivals *arrivals)
{
    ps_arrivals_build(papers, papers_len, sightings, sightings_len, 50, NOW, arrivals);
}

static void a_revision_in_both_sources_counts_once_at_its_sighting(void **state)
{
    const struct ps_indexed papers[] = {
        {10,  0, TODAY - 30},
        { 11, 0, TODAY - 30}
    };
    const struct ps_sighting sightings[] = {
        {.at_ms = NOW - 30 * PS_DAY_MS + 5, .number = 10},
        { .at_ms = NOW - 5,                 .number = 11}, /* an old file, found late */
        { .at_ms = NOW - 7,                 .number = 12}
    };
    struct ps_arrivals arrivals = { 0 };

    (void)state;
    build(papers, 2, sightings, 3, &arrivals);
    assert_int_equal(arrivals.len, 3);
    assert_true(ps_arrivals_number(&arrivals, 10)->at_ms == NOW - 30 * PS_DAY_MS + 5);
    assert_true(ps_arrivals_number(&arrivals, 11)->at_ms < NOW - 28 * PS_DAY_MS);
    assert_true(ps_arrivals_number(&arrivals, 12)->at_ms == NOW - 7);
    assert_int_equal(ps_arrivals_number(&arrivals, 12)->indexed, -1);
    assert_int_equal(ps_arrivals_number(&arrivals, 10)->days, TODAY - 30);
    assert_null(ps_arrivals_number(&arrivals, 13));
    assert_int_equal(arrivals.frontier, 12);
    ps_arrivals_clear(&arrivals);
}

static void a_pair_of_numbers_carries_the_frontier_over_a_jump(void **state)
{
    const struct ps_indexed papers[] = {
        {100,   0, TODAY - 9},
        { 101,  0, TODAY - 8},
        { 4116, 0, TODAY - 7}, /* assigned far ahead */
        { 601,  0, TODAY - 6},
        { 603,  0, TODAY - 5},
        { 640,  0, TODAY - 4}
    };
    const int risen[] = { 101, 603, 640 };
    struct ps_arrivals arrivals = { 0 };

    (void)state;
    build(papers, 6, NULL, 0, &arrivals);
    assert_int_equal(arrivals.steps_len, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(arrivals.steps[i].number, risen[i]);
    assert_int_equal(arrivals.frontier, 640);
    ps_arrivals_clear(&arrivals);
}

static void without_any_knowledge_the_prior_holds(void **state)
{
    struct ps_config config = config_with("", "");
    struct ps_arrivals arrivals = { 0 };
    struct ps_rates rates;

    (void)state;
    build(NULL, 0, NULL, 0, &arrivals);
    ps_rates_fit(&arrivals, &config, NOW, &rates);
    ps_rates_fit_shares(NULL, 0, &config, &rates);
    for (int bin = 0; bin < PS_RATES_GAP_AGES; bin++)
        assert_true(rates.gap[bin] > 0);
    assert_true(rates.gap[0] > rates.gap[PS_RATES_GAP_AGES - 1]);
    assert_true(rates.ahead[0] > rates.ahead[PS_RATES_AHEAD - 1]);
    assert_true(rates.share[0] > 0.5); /* D….pdf */
    assert_true(ps_rates_activity(&rates, &arrivals, NOW) > 0);
    ps_arrivals_clear(&arrivals);
    ps_config_clear(&config);
}

static void an_arrival_raises_the_activity_and_the_raise_decays(void **state)
{
    struct ps_config config = config_with("", "");
    const struct ps_sighting sightings[] = {
        {.at_ms = NOW - 1000,  .number = 1},
        { .at_ms = NOW - 1000, .number = 2}
    };
    struct ps_arrivals arrivals = { 0 };
    double quiet, now, later;
    struct ps_rates rates;

    (void)state;
    build(NULL, 0, sightings, 2, &arrivals);
    ps_rates_fit(&arrivals, &config, NOW, &rates);
    quiet = ps_rates_activity(&rates, &arrivals, NOW - 2000);
    now = ps_rates_activity(&rates, &arrivals, NOW);
    later = ps_rates_activity(&rates, &arrivals, NOW + PS_DAY_MS);
    assert_true(now > 5 * quiet);
    assert_true(later < now / 2 && later > quiet);
    assert_true(ps_rates_budget_factor(&rates, 1e9) <= 4.001);
    assert_true(ps_rates_budget_factor(&rates, 0) > 0);
    ps_arrivals_clear(&arrivals);
    ps_config_clear(&config);
}

static void a_mailing_deadline_raises_the_activity_before_it(void **state)
{
    struct ps_config config = config_with("MAILING_DEADLINES", "2016-07-01, 2016-07-18");
    struct ps_arrivals arrivals = { 0 };
    struct ps_rates rates;
    int32_t day;

    (void)state;
    assert_true(ps_utc_time_parse_date("2016-07-18", &day));
    build(NULL, 0, NULL, 0, &arrivals);
    ps_rates_fit(&arrivals, &config, day * PS_DAY_MS, &rates);
    assert_int_equal(rates.deadlines_len, 2);
    assert_true(ps_rates_activity(&rates, &arrivals, day * PS_DAY_MS) >
                3 * ps_rates_activity(&rates, &arrivals, (day - 8) * PS_DAY_MS));
    ps_arrivals_clear(&arrivals);
    ps_config_clear(&config);
}

static void a_new_habit_of_names_is_learnt_from_a_handful_of_finds(void **state)
{
    struct ps_config config = config_with("", "");
    struct ps_sighting sightings[506];
    struct ps_rates rates = { 0 };

    (void)state;
    for (int i = 0; i < 506; i++)
        sightings[i] = (struct ps_sighting){ .at_ms = i + 1, .number = i, .variant = 0 };
    ps_rates_fit_shares(sightings, 500, &config, &rates);
    assert_true(rates.share[0] > 0.9);
    assert_true(rates.share[1] < 0.05);
    for (int i = 500; i < 506; i++)
        sightings[i].variant = 1; /* D….html */
    ps_rates_fit_shares(sightings, 506, &config, &rates);
    assert_true(rates.share[1] > 0.25);
    ps_config_clear(&config);
}

static void weights_follow_what_happened(void **state)
{
    struct ps_config config = config_with("", "");
    struct ps_indexed papers[400];
    struct ps_arrivals arrivals = { 0 };
    struct ps_number_state young, old;
    struct ps_rates rates;

    (void)state;
    /* 200 numbers, whose next revision came 40 days after the first, and never a third. */
    for (int i = 0; i < 200; i++) {
        papers[2 * i] = (struct ps_indexed){ 100 + i, 0, TODAY - 400 + i };
        papers[2 * i + 1] = (struct ps_indexed){ 100 + i, 1, TODAY - 360 + i };
    }
    build(papers, 400, NULL, 0, &arrivals);
    ps_rates_fit(&arrivals, &config, NOW, &rates);
    young = (struct ps_number_state){ .revision = 0, .at_ms = NOW - 40 * PS_DAY_MS };
    old = (struct ps_number_state){ .revision = 1, .at_ms = NOW - 100 * PS_DAY_MS };
    assert_true(ps_rates_next(&rates, &young, NOW) > 10 * ps_rates_next(&rates, &old, NOW));
    ps_arrivals_clear(&arrivals);
    ps_config_clear(&config);
}

static void a_revision_that_came_before_the_one_below_it_counts_as_skipped(void **state)
{
    struct ps_config config = config_with("", "");
    struct ps_arrivals arrivals = { 0 };
    struct ps_indexed papers[300];
    double skip = 0, late = 0;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct ps_rates rates;

        for (int i = 0; i < 100; i++) {
            bool turned = turn == 1 && i % 4 == 0;

            papers[3 * i] = (struct ps_indexed){ 100 + i, 0, TODAY - 400 + i };
            papers[3 * i + 1] = (struct ps_indexed){ 100 + i, 1, TODAY - (turned ? 280 : 360) + i };
            papers[3 * i + 2] = (struct ps_indexed){ 100 + i, 2, TODAY - 320 + i };
        }
        build(papers, 300, NULL, 0, &arrivals);
        ps_rates_fit(&arrivals, &config, NOW, &rates);
        if (turn == 1) {
            assert_true(rates.skip > 3 * skip);
            assert_true(rates.late > 3 * late);
        }
        skip = rates.skip;
        late = rates.late;
    }
    assert_true(ps_arrivals_has(&arrivals, 199, 2));
    assert_false(ps_arrivals_has(&arrivals, 199, 3));
    ps_arrivals_clear(&arrivals);
    ps_config_clear(&config);
}

static void absurd_input_is_survived(void **state)
{
    const struct ps_indexed papers[] = {
        {0,       999, PS_NO_DATE    },
        { 999999, 0,   TODAY + 400000},
        { 999998, 999, -700000       },
        { 5,      3,   TODAY - 1     },
        { 5,      2,   TODAY - 1     }
    };
    struct ps_config config = config_with("", "");
    struct ps_arrivals arrivals = { 0 };
    struct ps_rates rates;

    (void)state;
    build(papers, 5, NULL, 0, &arrivals);
    ps_rates_fit(&arrivals, &config, NOW, &rates);
    assert_true(ps_rates_activity(&rates, &arrivals, NOW) > 0);
    assert_true(ps_rates_fresh(&rates, &arrivals, 7, NOW) > 0);
    ps_arrivals_clear(&arrivals);
    ps_config_clear(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revision_in_both_sources_counts_once_at_its_sighting),
        cmocka_unit_test(a_pair_of_numbers_carries_the_frontier_over_a_jump),
        cmocka_unit_test(without_any_knowledge_the_prior_holds),
        cmocka_unit_test(an_arrival_raises_the_activity_and_the_raise_decays),
        cmocka_unit_test(a_mailing_deadline_raises_the_activity_before_it),
        cmocka_unit_test(a_new_habit_of_names_is_learnt_from_a_handful_of_finds),
        cmocka_unit_test(weights_follow_what_happened),
        cmocka_unit_test(a_revision_that_came_before_the_one_below_it_counts_as_skipped),
        cmocka_unit_test(absurd_input_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
