#include "shared/core/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_renders(const struct ps_metrics *metrics, const char *want)
{
    struct ps_buf text;

    ps_buf_init(&text, 65536);
    ps_metrics_render(metrics, &text);
    assert_string_equal(ps_buf_str(&text), want);
    ps_buf_clear(&text);
}

static void only_what_was_touched_is_rendered_in_table_order(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    assert_renders(metrics, "");
    ps_metrics_set(metrics, PS_METRIC_LEADER, NULL, 1);
    ps_metrics_add(metrics, PS_METRIC_FAILURES, "TIMEOUT", 1);
    ps_metrics_add(metrics, PS_METRIC_FAILURES, "NETWORK", 2);
    ps_metrics_add(metrics, PS_METRIC_FAILURES, "TIMEOUT", 1);
    assert_renders(metrics, "# HELP paperscout_failures_total Failures by category\n"
                            "# TYPE paperscout_failures_total counter\n"
                            "paperscout_failures_total{category=\"TIMEOUT\"} 2\n"
                            "paperscout_failures_total{category=\"NETWORK\"} 2\n"
                            "# HELP paperscout_leader 1 on the leading scheduler\n"
                            "# TYPE paperscout_leader gauge\n"
                            "paperscout_leader 1\n");
    ps_metrics_destroy(metrics);
}

static void label_values_are_escaped(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    ps_metrics_set(metrics, PS_METRIC_BUILD_INFO, "a\"b\\c\nd", 1);
    assert_renders(metrics, "# HELP paperscout_build_info 1, with the version as label\n"
                            "# TYPE paperscout_build_info gauge\n"
                            "paperscout_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n");
    ps_metrics_destroy(metrics);
}

static void numbers_keep_their_value(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0,                   "0"                  },
        { -3,                 "-3"                 },
        { 0.1,                "0.10000000000000001"},
        { 1764000000.5,       "1764000000.5"       },
        { 9007199254740991.0, "9007199254740991"   },
        { (double)INFINITY,   "+Inf"               },
        { -(double)INFINITY,  "-Inf"               },
        { (double)NAN,        "NaN"                }
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_metrics *metrics = ps_metrics_create();
        char want[256];

        ps_metrics_set(metrics, PS_METRIC_LEADER, NULL, cases[i].value);
        (void)snprintf(want, sizeof(want),
                       "# HELP paperscout_leader 1 on the leading scheduler\n"
                       "# TYPE paperscout_leader gauge\npaperscout_leader %s\n",
                       cases[i].text);
        assert_renders(metrics, want);
        ps_metrics_destroy(metrics);
    }
}

static void a_metric_keeps_64_label_values_and_loses_no_count(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();
    struct ps_buf text;
    char label[16];
    size_t samples = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(label, sizeof(label), "v%d", i);
        ps_metrics_add(metrics, PS_METRIC_CYCLES, label, 1);
    }
    ps_metrics_add(metrics, PS_METRIC_CYCLES, "v62", 1);
    assert_true(ps_metrics_get(metrics, PS_METRIC_CYCLES, "v62") == 2);
    assert_true(ps_metrics_get(metrics, PS_METRIC_CYCLES, "v63") == 0);
    assert_true(ps_metrics_get(metrics, PS_METRIC_CYCLES, "other") == 37);
    ps_buf_init(&text, 65536);
    ps_metrics_render(metrics, &text);
    for (const char *at = ps_buf_str(&text); (at = strstr(at, "_total{")) != NULL; at++)
        samples++;
    assert_int_equal(samples, 64);
    ps_buf_clear(&text);
    ps_metrics_destroy(metrics);
}

static void what_was_never_touched_reads_as_zero(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    assert_true(ps_metrics_get(metrics, PS_METRIC_LEADER, NULL) == 0);
    ps_metrics_set(metrics, PS_METRIC_LEADER, NULL, 4);
    ps_metrics_add(metrics, PS_METRIC_LEADER, NULL, -1);
    assert_true(ps_metrics_get(metrics, PS_METRIC_LEADER, NULL) == 3);
    ps_metrics_destroy(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_touched_is_rendered_in_table_order),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(numbers_keep_their_value),
        cmocka_unit_test(a_metric_keeps_64_label_values_and_loses_no_count),
        cmocka_unit_test(what_was_never_touched_reads_as_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
