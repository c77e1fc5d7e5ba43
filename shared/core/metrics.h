/* Counters and gauges by name, to Prometheus text. */
#ifndef PS_CORE_METRICS_H
#define PS_CORE_METRICS_H
#include "shared/core/buf.h"

enum ps_metric {
#define PS_X(id, name, type, label, help) PS_METRIC_##id,
#include "shared/core/metrics.def"
#undef PS_X
    PS_METRIC_COUNT
};

struct ps_metrics;

struct ps_metrics *ps_metrics_create(void);
void ps_metrics_destroy(struct ps_metrics *metrics);
/* label: value of the row's label (copied), NULL where the row has none. A metric keeps 64 values
 * at most: what comes when 63 are there is counted under "other". */
void ps_metrics_add(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double amount);
void ps_metrics_set(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double value);
double ps_metrics_get(const struct ps_metrics *metrics, enum ps_metric metric, const char *label);
/* Text exposition format 0.0.4: HELP, TYPE and samples of every metric that was ever touched. */
void ps_metrics_render(const struct ps_metrics *metrics, struct ps_buf *out_text);

#endif
