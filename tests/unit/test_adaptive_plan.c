#include "scheduler/core/adaptive_plan.h"
#include "scheduler/core/candidate_pick.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TODAY 17000 /* 2016-07-18 */
#define CYCLE (5 * 60 * INT64_C(1000))

enum { NUMBERS = 300 };

/* A committee of 300 papers and a planner that asks in cycles of five minutes. */
struct bench {
    struct ps_config config;
    struct ps_paper_index *index;
    struct ps_sighting sightings[8];
    size_t sighting_count;
    struct ps_probe_times *probed;
    struct ps_number_set watched;
    int64_t now_ms;
};

static bool get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)err;
    *out_value = strcmp(name, "PROBE_PLANNER") == 0 ? "adaptive" : NULL;
    return true;
}

static int set_up(void **state)
{
    struct bench *bench = ps_alloc_zero(1, sizeof(*bench));

    assert_true(ps_config_load(PS_COMPONENT_SCHEDULER, get, NULL, NULL, NULL, &bench->config));
    bench->index = ps_paper_index_create();
    for (int n = 1; n <= NUMBERS; n++) {
        char id[32], date[PS_UTC_TIME_TEXT];

        (void)snprintf(id, sizeof(id), "P%04dR0", n);
        ps_utc_time_format_date(TODAY - 600 + 2 * n, date);
        assert_true(ps_paper_index_add(bench->index, id,
                                       &(struct ps_paper){ .type = "paper", .date = date }));
    }
    ps_paper_index_finish(bench->index);
    bench->probed = ps_probe_times_create();
    ps_number_set_init(&bench->watched);
    bench->now_ms = (TODAY + 1) * PS_DAY_MS;
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    ps_config_clear(&bench->config);
    ps_paper_index_destroy(bench->index);
    ps_probe_times_destroy(bench->probed);
    ps_number_set_clear(&bench->watched);
    free(bench);
    return 0;
}

static void open_at(struct bench *bench, struct ps_adaptive *adaptive)
{
    struct ps_adaptive_source source = { .config = &bench->config,
                                         .index = bench->index,
                                         .sightings = bench->sightings,
                                         .sighting_count = bench->sighting_count,
                                         .probed = bench->probed,
                                         .watched = &bench->watched,
                                         .now_ms = bench->now_ms };

    ps_sightings_sort(bench->sightings, bench->sighting_count);
    ps_adaptive_open(&source, adaptive);
}

/* Asks for one cycle's plan and notes it as probed. */
static struct ps_plan cycle(struct bench *bench)
{
    struct ps_adaptive adaptive;
    struct ps_plan plan;

    open_at(bench, &adaptive);
    ps_adaptive_plan_make(&adaptive, &bench->config, &plan);
    for (size_t i = 0; i < plan.len; i++) {
        struct ps_sighting name;

        assert_true(ps_sighting_parse(&bench->config, plan.items[i].url, &name));
        ps_probe_times_set(bench->probed, ps_draft_key_of(name.number, name.revision, name.variant),
                           bench->now_ms);
    }
    assert_true(plan.len <= adaptive.budget);
    ps_adaptive_clear(&adaptive);
    bench->now_ms += CYCLE;
    return plan;
}

static void adaptive_polls_every_five_minutes_unless_set(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(ps_config_poll_interval_ms(&bench->config), CYCLE);
}

static void no_name_twice_in_a_cycle_and_the_most_urgent_first(void **state)
{
    struct bench *bench = *state;
    struct ps_plan plan = cycle(bench);

    assert_true(plan.len > 50);
    assert_int_equal(plan.hot, plan.len);
    assert_int_equal(plan.frontier, NUMBERS);
    for (size_t i = 1; i < plan.len; i++) {
        assert_true(plan.items[i - 1].gain >= plan.items[i].gain);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(plan.items[i].url, plan.items[j].url);
    }
    ps_plan_clear(&plan);
}

static void every_candidate_is_asked_for_within_a_day(void **state)
{
    struct bench *bench = *state;
    struct ps_adaptive adaptive;
    int64_t oldest_ms;

    bench->config.probe_budget_per_day = 30000;
    for (int i = 0; i < 3 * 288; i++) {
        struct ps_plan plan = cycle(bench);

        ps_plan_clear(&plan);
    }
    open_at(bench, &adaptive);
    assert_true(adaptive.candidates.len > 2000);
    oldest_ms = bench->now_ms;
    for (size_t i = 0; i < adaptive.candidates.len; i++)
        if (adaptive.candidates.items[i].last_ms < oldest_ms)
            oldest_ms = adaptive.candidates.items[i].last_ms;
    assert_true(bench->now_ms - oldest_ms <= PS_DAY_MS + CYCLE);
    ps_adaptive_clear(&adaptive);
}

static void what_was_found_is_not_asked_for_and_its_next_revision_is(void **state)
{
    struct bench *bench = *state;
    bool next = false;
    struct ps_adaptive adaptive;

    assert_true(
        ps_sighting_parse(&bench->config, "https://x.example/D0300R1.pdf", &bench->sightings[0]));
    bench->sightings[0].at_ms = bench->now_ms - CYCLE;
    bench->sighting_count = 1;
    open_at(bench, &adaptive);
    assert_int_equal(adaptive.candidates.skipped_discovered, 1);
    for (size_t i = 0; i < adaptive.candidates.len; i++) {
        const struct ps_candidate *candidate = &adaptive.candidates.items[i];

        assert_false(candidate->number == 300 && candidate->revision == 1 &&
                     candidate->variant == 0);
        next = next || (candidate->number == 300 && candidate->revision == 2);
    }
    assert_true(next);
    ps_adaptive_clear(&adaptive);
}

static void the_revision_below_the_latest_may_still_appear(void **state)
{
    struct bench *bench = *state;
    struct ps_adaptive adaptive;
    size_t late = 0;

    assert_true(
        ps_sighting_parse(&bench->config, "https://x.example/D0300R2.pdf", &bench->sightings[0]));
    bench->sightings[0].at_ms = bench->now_ms - CYCLE;
    bench->sighting_count = 1;
    open_at(bench, &adaptive);
    for (size_t i = 0; i < adaptive.candidates.len; i++) {
        const struct ps_candidate *candidate = &adaptive.candidates.items[i];

        if (candidate->kind != PS_CANDIDATE_LATE)
            continue;
        assert_int_equal(candidate->number, 300);
        assert_int_equal(candidate->revision, 1);
        late++;
    }
    assert_int_equal(late, adaptive.rates.variants);
    assert_true(late > 0);
    ps_adaptive_clear(&adaptive);
}

static void watched_numbers_get_more_but_a_part_only(void **state)
{
    struct bench *bench = *state;
    size_t plain = 0, watched = 0, far = 0, total = 0;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 288; i++) {
            struct ps_plan plan = cycle(bench);

            for (size_t p = 0; p < plan.len; p++) {
                bool of_20 = plan.items[p].number <= 20;

                *(round == 0 ? &plain : &watched) += of_20;
                far += plan.items[p].number > 10000;
                if (of_20 && round == 1)
                    assert_int_equal(plan.items[p].tier, PS_TIER_WATCHLIST);
            }
            if (round == 1)
                total += plan.len;
            ps_plan_clear(&plan);
        }
        ps_number_set_add_range(&bench->watched, 1, 20);
        ps_number_set_add_range(&bench->watched, 10001, 20000); /* a user with too many wishes */
    }
    assert_true(watched > plain);
    assert_true(far > 0);
    assert_true(far <= total / 5 + 1);
}

static void names_that_are_rarely_used_are_rarely_asked_for(void **state)
{
    struct bench *bench = *state;
    size_t counts[4] = { 0 };

    for (int i = 0; i < 288; i++) {
        struct ps_plan plan = cycle(bench);

        for (size_t p = 0; p < plan.len; p++) {
            struct ps_sighting name;

            assert_true(ps_sighting_parse(&bench->config, plan.items[p].url, &name));
            counts[name.variant]++;
        }
        ps_plan_clear(&plan);
    }
    for (int variant = 1; variant < 4; variant++) {
        assert_true(counts[variant] > 0);
        assert_true(counts[variant] < counts[0]);
    }
}

static void probe_times_keep_the_latest_of_many_names(void **state)
{
    struct ps_probe_times *times = ps_probe_times_create();

    (void)state;
    for (int round = 1; round <= 2; round++)
        for (int n = 0; n < 20000; n++)
            ps_probe_times_set(times, ps_draft_key_of(n, n % 7, (unsigned)n % 4), round * n + 1);
    assert_int_equal(ps_probe_times_len(times), 20000);
    assert_int_equal(ps_probe_times_get(times, ps_draft_key_of(19999, 19999 % 7, 3)), 39999);
    assert_int_equal(ps_probe_times_get(times, ps_draft_key_of(20000, 1, 1)), 0);
    ps_probe_times_destroy(times);
}

/* Probes of a day whose cycles begin every step_ms. */
static size_t budget_of_a_day(struct bench *bench, int64_t step_ms)
{
    struct ps_rates rates = { .budget = 1 };
    size_t sum = 0;

    for (int64_t at = step_ms; at <= PS_DAY_MS; at += step_ms) {
        struct ps_pick_moment moment =
            ps_pick_moment_of(&bench->config, bench->now_ms + at - step_ms, bench->now_ms + at);

        sum += ps_pick_budget(&bench->config, &rates, 1, &moment);
    }
    return sum;
}

static void the_budget_of_a_day_is_spent_at_any_pace_of_the_cycles(void **state)
{
    struct bench *bench = *state;

    bench->config.probe_budget_per_day = 1000;
    assert_int_equal(budget_of_a_day(bench, 2000), 1000);
    assert_int_equal(budget_of_a_day(bench, CYCLE), 1000);
    assert_int_equal(budget_of_a_day(bench, CYCLE + CYCLE / 3), 1000);
    assert_int_equal(budget_of_a_day(bench, 6 * CYCLE), 1000);
}

static void an_outage_is_not_made_up_for(void **state)
{
    struct bench *bench = *state;
    struct ps_rates rates = { .budget = 1 };
    struct ps_pick_moment moment;

    bench->config.probe_budget_per_day = 4800;
    moment = ps_pick_moment_of(&bench->config, bench->now_ms - PS_DAY_MS, bench->now_ms);
    assert_int_equal(ps_pick_budget(&bench->config, &rates, 1, &moment), 100);
    moment = ps_pick_moment_of(&bench->config, bench->now_ms + PS_DAY_MS, bench->now_ms);
    assert_in_range(ps_pick_budget(&bench->config, &rates, 1, &moment), 16, 17);
    moment = ps_pick_moment_of(&bench->config, 0, bench->now_ms);
    assert_in_range(ps_pick_budget(&bench->config, &rates, 1, &moment), 16, 17);
}

static void each_candidate_says_why_it_is_asked_for(void **state)
{
    static const char *const parts[PS_CANDIDATE_KINDS] = {
        [PS_CANDIDATE_NEXT] = "days ago",
        [PS_CANDIDATE_SKIP] = "authors rarely skip a revision",
        [PS_CANDIDATE_LATE] = "R1 seems to be skipped; it may still appear",
        [PS_CANDIDATE_VARIANT] = "the draft was found under another name",
        [PS_CANDIDATE_NEW] = "no paper has the number; ",
        [PS_CANDIDATE_SCOUT] = "far above the frontier",
    };
    struct bench *bench = *state;
    struct ps_adaptive adaptive;
    bool seen[PS_CANDIDATE_KINDS] = { false };
    struct ps_buf text;

    assert_true(
        ps_sighting_parse(&bench->config, "https://x.example/D0300R2.pdf", &bench->sightings[0]));
    bench->sightings[0].at_ms = bench->now_ms - CYCLE;
    bench->sighting_count = 1;
    ps_number_set_add(&bench->watched, 7);
    open_at(bench, &adaptive);
    for (size_t i = 0; i < adaptive.candidates.len; i++) {
        const struct ps_candidate *candidate = &adaptive.candidates.items[i];

        ps_buf_init(&text, 1000);
        ps_adaptive_why(&adaptive, candidate, &text);
        if (strstr(ps_buf_str(&text), parts[candidate->kind]) == NULL)
            fail_msg("kind %d: %s", candidate->kind, ps_buf_str(&text));
        if (candidate->kind == PS_CANDIDATE_NEXT)
            assert_null(strstr(ps_buf_str(&text), "authors rarely skip"));
        assert_int_equal(strstr(ps_buf_str(&text), "; people watch the number") != NULL,
                         candidate->number == 7);
        seen[candidate->kind] = true;
        ps_buf_clear(&text);
    }
    for (size_t i = 0; i < PS_CANDIDATE_KINDS; i++)
        if (!seen[i])
            fail_msg("no candidate of kind %zu", i);
    ps_adaptive_clear(&adaptive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adaptive_polls_every_five_minutes_unless_set, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_name_twice_in_a_cycle_and_the_most_urgent_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_candidate_is_asked_for_within_a_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_found_is_not_asked_for_and_its_next_revision_is,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_revision_below_the_latest_may_still_appear, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(watched_numbers_get_more_but_a_part_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(names_that_are_rarely_used_are_rarely_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test(probe_times_keep_the_latest_of_many_names),
        cmocka_unit_test_setup_teardown(the_budget_of_a_day_is_spent_at_any_pace_of_the_cycles,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_outage_is_not_made_up_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_candidate_says_why_it_is_asked_for, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
