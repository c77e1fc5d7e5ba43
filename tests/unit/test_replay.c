#include "scheduler/core/delay_plot.h"
#include "scheduler/core/replay.h"
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

#define FIRST 17000

static bool get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    (void)err;
    *out_value = strcmp(name, "PROBE_PLANNER") == 0 ? cookie : NULL;
    return true;
}

/* One new paper a day for 60 days, and each one's revision 30 days later. */
static struct ps_paper_index *committee(void)
{
    struct ps_paper_index *index = ps_paper_index_create();
    char id[32], date[PS_UTC_TIME_TEXT];

    for (int n = 1; n <= 60; n++) {
        for (int r = 0; r < 2; r++) {
            (void)snprintf(id, sizeof(id), "P%04dR%d", n, r);
            ps_utc_time_format_date(FIRST + n + 30 * r, date);
            assert_true(ps_paper_index_add(
                index, id,
                &(struct ps_paper){
                    .type = "paper", .date = date, .long_link = "http://x.example/a.pdf" }));
        }
    }
    ps_paper_index_finish(index);
    return index;
}

static void run(const char *planner, struct ps_replay *replay)
{
    struct ps_paper_index *index = committee();
    struct ps_number_set watched;
    struct ps_config config;
    struct ps_replay_input input = { .config = &config,
                                     .index = index,
                                     .watched = &watched,
                                     .from = FIRST + 40,
                                     .to = FIRST + 49,
                                     .adaptive = strcmp(planner, "adaptive") == 0 };
    char name[16];

    (void)snprintf(name, sizeof(name), "%s", planner);
    assert_true(ps_config_load(PS_COMPONENT_SCHEDULER, get, name, NULL, NULL, &config));
    ps_number_set_init(&watched);
    ps_replay_run(&input, replay);
    ps_number_set_clear(&watched);
    ps_config_clear(&config);
    ps_paper_index_destroy(index);
}

static void every_upload_of_the_span_is_found_and_counted(void **state)
{
    const char *const planners[] = { "adaptive", "classic" };
    const int64_t cycles[] = { 2880, 480 };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(planners); i++) {
        struct ps_delay_stats all, fresh, next;
        struct ps_replay replay;

        run(planners[i], &replay);
        assert_int_equal(replay.len, 20);
        assert_int_equal(replay.unreachable, 0);
        assert_int_equal(replay.cycles, cycles[i]);
        assert_true(replay.requests > 0);
        ps_replay_delays(&replay, PS_TIER_COUNT, -1, &all);
        ps_replay_delays(&replay, PS_TIER_COUNT, 1, &fresh);
        ps_replay_delays(&replay, PS_TIER_COUNT, 0, &next);
        assert_int_equal(all.count, 20);
        assert_int_equal(fresh.count, 10);
        assert_int_equal(next.count, 10);
        assert_true(all.mean > 0 && all.median <= all.p90 && all.p90 <= all.max);
        if (i == 0) {
            assert_true(all.mean < 10);
            assert_true(replay.least_minutes > 0);
        }
        ps_replay_clear(&replay);
    }
}

static void a_replay_gives_the_same_answer_twice(void **state)
{
    struct ps_replay a, b;

    (void)state;
    run("adaptive", &a);
    run("adaptive", &b);
    assert_int_equal(a.requests, b.requests);
    assert_memory_equal(a.uploads, b.uploads, a.len * sizeof(*a.uploads));
    ps_replay_clear(&a);
    ps_replay_clear(&b);
}

static void the_plot_is_one_svg_document_within_its_cap(void **state)
{
    struct ps_replay replay;
    struct ps_delay_curve curve = { "adaptive", &replay };
    struct ps_buf svg;

    (void)state;
    run("adaptive", &replay);
    ps_buf_init(&svg, 65536);
    assert_true(ps_delay_plot(&curve, 1, "Title", &svg));
    assert_int_equal(strncmp(ps_buf_str(&svg), "<svg ", 5), 0);
    assert_non_null(strstr(ps_buf_str(&svg), "adaptive: mean"));
    assert_non_null(strstr(ps_buf_str(&svg), "</svg>\n"));
    ps_buf_clear(&svg);
    ps_buf_init(&svg, 100);
    assert_false(ps_delay_plot(&curve, 1, "Title", &svg));
    ps_buf_clear(&svg);
    ps_replay_clear(&replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_upload_of_the_span_is_found_and_counted),
        cmocka_unit_test(a_replay_gives_the_same_answer_twice),
        cmocka_unit_test(the_plot_is_one_svg_document_within_its_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
