#include "shared/core/trace_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"
#define GOOD  "00-" TRACE "-" SPAN "-01"

static void a_traceparent_comes_back_as_it_was(void **state)
{
    struct ps_trace_context context;
    char text[PS_TRACEPARENT_TEXT];

    (void)state;
    assert_true(ps_traceparent_parse(ps_str_of(GOOD), &context));
    assert_true(ps_trace_is_set(&context));
    assert_true(context.sampled);
    assert_true(context.trace_high == UINT64_C(0x0af7651916cd43dd));
    assert_true(context.trace_low == UINT64_C(0x8448eb211c80319c));
    assert_true(context.span == UINT64_C(0xb7ad6b7169203331));
    ps_traceparent_format(&context, text);
    assert_string_equal(text, GOOD);
}

static void the_standards_examples_and_mistakes(void **state)
{
    static const struct {
        const char *text;
        bool ok, sampled;
        const char *again; /* printed; NULL: as it was */
    } cases[] = {
        {GOOD,                                                         true,  true,  NULL},
        { "00-" TRACE "-" SPAN "-00",                                  true,  false, NULL},
 /* Flags that the standard may define later are not handed on. */
        { "00-" TRACE "-" SPAN "-03",                                  true,  true,  GOOD},
        { "00-" TRACE "-" SPAN "-ff",                                  true,  true,  GOOD},
 /* A later version. */
        { "01-" TRACE "-" SPAN "-01",                                  true,  true,  GOOD},
        { "cc-" TRACE "-" SPAN "-01-what-the-future-will-be-like",     true,  true,  GOOD},
        { "cc-" TRACE "-" SPAN "-01.what-the-future-will-not-be-like", false, false, NULL},
        { "cc-" TRACE "-" SPAN "-0",                                   false, false, NULL},
        { "ff-" TRACE "-" SPAN "-01",                                  false, false, NULL},
        { GOOD "-",                                                    false, false, NULL},
        { GOOD "-more",                                                false, false, NULL},
        { GOOD " ",                                                    false, false, NULL},
        { " " GOOD,                                                    false, false, NULL},
        { "00-" TRACE "-" SPAN "-0",                                   false, false, NULL},
        { "00-00000000000000000000000000000000-" SPAN "-01",           false, false, NULL},
        { "00-" TRACE "-0000000000000000-01",                          false, false, NULL},
        { "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",           false, false, NULL},
        { "00-" TRACE "-B7AD6B7169203331-01",                          false, false, NULL},
        { "00-" TRACE "-" SPAN "-0g",                                  false, false, NULL},
        { "0x-" TRACE "-" SPAN "-01",                                  false, false, NULL},
        { "00_" TRACE "-" SPAN "-01",                                  false, false, NULL},
        { "00-" TRACE "_" SPAN "-01",                                  false, false, NULL},
        { "00-" TRACE "-" SPAN "_01",                                  false, false, NULL},
        { "00-" TRACE SPAN "-01--",                                    false, false, NULL},
        { "",                                                          false, false, NULL},
        { "\xFF",                                                      false, false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ps_trace_context context = { .span = 7 };
        char text[PS_TRACEPARENT_TEXT];

        if (ps_traceparent_parse(ps_str_of(cases[i].text), &context) != cases[i].ok)
            fail_msg("%s", cases[i].text);
        if (!cases[i].ok) {
            assert_true(context.span == 7 && context.trace_high == 0);
            continue;
        }
        assert_int_equal(context.sampled, cases[i].sampled);
        ps_traceparent_format(&context, text);
        assert_string_equal(text, cases[i].again != NULL ? cases[i].again : cases[i].text);
    }
}

static void nothing_prints_as_nothing(void **state)
{
    const struct ps_trace_context none = { .trace_high = 1 };
    char text[PS_TRACEPARENT_TEXT] = "x";

    (void)state;
    assert_false(ps_trace_is_set(&none));
    ps_traceparent_format(&none, text);
    assert_string_equal(text, "");
}

static void ids_follow_from_what_they_stand_for(void **state)
{
    const struct ps_trace_context plan = ps_trace_of_cycle("paperscout:", 7, 1795424707042);
    const struct ps_trace_context again = ps_trace_of_cycle("paperscout:", 7, 1795424707999);
    const struct ps_trace_context others[] = {
        ps_trace_of_cycle("paperscout:", 8, 1795424707042),
        ps_trace_of_cycle("paperscout:", 7, 1795424708042),
        ps_trace_of_cycle("other:", 7, 1795424707042),
    };
    struct ps_trace_context probe = ps_trace_child(&plan, "probe", "7:D1R0.pdf");
    struct ps_trace_context unsampled = plan;

    (void)state;
    assert_true(ps_trace_is_set(&plan));
    assert_true(plan.sampled);
    assert_memory_equal(&plan, &again, sizeof(plan));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_true(others[i].trace_high != plan.trace_high);
        assert_true(others[i].trace_low != plan.trace_low);
    }
    assert_true(probe.trace_high == plan.trace_high && probe.trace_low == plan.trace_low);
    assert_true(probe.span != plan.span && probe.span != 0);
    assert_true(ps_trace_child(&probe, "probe", "7:D1R0.pdf").span == probe.span);
    assert_true(ps_trace_child(&plan, "probe", "7:D1R0.html").span != probe.span);
    assert_true(ps_trace_child(&plan, "result", "7:D1R0.pdf").span != probe.span);
    assert_true(ps_trace_child(&plan, "ab", "c").span != ps_trace_child(&plan, "a", "bc").span);
    unsampled.sampled = false;
    assert_false(ps_trace_child(&unsampled, "probe", "x").sampled);
}

static void the_sampler_takes_its_share(void **state)
{
    static const double shares[] = { 0.01, 0.1, 0.5, 0.9 };
    enum { TASKS = 20000 };
    char task[32];

    (void)state;
    for (int64_t cycle = 1; cycle <= 3; cycle++) {
        const struct ps_trace_context plan = ps_trace_of_cycle("", cycle, 0);

        for (size_t s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
            int picked = 0;

            for (int i = 0; i < TASKS; i++) {
                (void)snprintf(task, sizeof(task), "%d:D%04dR0.pdf", (int)cycle, i);
                picked += ps_trace_picks(&plan, task, shares[s]) ? 1 : 0;
            }
            /* Five standard deviations; the ids do not change from run to run. */
            assert_true(picked > shares[s] * TASKS - 360 && picked < shares[s] * TASKS + 360);
        }
        assert_false(ps_trace_picks(&plan, "x", 0));
        assert_true(ps_trace_picks(&plan, "x", 1));
        assert_true(ps_trace_picks(&plan, "x", 0.3) == ps_trace_picks(&plan, "x", 0.3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceparent_comes_back_as_it_was),
        cmocka_unit_test(the_standards_examples_and_mistakes),
        cmocka_unit_test(nothing_prints_as_nothing),
        cmocka_unit_test(ids_follow_from_what_they_stand_for),
        cmocka_unit_test(the_sampler_takes_its_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
