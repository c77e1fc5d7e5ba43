#include "shared/core/metrics.h"

#include "shared/core/alloc.h"
#include "shared/core/config.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_VALUES_MAX = 64, BUCKETS_MAX = 16 };

/* The label value of all amounts that arrived when the metric had no room for another value. */
static const char other[] = "other";

/* QUICK, WAIT and LONG are histograms with different buckets. */
enum type { COUNTER, GAUGE, QUICK, WAIT, LONG };

/* Upper bounds of the buckets in seconds, without the last bucket, +Inf. */
static const struct bounds {
    size_t len;
    double at[BUCKETS_MAX];
} bounds[] = {
    [QUICK] = {14,  { .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30 }},
    [WAIT] = { 14, { .005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600 }   },
    [LONG] = { 12, { 1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 14400 }         },
};

static const struct row {
    const char *name;
    enum type type;
    const char *labels;
    unsigned who;
    const char *help;
} rows[PS_METRIC_COUNT] = {
#define S                                       PS_COMPONENT_SCHEDULER
#define W                                       PS_COMPONENT_WORKER
#define N                                       PS_COMPONENT_NOTIFIER
#define PS_X(id, name, type, labels, who, help) { name, type, labels, who, help },
#include "shared/core/metrics.def"
#undef PS_X
#undef S
#undef W
#undef N
};

struct sample {
    char *label;       /* owned; NULL if the metric has no label */
    double value;      /* of a histogram: the sum of all observations */
    uint64_t *buckets; /* owned; only of a histogram; not cumulative; the last one is +Inf */
};

struct ps_metrics {
    struct {
        struct sample *samples; /* owned */
        size_t count;
    } metric[PS_METRIC_COUNT];
};

static bool is_histogram(enum ps_metric id)
{
    return rows[id].type != COUNTER && rows[id].type != GAUGE;
}

struct ps_metrics *ps_metrics_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_metrics));
}

void ps_metrics_destroy(struct ps_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < PS_METRIC_COUNT; i++)
        ps_metrics_clear(metrics, (enum ps_metric)i);
    free(metrics);
}

void ps_metrics_clear(struct ps_metrics *metrics, enum ps_metric metric)
{
    for (size_t k = 0; k < metrics->metric[metric].count; k++) {
        free(metrics->metric[metric].samples[k].label);
        free(metrics->metric[metric].samples[k].buckets);
    }
    free(metrics->metric[metric].samples);
    metrics->metric[metric].samples = NULL;
    metrics->metric[metric].count = 0;
}

static struct sample *find(const struct ps_metrics *metrics, enum ps_metric id, const char *label)
{
    for (size_t k = 0; k < metrics->metric[id].count; k++) {
        struct sample *sample = &metrics->metric[id].samples[k];

        if (label == NULL || strcmp(sample->label, label) == 0)
            return sample;
    }
    return NULL;
}

/* Returns the series of label. Creates it, unless the metric has its maximum of label values: then
 * "other". */
static struct sample *find_or_add(struct ps_metrics *metrics, enum ps_metric id, const char *label)
{
    struct sample *found;
    size_t count = metrics->metric[id].count;

    assert((label == NULL) == (rows[id].labels[0] == '\0'));
    found = find(metrics, id, label);
    if (found == NULL && count >= LABEL_VALUES_MAX - 1) {
        label = other;
        found = find(metrics, id, label);
    }
    if (found != NULL)
        return found;
    metrics->metric[id].samples =
        ps_alloc_array(metrics->metric[id].samples, count + 1, sizeof(struct sample));
    metrics->metric[id].count++;
    found = &metrics->metric[id].samples[count];
    *found = (struct sample){ .label = ps_alloc_text(label) };
    if (is_histogram(id))
        found->buckets = ps_alloc_zero(bounds[rows[id].type].len + 1, sizeof(*found->buckets));
    return found;
}

void ps_metrics_begin(struct ps_metrics *metrics, unsigned component)
{
    for (size_t i = 0; i < PS_METRIC_COUNT; i++)
        if ((rows[i].who & component) != 0 && rows[i].labels[0] == '\0' && rows[i].type != GAUGE)
            (void)find_or_add(metrics, (enum ps_metric)i, NULL);
}

void ps_metrics_add(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double amount)
{
    assert(!is_histogram(metric));
    find_or_add(metrics, metric, label)->value += amount;
}

void ps_metrics_set(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double value)
{
    assert(!is_histogram(metric));
    find_or_add(metrics, metric, label)->value = value;
}

void ps_metrics_observe(struct ps_metrics *metrics, enum ps_metric metric, double value)
{
    const struct bounds *of = &bounds[rows[metric].type];
    struct sample *sample;
    size_t at = 0;

    assert(is_histogram(metric));
    sample = find_or_add(metrics, metric, NULL);
    while (at < of->len && value > of->at[at])
        at++;
    sample->buckets[at]++;
    sample->value += value;
}

/* Returns the observations in the first buckets buckets. */
static uint64_t observed(const struct sample *sample, size_t buckets)
{
    uint64_t count = 0;

    for (size_t i = 0; i < buckets; i++)
        count += sample->buckets[i];
    return count;
}

double ps_metrics_get(const struct ps_metrics *metrics, enum ps_metric metric, const char *label)
{
    const struct sample *sample = find(metrics, metric, label);

    if (sample != NULL && is_histogram(metric))
        return (double)observed(sample, bounds[rows[metric].type].len + 1);
    return sample != NULL ? sample->value : 0;
}

static void add_escaped(const char *text, bool quote, struct ps_buf *out_text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            (void)ps_buf_text(out_text, "\\n");
        else if (*text == '\\' || (quote && *text == '"'))
            (void)ps_buf_format(out_text, "\\%c", *text);
        else
            (void)ps_buf_char(out_text, *text);
    }
}

static void add_value(double value, struct ps_buf *out_text)
{
    if (isnan(value))
        (void)ps_buf_text(out_text, "NaN");
    else if (isinf(value))
        (void)ps_buf_text(out_text, value > 0 ? "+Inf" : "-Inf");
    else if (fabs(value) < 0x1p53 && value == (double)(int64_t)value)
        (void)ps_buf_format(out_text, "%.0f", value);
    else
        (void)ps_buf_format(out_text, "%.17g", value);
}

/* Adds name="value" of one label or of two. */
static void add_labels(const struct row *row, const char *values, struct ps_buf *out_text)
{
    const char *comma = strchr(row->labels, ',');
    const char *cut = comma != NULL ? strchr(values, ',') : NULL;
    char *first = ps_alloc_text(values);

    if (cut != NULL)
        first[cut - values] = '\0';
    (void)ps_buf_format(out_text, "%.*s=\"",
                        comma != NULL ? (int)(comma - row->labels) : (int)strlen(row->labels),
                        row->labels);
    add_escaped(first, true, out_text);
    if (comma != NULL) {
        (void)ps_buf_format(out_text, "\",%s=\"", comma + 1);
        add_escaped(cut != NULL ? cut + 1 : first, true, out_text);
    }
    (void)ps_buf_char(out_text, '"');
    free(first);
}

static void add_sample(const struct row *row, const struct sample *sample, struct ps_buf *out_text)
{
    (void)ps_buf_text(out_text, row->name);
    if (sample->label != NULL) {
        (void)ps_buf_char(out_text, '{');
        add_labels(row, sample->label, out_text);
        (void)ps_buf_char(out_text, '}');
    }
    (void)ps_buf_char(out_text, ' ');
    add_value(sample->value, out_text);
    (void)ps_buf_char(out_text, '\n');
}

static void add_histogram(const struct row *row, const struct sample *sample,
                          struct ps_buf *out_text)
{
    const struct bounds *of = &bounds[row->type];

    for (size_t i = 0; i < of->len; i++)
        (void)ps_buf_format(out_text, "%s_bucket{le=\"%.15g\"} %llu\n", row->name, of->at[i],
                            (unsigned long long)observed(sample, i + 1));
    (void)ps_buf_format(out_text, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", row->name,
                        (unsigned long long)observed(sample, of->len + 1), row->name);
    add_value(sample->value, out_text);
    (void)ps_buf_format(out_text, "\n%s_count %llu\n", row->name,
                        (unsigned long long)observed(sample, of->len + 1));
}

static void render_one(const struct row *row, const struct sample *samples, size_t count,
                       struct ps_buf *out_text)
{
    (void)ps_buf_format(out_text, "# HELP %s ", row->name);
    add_escaped(row->help, false, out_text);
    (void)ps_buf_format(out_text, "\n# TYPE %s %s\n", row->name,
                        row->type == COUNTER ? "counter"
                        : row->type == GAUGE ? "gauge"
                                             : "histogram");
    for (size_t k = 0; k < count; k++) {
        if (samples[k].buckets != NULL)
            add_histogram(row, &samples[k], out_text);
        else
            add_sample(row, &samples[k], out_text);
    }
}

void ps_metrics_render(const struct ps_metrics *metrics, struct ps_buf *out_text)
{
    for (size_t i = 0; i < PS_METRIC_COUNT; i++)
        if (metrics->metric[i].count > 0)
            render_one(&rows[i], metrics->metric[i].samples, metrics->metric[i].count, out_text);
}
