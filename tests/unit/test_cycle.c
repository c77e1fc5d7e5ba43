#include "scheduler/core/cycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ps_cycle *cycle_of(size_t count, const char *url)
{
    struct ps_cycle *run = ps_cycle_create();

    for (size_t i = 0; i < count; i++)
        ps_cycle_add(
            run, &(struct ps_planned){
                     .url = url, .file = "D1R0.pdf", .prefix = "D", .ext = ".pdf", .number = 1 });
    run->ledger.planned = count;
    return run;
}

static void only_an_answer_of_the_site_counts_as_asked(void **state)
{
    struct ps_cycle *run = cycle_of(PS_OUTCOME_COUNT, "http://h/D1R0.pdf");

    (void)state;
    for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
        assert_false(run->items[i].answered);
        assert_true(ps_cycle_settle(run, (size_t)i, (enum ps_outcome)i, 0));
        assert_int_equal(run->items[i].answered, i != PS_OUTCOME_ERROR && i != PS_OUTCOME_DEFERRED);
    }
    ps_cycle_destroy(run);
}

static void many_positions_keep_what_was_added(void **state)
{
    struct ps_cycle *run = cycle_of(5000, "http://h/D1R0.pdf");

    (void)state;
    assert_int_equal(run->len, 5000);
    assert_int_equal(ps_cycle_next_open(run, 0), 0);
    assert_false(ps_cycle_settle(run, 5000, PS_OUTCOME_MISS, 404));
    assert_true(ps_cycle_settle(run, 4999, PS_OUTCOME_MISS, 404));
    assert_int_equal(ps_cycle_next_open(run, 4999), 5000);
    assert_string_equal(run->items[4999].url, "http://h/D1R0.pdf");
    ps_cycle_destroy(run);
}

static void a_site_that_forbids_everything_is_named(void **state)
{
    static const char *const urls[] = { "https://isocpp.org/files/D1R0.pdf", "no URL" };
    static const char *const faults[] = {
        "HTTP 403 from isocpp.org to all 1 probes that found nothing",
        "HTTP 403 from the site to all 1 probes that found nothing"
    };

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ps_cycle *run = cycle_of(1, urls[i]);
        char *fault;

        assert_true(ps_cycle_settle(run, 0, PS_OUTCOME_MISS, 403));
        fault = ps_run_fault(run);
        assert_string_equal(fault, faults[i]);
        free(fault);
        ps_cycle_destroy(run);
    }
}

/* A control whose address cannot be read is still reported, without a host. */
static void a_control_without_a_host_is_reported_as_of_the_site(void **state)
{
    struct ps_cycle *run = cycle_of(1, "https://isocpp.org/files/D1R0.pdf");
    char *fault;

    (void)state;
    ps_control_probes_add(&run->controls, "no URL/D0000R0.pdf", PS_CONTROL_ABSENT);
    assert_true(ps_control_probes_settle(&run->controls, "no URL/D0000R0.pdf", PS_OUTCOME_HIT_OLD));
    fault = ps_run_fault(run);
    assert_string_equal(fault,
                        "the site answers D0000R0.pdf, which cannot exist, as if it were there");
    free(fault);
    ps_cycle_destroy(run);
}

/* 403 is an answer of a site that blocks us only where the outcome is a miss. */
static void only_misses_are_counted_as_forbidden(void **state)
{
    struct ps_cycle *run = cycle_of(3, "http://h/D1R0.pdf");

    (void)state;
    assert_true(ps_cycle_settle(run, 0, PS_OUTCOME_ERROR, 403));
    assert_int_equal(run->ledger.forbidden, 0);
    assert_true(ps_cycle_settle(run, 1, PS_OUTCOME_MISS, 404));
    assert_int_equal(run->ledger.forbidden, 0);
    assert_true(ps_cycle_settle(run, 2, PS_OUTCOME_MISS, 403));
    assert_int_equal(run->ledger.forbidden, 1);
    ps_cycle_destroy(run);
}

static void a_position_is_settled_once(void **state)
{
    struct ps_cycle *run = cycle_of(3, "http://h/D1R0.pdf");

    (void)state;
    run->ledger.hot = 1;
    assert_true(ps_cycle_settle(run, 1, PS_OUTCOME_MISS, 404));
    assert_int_equal(run->hot_settled, 0);
    assert_true(ps_cycle_settle(run, 0, PS_OUTCOME_MISS, 404));
    assert_false(ps_cycle_settle(run, 0, PS_OUTCOME_MISS, 404));
    assert_int_equal(run->hot_settled, 1);
    assert_int_equal(run->ledger.settled, 2);
    assert_int_equal(ps_cycle_next_open(run, 0), 2);
    ps_cycle_destroy(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_an_answer_of_the_site_counts_as_asked),
        cmocka_unit_test(many_positions_keep_what_was_added),
        cmocka_unit_test(a_site_that_forbids_everything_is_named),
        cmocka_unit_test(a_control_without_a_host_is_reported_as_of_the_site),
        cmocka_unit_test(only_misses_are_counted_as_forbidden),
        cmocka_unit_test(a_position_is_settled_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
