#include "scheduler/core/cycle.h"
#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SITE "https://isocpp.org/files/papers/"

static enum ps_control_probes_fault fault_of(const struct ps_control_probes *controls)
{
    const struct ps_control_probe *control;
    enum ps_control_probes_fault fault = ps_control_probes_fault(controls, &control);

    assert_true((fault == PS_CONTROL_PROBES_FINE) == (control == NULL));
    return fault;
}

static const char *const one = SITE "D0001R0.pdf";
static const char *const two = SITE "D0002R0.pdf";
static const char *const three = SITE "D0003R0.pdf";

static struct ps_control_probes three_present(void)
{
    struct ps_control_probes controls = { .len = 0 };

    ps_control_probes_add(&controls, SITE "D0000R0.pdf", PS_CONTROL_ABSENT);
    ps_control_probes_add(&controls, one, PS_CONTROL_PRESENT);
    ps_control_probes_add(&controls, two, PS_CONTROL_PRESENT);
    ps_control_probes_add(&controls, three, PS_CONTROL_PRESENT);
    return controls;
}

static void one_answer_each_is_kept(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    assert_false(ps_control_probes_settled(&controls));
    assert_true(ps_control_probes_settle(&controls, one, PS_OUTCOME_HIT_OLD));
    assert_false(ps_control_probes_settle(&controls, one, PS_OUTCOME_MISS));
    assert_false(ps_control_probes_settle(&controls, SITE "D0004R0.pdf", PS_OUTCOME_MISS));
    assert_true(ps_control_probes_settle(&controls, two, PS_OUTCOME_MISS));
    assert_true(ps_control_probes_settle(&controls, three, PS_OUTCOME_ERROR));
    assert_false(ps_control_probes_settled(&controls));
    assert_true(ps_control_probes_settle(&controls, SITE "D0000R0.pdf", PS_OUTCOME_MISS));
    assert_true(ps_control_probes_settled(&controls));
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_FINE);
    assert_string_equal(ps_control_file(&controls.items[0]), "D0000R0.pdf");
    ps_control_probes_clear(&controls);
}

static void a_withdrawn_draft_is_distinguished_from_a_broken_site(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_MISS);
    (void)ps_control_probes_settle(&controls, two, PS_OUTCOME_MISS);
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_HAVE_NONE);
    (void)ps_control_probes_settle(&controls, three, PS_OUTCOME_HIT_OLD);
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_FINE);
    ps_control_probes_clear(&controls);
}

static void a_site_that_has_everything_is_not_believed(void **state)
{
    static const enum ps_outcome outcomes[] = { PS_OUTCOME_HIT_RECENT, PS_OUTCOME_HIT_OLD,
                                                PS_OUTCOME_HIT_NO_LM, PS_OUTCOME_SUSPECT };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(outcomes); i++) {
        struct ps_control_probes controls = three_present();

        (void)ps_control_probes_settle(&controls, SITE "D0000R0.pdf", outcomes[i]);
        (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_HIT_OLD);
        assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_HAVE_ALL);
        ps_control_probes_clear(&controls);
    }
}

static void errors_and_silence_prove_nothing(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_FINE);
    (void)ps_control_probes_settle(&controls, SITE "D0000R0.pdf", PS_OUTCOME_ERROR);
    (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_ERROR);
    (void)ps_control_probes_settle(&controls, two, PS_OUTCOME_DEFERRED);
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_FINE);
    ps_control_probes_clear(&controls);
    assert_true(ps_control_probes_settled(&controls));
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_FINE);
}

static bool no_setting(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    const char *const *present = cookie;

    (void)err;
    *out_value = strcmp(name, "CONTROL_PRESENT_URL") == 0 ? *present : NULL;
    return true;
}

static void load(struct ps_config *config, const char *present)
{
    assert_true(ps_config_load(PS_COMPONENT_SCHEDULER, no_setting, &present, NULL, NULL, config));
}

enum { ABSENT = 4 /* two prefixes, two extensions */ };

static void each_prefix_and_extension_has_a_name_that_cannot_exist(void **state)
{
    static const char *const urls[] = { SITE "D0000R0.pdf", SITE "D0000R0.html", SITE "P0000R0.pdf",
                                        SITE "P0000R0.html" };
    struct ps_control_probes controls;
    struct ps_config config;

    (void)state;
    load(&config, NULL);
    ps_control_probes_make(&config, NULL, 0, &controls);
    assert_int_equal(controls.len, ABSENT);
    for (size_t i = 0; i < ABSENT; i++) {
        assert_string_equal(controls.items[i].url, urls[i]);
        assert_int_equal(controls.items[i].kind, PS_CONTROL_ABSENT);
    }
    /* A soft 404 for one extension alone. */
    (void)ps_control_probes_settle(&controls, SITE "P0000R0.html", PS_OUTCOME_HIT_NO_LM);
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_HAVE_ALL);
    ps_control_probes_clear(&controls);
    ps_config_clear(&config);
}

/* A cycle of count probes, all open. */
static struct ps_cycle *run_of(size_t count)
{
    struct ps_cycle *run = ps_cycle_create();

    for (size_t i = 0; i < count; i++)
        ps_cycle_add(run, &(struct ps_planned){ .url = SITE "D0001R0.pdf",
                                                .file = "D0001R0.pdf",
                                                .prefix = "D",
                                                .ext = ".pdf",
                                                .number = 1 });
    run->ledger.planned = count;
    run->ledger.hot = count;
    return run;
}

static void settle(struct ps_cycle *run, size_t count, enum ps_outcome outcome, int status)
{
    for (size_t from = ps_cycle_next_open(run, 0); count > 0; from++, count--)
        assert_true(ps_cycle_settle(run, from, outcome, status));
}

static void is_faulty(struct ps_cycle *run, const char *what)
{
    char *fault = ps_run_fault(run);

    if (what == NULL)
        assert_null(fault);
    else if (fault == NULL || strstr(fault, what) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", what, fault == NULL ? "(believed)" : fault);
    free(fault);
}

static void a_site_that_forbids_everything_is_not_believed(void **state)
{
    struct ps_cycle *run = run_of(10);

    (void)state;
    is_faulty(run, NULL);
    settle(run, 5, PS_OUTCOME_MISS, 403);
    is_faulty(run, "HTTP 403 from isocpp.org to all 5 probes");
    settle(run, 1, PS_OUTCOME_HIT_RECENT, 200);
    is_faulty(run, "403");
    settle(run, 1, PS_OUTCOME_MISS, 404);
    is_faulty(run, NULL);
    ps_cycle_destroy(run);
}

static void implausibly_many_drafts_are_not_believed(void **state)
{
    struct ps_cycle *run = run_of(400);

    (void)state;
    settle(run, 50, PS_OUTCOME_HIT_RECENT, 200); /* few as a number */
    is_faulty(run, NULL);
    settle(run, 1, PS_OUTCOME_HIT_OLD, 200);
    is_faulty(run, "answered 51 of 51 probes");
    settle(run, 300, PS_OUTCOME_MISS, 404); /* few as a share */
    is_faulty(run, NULL);
    ps_cycle_destroy(run);
}

static void a_site_that_has_new_drafts_may_withdraw_old_ones(void **state)
{
    struct ps_cycle *run = run_of(10);

    (void)state;
    ps_control_probes_add(&run->controls, one, PS_CONTROL_PRESENT);
    (void)ps_control_probes_settle(&run->controls, one, PS_OUTCOME_MISS);
    settle(run, 3, PS_OUTCOME_MISS, 404);
    is_faulty(run, "has none of the known drafts any more, for example D0001R0.pdf");
    settle(run, 1, PS_OUTCOME_HIT_RECENT, 200);
    is_faulty(run, NULL);
    ps_cycle_destroy(run);
}

static void the_drafts_confirmed_last_are_asked(void **state)
{
    const char *const confirmed[] = { one, "https://elsewhere.example/D0009R0.pdf", two, three,
                                      SITE "D0004R0.pdf" };
    struct ps_control_probes controls;
    struct ps_config config;

    (void)state;
    load(&config, NULL);
    ps_control_probes_make(&config, confirmed, PS_COUNT_OF(confirmed), &controls);
    assert_int_equal(controls.len, ABSENT + 3);
    assert_string_equal(controls.items[ABSENT].url, one);
    assert_string_equal(controls.items[ABSENT + 2].url, three);
    ps_control_probes_clear(&controls);
    ps_control_probes_make(&config, NULL, 0, &controls); /* before the first discovery */
    assert_int_equal(controls.len, ABSENT);
    ps_control_probes_clear(&controls);
    ps_config_clear(&config);
}

static void a_set_one_stands_in_for_them(void **state)
{
    const char *const confirmed[] = { one, two };
    struct ps_control_probes controls;
    struct ps_config config;

    (void)state;
    load(&config, "https://example.org/there.pdf");
    ps_control_probes_make(&config, confirmed, PS_COUNT_OF(confirmed), &controls);
    assert_int_equal(controls.len, ABSENT + 1);
    assert_string_equal(controls.items[ABSENT].url, "https://example.org/there.pdf");
    ps_control_probes_clear(&controls);
    ps_config_clear(&config);
}

static struct ps_plan plan_of(const struct ps_config *config, const int *hot, size_t count)
{
    struct ps_plan plan = { .len = 1000, .slices = config->cold_cycle_divisor, .slice = 7 };

    ps_number_set_init(&plan.hot_numbers);
    for (size_t i = 0; i < count; i++)
        ps_number_set_add(&plan.hot_numbers, hot[i]);
    return plan;
}

static void drafts_whose_turn_it_is_are_looked_at_again(void **state)
{
    const int hot[] = { 1, 3 };
    const char *const drafts[] = { three,
                                   two,
                                   SITE "D0055R2.html",
                                   one,
                                   SITE "readme.txt",
                                   "https://elsewhere.example/D0001R0.pdf" };
    struct ps_control_probes controls = { .len = 0 };
    struct ps_config config;
    struct ps_plan plan;

    (void)state;
    load(&config, NULL);
    plan = plan_of(&config, hot, PS_COUNT_OF(hot));
    ps_control_probes_add(&controls, SITE "D0000R0.pdf", PS_CONTROL_ABSENT);
    ps_control_probes_add(&controls, one, PS_CONTROL_PRESENT);
    ps_control_probes_add_rechecks(&config, &plan, drafts, PS_COUNT_OF(drafts), &controls);
    assert_int_equal(controls.len, 4);
    assert_string_equal(controls.items[2].url, three);
    assert_int_equal(controls.items[2].kind, PS_CONTROL_RECHECK);
    assert_string_equal(controls.items[3].url, SITE "D0055R2.html"); /* 55 = 48 + 7 */
    ps_control_probes_clear(&controls);
    config.recheck_drafts_max = 1;
    ps_control_probes_add_rechecks(&config, &plan, drafts, PS_COUNT_OF(drafts), &controls);
    assert_int_equal(controls.len, 1);
    ps_control_probes_clear(&controls);
    ps_number_set_clear(&plan.hot_numbers);
    ps_config_clear(&config);
}

/* PROBE_BUDGET_PER_DAY counts all that the site is asked: plan, controls and rechecks together. */
static void a_cycle_of_the_adaptive_planner_stays_in_its_budget(void **state)
{
    struct ps_config config;
    char *drafts[100];

    (void)state;
    load(&config, NULL);
    for (int i = 0; i < 100; i++)
        drafts[i] = ps_alloc_format("%sD%04dR0.pdf", config.iso_base_url, i + 1);
    for (size_t budget = 0; budget < 3000; budget++) {
        size_t kept = ps_control_probes_share(&config, budget);
        struct ps_control_probes controls = { .len = 0 };
        struct ps_plan plan = plan_of(&config, NULL, 0);

        assert_true(kept <= budget / 2);
        plan.len = budget - kept;
        for (int i = 0; i < 100; i++)
            ps_number_set_add(&plan.hot_numbers, i + 1);
        ps_control_probes_make(&config, (const char *const *)drafts, 100, &controls);
        ps_control_probes_add_rechecks(&config, &plan, (const char *const *)drafts, 100, &controls);
        if (budget >= 40) /* fewer requests are less than the controls of two cycles */
            assert_true(plan.len + controls.len <= budget);
        if (budget >= 40) /* and next to nothing is kept in vain */
            assert_true(plan.len + controls.len + 2 >= budget);
        ps_control_probes_clear(&controls);
        ps_number_set_clear(&plan.hot_numbers);
    }
    for (int i = 0; i < 100; i++)
        free(drafts[i]);
    ps_config_clear(&config);
}

static void rechecks_prove_nothing_about_the_site(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    ps_control_probes_add(&controls, SITE "D0005R0.pdf", PS_CONTROL_RECHECK);
    assert_false(ps_control_probes_answered(&controls));
    (void)ps_control_probes_settle(&controls, SITE "D0000R0.pdf", PS_OUTCOME_MISS);
    (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_HIT_OLD);
    (void)ps_control_probes_settle(&controls, two, PS_OUTCOME_HIT_OLD);
    assert_false(ps_control_probes_answered(&controls));
    (void)ps_control_probes_settle(&controls, three, PS_OUTCOME_MISS);
    assert_true(ps_control_probes_answered(&controls));
    assert_false(ps_control_probes_settled(&controls));
    (void)ps_control_probes_settle(&controls, SITE "D0005R0.pdf", PS_OUTCOME_MISS);
    assert_true(ps_control_probes_settled(&controls));
    assert_int_equal(fault_of(&controls), PS_CONTROL_PROBES_FINE);
    ps_control_probes_clear(&controls);
}

static void kinds_have_names(void **state)
{
    enum ps_control_kind kind;

    (void)state;
    for (int i = PS_CONTROL_ABSENT; i <= PS_CONTROL_RECHECK; i++) {
        assert_true(ps_control_kind_parse(ps_control_kind_name((enum ps_control_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(ps_control_kind_parse("other", &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_answer_each_is_kept),
        cmocka_unit_test(a_withdrawn_draft_is_distinguished_from_a_broken_site),
        cmocka_unit_test(a_site_that_has_everything_is_not_believed),
        cmocka_unit_test(errors_and_silence_prove_nothing),
        cmocka_unit_test(each_prefix_and_extension_has_a_name_that_cannot_exist),
        cmocka_unit_test(a_site_that_forbids_everything_is_not_believed),
        cmocka_unit_test(implausibly_many_drafts_are_not_believed),
        cmocka_unit_test(a_site_that_has_new_drafts_may_withdraw_old_ones),
        cmocka_unit_test(the_drafts_confirmed_last_are_asked),
        cmocka_unit_test(a_set_one_stands_in_for_them),
        cmocka_unit_test(drafts_whose_turn_it_is_are_looked_at_again),
        cmocka_unit_test(a_cycle_of_the_adaptive_planner_stays_in_its_budget),
        cmocka_unit_test(rechecks_prove_nothing_about_the_site),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
