/* Counters, gauges and histograms, rendered as Prometheus text. metrics.def is the table of all of
 * them.
 *
 * One registry for each program, on the loop's thread. Guarantee: the number of series is bounded,
 * whatever label values a peer causes. Names, labels and their values are read by alert rules and
 * dashboards: do not change them lightly. */
#ifndef PS_CORE_METRICS_H
#define PS_CORE_METRICS_H
#include "shared/core/buf.h"

enum ps_metric {
#define PS_X(id, name, type, labels, who, help) PS_METRIC_##id,
#include "shared/core/metrics.def"
#undef PS_X
    PS_METRIC_COUNT
};

struct ps_metrics;

struct ps_metrics *ps_metrics_create(void);          /* without series; never NULL */
void ps_metrics_destroy(struct ps_metrics *metrics); /* NULL is fine */
/* Creates every counter and histogram without labels that component (enum ps_component) has, with
 * the value 0. Prometheus cannot see the increase of a series that starts at 1. */
void ps_metrics_begin(struct ps_metrics *metrics, unsigned component);
/* Add to a counter, and set a gauge. label: the value of the metric's label, copied; NULL for a
 * metric without label. For two labels pass both values, joined by a comma; the first must not
 * contain one. A metric has at most 64 label values; further ones are counted as "other". */
void ps_metrics_add(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double amount);
void ps_metrics_set(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double value);
/* Counts value in its bucket of a histogram. */
void ps_metrics_observe(struct ps_metrics *metrics, enum ps_metric metric, double value);
/* Returns the value; of a histogram, the number of observations. 0 for a series that does not
 * exist. */
double ps_metrics_get(const struct ps_metrics *metrics, enum ps_metric metric, const char *label);
/* Removes all series of a gauge, because the things that they describe no longer exist. */
void ps_metrics_clear(struct ps_metrics *metrics, enum ps_metric metric);
/* Adds the text exposition format 0.0.4: HELP, TYPE and samples of every metric that has a series.
 */
void ps_metrics_render(const struct ps_metrics *metrics, struct ps_buf *out_text);

#endif
