#include "shared/core/config.h"
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
    ps_metrics_add(metrics, PS_METRIC_CYCLES, "empty", 1);
    ps_metrics_add(metrics, PS_METRIC_CYCLES, "failed", 2);
    ps_metrics_add(metrics, PS_METRIC_CYCLES, "empty", 1);
    assert_renders(metrics, "# HELP paperscout_leader 1 on the leading scheduler\n"
                            "# TYPE paperscout_leader gauge\n"
                            "paperscout_leader 1\n"
                            "# HELP paperscout_cycles_total Cycles closed, by status\n"
                            "# TYPE paperscout_cycles_total counter\n"
                            "paperscout_cycles_total{status=\"empty\"} 2\n"
                            "paperscout_cycles_total{status=\"failed\"} 2\n");
    ps_metrics_destroy(metrics);
}

static void label_values_are_escaped(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    ps_metrics_set(metrics, PS_METRIC_HOST_RATE, "a\"b\\c\nd", 1);
    assert_renders(metrics,
                   "# HELP paperscout_host_rate_per_second Requests a second that the fleet "
                   "allows itself at the host, after cuts\n"
                   "# TYPE paperscout_host_rate_per_second gauge\n"
                   "paperscout_host_rate_per_second{host=\"a\\\"b\\\\c\\nd\"} 1\n");
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

static void two_labels_are_one_text_with_a_comma(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    ps_metrics_add(metrics, PS_METRIC_PROBES, "cold,miss", 3);
    ps_metrics_add(metrics, PS_METRIC_PROBES, "cold,error", 1);
    ps_metrics_add(metrics, PS_METRIC_PROBES, "odd", 1);
    assert_true(ps_metrics_get(metrics, PS_METRIC_PROBES, "cold,miss") == 3);
    assert_renders(metrics, "# HELP paperscout_probes_total Probes finished, by tier and outcome\n"
                            "# TYPE paperscout_probes_total counter\n"
                            "paperscout_probes_total{tier=\"cold\",outcome=\"miss\"} 3\n"
                            "paperscout_probes_total{tier=\"cold\",outcome=\"error\"} 1\n"
                            "paperscout_probes_total{tier=\"odd\",outcome=\"odd\"} 1\n");
    ps_metrics_destroy(metrics);
}

static void a_histogram_is_cumulative_and_has_sum_and_count(void **state)
{
    static const double values[] = { 0, 1, 1.5, 5, 20000, 14400 };
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(values); i++)
        ps_metrics_observe(metrics, PS_METRIC_CYCLE_SECONDS, values[i]);
    assert_true(ps_metrics_get(metrics, PS_METRIC_CYCLE_SECONDS, NULL) == 6);
    assert_renders(metrics,
                   "# HELP paperscout_cycle_duration_seconds Time from the start of a cycle to its "
                   "close\n"
                   "# TYPE paperscout_cycle_duration_seconds histogram\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"1\"} 2\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"5\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"15\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"30\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"60\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"120\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"300\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"600\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"1200\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"1800\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"3600\"} 4\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"14400\"} 5\n"
                   "paperscout_cycle_duration_seconds_bucket{le=\"+Inf\"} 6\n"
                   "paperscout_cycle_duration_seconds_sum 34407.5\n"
                   "paperscout_cycle_duration_seconds_count 6\n");
    ps_metrics_destroy(metrics);
}

static bool renders(const struct ps_metrics *metrics, const char *part)
{
    struct ps_buf text;
    bool found;

    ps_buf_init(&text, 65536);
    ps_metrics_render(metrics, &text);
    found = strstr(ps_buf_str(&text), part) != NULL;
    ps_buf_clear(&text);
    return found;
}

static void what_a_program_counts_begins_with_zero(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    ps_metrics_begin(metrics, PS_COMPONENT_NOTIFIER);
    assert_true(renders(metrics, "\npaperscout_notify_sent_total 0\n"));
    assert_true(renders(metrics, "\npaperscout_notify_latency_seconds_count 0\n"));
    assert_false(renders(metrics, "paperscout_tasks_dead_total")); /* a worker's */
    assert_false(renders(metrics, "paperscout_notify_depth"));     /* unknown is not 0 */
    assert_false(renders(metrics, "paperscout_failures_total"));   /* no label's value is known */
    ps_metrics_destroy(metrics);
}

static void a_cleared_metric_is_gone(void **state)
{
    struct ps_metrics *metrics = ps_metrics_create();

    (void)state;
    ps_metrics_set(metrics, PS_METRIC_HOST_PAUSE, "a.example", 3);
    ps_metrics_observe(metrics, PS_METRIC_CYCLE_SECONDS, 3);
    ps_metrics_clear(metrics, PS_METRIC_HOST_PAUSE);
    ps_metrics_clear(metrics, PS_METRIC_CYCLE_SECONDS);
    assert_renders(metrics, "");
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
        cmocka_unit_test(two_labels_are_one_text_with_a_comma),
        cmocka_unit_test(a_histogram_is_cumulative_and_has_sum_and_count),
        cmocka_unit_test(what_a_program_counts_begins_with_zero),
        cmocka_unit_test(a_cleared_metric_is_gone),
        cmocka_unit_test(what_was_never_touched_reads_as_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
