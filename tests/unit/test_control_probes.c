#include "scheduler/core/control_probes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SITE "https://isocpp.org/files/papers/"

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
    assert_null(ps_control_probes_fault(&controls));
    assert_string_equal(ps_control_file(&controls.items[0]), "D0000R0.pdf");
    ps_control_probes_clear(&controls);
}

static void a_withdrawn_draft_is_told_from_a_broken_site(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_MISS);
    (void)ps_control_probes_settle(&controls, two, PS_OUTCOME_MISS);
    assert_non_null(ps_control_probes_fault(&controls));
    (void)ps_control_probes_settle(&controls, three, PS_OUTCOME_HIT_OLD);
    assert_null(ps_control_probes_fault(&controls));
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
        assert_non_null(strstr(ps_control_probes_fault(&controls), "cannot exist"));
        ps_control_probes_clear(&controls);
    }
}

static void errors_and_silence_prove_nothing(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    assert_null(ps_control_probes_fault(&controls));
    (void)ps_control_probes_settle(&controls, SITE "D0000R0.pdf", PS_OUTCOME_ERROR);
    (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_ERROR);
    (void)ps_control_probes_settle(&controls, two, PS_OUTCOME_DEFERRED);
    assert_null(ps_control_probes_fault(&controls));
    ps_control_probes_clear(&controls);
    assert_true(ps_control_probes_settled(&controls));
    assert_null(ps_control_probes_fault(&controls));
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

static void the_drafts_confirmed_last_are_asked(void **state)
{
    const char *const confirmed[] = { one, "https://elsewhere.example/D0009R0.pdf", two, three,
                                      SITE "D0004R0.pdf" };
    struct ps_control_probes controls;
    struct ps_config config;

    (void)state;
    load(&config, NULL);
    ps_control_probes_make(&config, confirmed, PS_COUNT_OF(confirmed), &controls);
    assert_int_equal(controls.len, 4);
    assert_string_equal(controls.items[0].url, SITE "D0000R0.pdf");
    assert_int_equal(controls.items[0].kind, PS_CONTROL_ABSENT);
    assert_string_equal(controls.items[1].url, one);
    assert_string_equal(controls.items[3].url, three);
    ps_control_probes_clear(&controls);
    ps_control_probes_make(&config, NULL, 0, &controls); /* before the first discovery */
    assert_int_equal(controls.len, 1);
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
    assert_int_equal(controls.len, 2);
    assert_string_equal(controls.items[1].url, "https://example.org/there.pdf");
    ps_control_probes_clear(&controls);
    ps_config_clear(&config);
}

static struct ps_plan plan_of(const struct ps_config *config, const int *hot, size_t count)
{
    struct ps_plan plan = { .slices = config->cold_cycle_divisor, .slice = 7 };

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

static void rechecks_prove_nothing_about_the_site(void **state)
{
    struct ps_control_probes controls = three_present();

    (void)state;
    ps_control_probes_add(&controls, SITE "D0005R0.pdf", PS_CONTROL_RECHECK);
    assert_false(ps_control_probes_hold(&controls));
    (void)ps_control_probes_settle(&controls, SITE "D0000R0.pdf", PS_OUTCOME_MISS);
    (void)ps_control_probes_settle(&controls, one, PS_OUTCOME_HIT_OLD);
    (void)ps_control_probes_settle(&controls, two, PS_OUTCOME_HIT_OLD);
    assert_false(ps_control_probes_hold(&controls));
    (void)ps_control_probes_settle(&controls, three, PS_OUTCOME_MISS);
    assert_true(ps_control_probes_hold(&controls));
    assert_false(ps_control_probes_settled(&controls));
    (void)ps_control_probes_settle(&controls, SITE "D0005R0.pdf", PS_OUTCOME_MISS);
    assert_true(ps_control_probes_settled(&controls));
    assert_null(ps_control_probes_fault(&controls));
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
        cmocka_unit_test(a_withdrawn_draft_is_told_from_a_broken_site),
        cmocka_unit_test(a_site_that_has_everything_is_not_believed),
        cmocka_unit_test(errors_and_silence_prove_nothing),
        cmocka_unit_test(the_drafts_confirmed_last_are_asked),
        cmocka_unit_test(a_set_one_stands_in_for_them),
        cmocka_unit_test(drafts_whose_turn_it_is_are_looked_at_again),
        cmocka_unit_test(rechecks_prove_nothing_about_the_site),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
