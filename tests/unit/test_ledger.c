#include "scheduler/core/ledger.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/trace.h"

static const char *const nexts[] = {
    [PS_LEDGER_WAIT] = "wait",
    [PS_LEDGER_CLOSE] = "close",
    [PS_LEDGER_CLOSE_AT_DEADLINE] = "close_at_deadline",
};

static void on_event(void *self, const char *event, char *out, size_t size)
{
    struct ps_ledger *ledger = self;
    enum ps_outcome outcome;
    char name[32] = "";
    int64_t now = 0, first = 0, second = 0;

    (void)sscanf(event, "%" SCNd64 " %31s %" SCNd64 " %" SCNd64, &now, name, &first, &second);
    if (strcmp(name, "open") == 0)
        *ledger = (struct ps_ledger){ .planned = (size_t)first, .deadline_ms = second };
    else if (ps_outcome_parse(ps_str_of(name), &outcome))
        ps_ledger_settle(ledger, outcome, (size_t)first);
    (void)snprintf(out, size, "next=%s status=%s rate=%.3f", nexts[ps_ledger_step(ledger, now)],
                   ps_cycle_status_name(ps_ledger_status(ledger, 0.5)),
                   ps_ledger_success_rate(ledger));
}

static void a_cycle_is_counted_and_judged_as_traced(void **state)
{
    struct ps_ledger ledger;

    (void)state;
    trace_replay("trace/ledger.trace", on_event, &ledger);
}

static void the_deadline_leaves_room_for_the_plan_at_the_rate_limit(void **state)
{
    static const struct {
        double interval_s, rate;
        int64_t visibility_s, deadline_s;
        size_t planned;
        int64_t want_ms;
    } rows[] = {
        {1800,  200, 60, 0, 1924,   1860000}, /* the interval is the longest */
        { 10,   200, 60, 0, 2000,   80000  }, /* 2,000 at 200/s take 10 s, twice, and 60 s */
        { 10,   0,   60, 0, 100000, 70000  }, /* no limit: nothing to wait for */
        { 10,   0.5, 1,  0, 100,    401000 }, /* a slow rate */
        { 1800, 200, 60, 5, 100000, 5000   }, /* the setting has the last word */
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_config config = { .poll_interval_seconds = rows[i].interval_s,
                                    .probe_rate_limit = rows[i].rate,
                                    .task_visibility_seconds = rows[i].visibility_s,
                                    .cycle_deadline_seconds = rows[i].deadline_s };

        assert_int_equal(ps_ledger_deadline_ms(&config, 7, rows[i].planned), rows[i].want_ms + 7);
    }
}

static void the_summary_has_the_fields_that_dashboards_read(void **state)
{
    struct ps_ledger ledger = { .cycle = 12,
                                .started_ms = 1000,
                                .planned = 28,
                                .hot = 20,
                                .cold = 8,
                                .skipped_discovered = 3,
                                .skipped_in_index = 4 };
    char *text;

    (void)state;
    ps_ledger_settle(&ledger, PS_OUTCOME_HIT_RECENT, 1);
    ps_ledger_settle(&ledger, PS_OUTCOME_HIT_OLD, 2);
    ps_ledger_settle(&ledger, PS_OUTCOME_HIT_NO_LM, 3);
    ps_ledger_settle(&ledger, PS_OUTCOME_MISS, 4);
    ps_ledger_settle(&ledger, PS_OUTCOME_SUSPECT, 5);
    ps_ledger_settle(&ledger, PS_OUTCOME_DEFERRED, 6);
    ps_ledger_settle(&ledger, PS_OUTCOME_ERROR, 7);
    text = ps_ledger_summary(&ledger, PS_CYCLE_SUCCESS, 3500);
    assert_string_equal(
        text, "{\"cycle\":12,\"cycle_status\":\"success\",\"cycle_requests\":28,"
              "\"cycle_duration_s\":2.5,\"hot_probes\":20,\"cold_probes\":8,\"errors\":7,"
              "\"hit_total\":6,\"hit_recent\":1,\"hit_old\":2,\"hit_no_lm\":3,\"miss\":4,"
              "\"skipped_discovered\":3,\"skipped_in_index\":4,\"deferred\":6,\"suspect\":5}");
    free(text);
}

static void a_ratio_of_zero_fails_a_cycle_that_has_an_error(void **state)
{
    struct ps_ledger ledger = { .planned = 2 };

    (void)state;
    ps_ledger_settle(&ledger, PS_OUTCOME_MISS, 1);
    assert_int_equal(ps_ledger_status(&ledger, 0), PS_CYCLE_EMPTY);
    ps_ledger_settle(&ledger, PS_OUTCOME_ERROR, 1);
    assert_int_equal(ps_ledger_status(&ledger, 0), PS_CYCLE_FAILED);
}

static void the_failure_names_the_share_that_is_configured(void **state)
{
    struct ps_ledger ledger = { .planned = 10 };
    char *text;

    (void)state;
    ps_ledger_settle(&ledger, PS_OUTCOME_DEFERRED, 2);
    text = ps_ledger_failure(&ledger, 0.3);
    assert_string_equal(text, "none of 10 probes was sent: all were deferred");
    free(text);
    ps_ledger_settle(&ledger, PS_OUTCOME_MISS, 5);
    ps_ledger_settle(&ledger, PS_OUTCOME_ERROR, 3);
    assert_null(ps_ledger_failure(&ledger, 0.5));
    text = ps_ledger_failure(&ledger, 0.3);
    assert_string_equal(text, "3 of 8 probes ended in errors; from a share of 0.3 on a cycle fails "
                              "(CYCLE_FAIL_ERROR_RATIO)");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_is_counted_and_judged_as_traced),
        cmocka_unit_test(the_deadline_leaves_room_for_the_plan_at_the_rate_limit),
        cmocka_unit_test(a_ratio_of_zero_fails_a_cycle_that_has_an_error),
        cmocka_unit_test(the_failure_names_the_share_that_is_configured),
        cmocka_unit_test(the_summary_has_the_fields_that_dashboards_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
