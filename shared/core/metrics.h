/* Counters, gauges and histograms by name, to Prometheus text. */
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

struct ps_metrics *ps_metrics_create(void);
void ps_metrics_destroy(struct ps_metrics *metrics);
/* Makes every counter and histogram without labels that a program has (component: enum
 * ps_component) appear with 0: Prometheus sees no increase in a series that begins at 1. */
void ps_metrics_begin(struct ps_metrics *metrics, unsigned component);
/* label: value of the row's label (copied); two values are joined by a comma, and the first holds
 * none; NULL where the row has no label. A metric keeps 64 values at most: what comes when 63 are
 * there is counted under "other". */
void ps_metrics_add(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double amount);
void ps_metrics_set(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double value);
/* Counts one value in a histogram's bucket. */
void ps_metrics_observe(struct ps_metrics *metrics, enum ps_metric metric, double value);
/* Of a histogram: how many values were observed. */
double ps_metrics_get(const struct ps_metrics *metrics, enum ps_metric metric, const char *label);
/* Forgets the values of a gauge: what it told of is not there any more. */
void ps_metrics_clear(struct ps_metrics *metrics, enum ps_metric metric);
/* Text exposition format 0.0.4: HELP, TYPE and samples of every metric that was ever touched. */
void ps_metrics_render(const struct ps_metrics *metrics, struct ps_buf *out_text);

#endif
