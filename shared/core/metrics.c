#include "shared/core/metrics.h"

#include "shared/core/alloc.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_VALUES_MAX = 64 };

/* Takes the place of every label value that came when there was no more room. */
static const char other[] = "other";

enum type { COUNTER, GAUGE };

static const struct row {
    const char *name;
    enum type type;
    const char *label;
    const char *help;
} rows[PS_METRIC_COUNT] = {
#define PS_X(id, name, type, label, help) { name, type, label, help },
#include "shared/core/metrics.def"
#undef PS_X
};

struct sample {
    char *label; /* owned; NULL where the row has none */
    double value;
};

struct ps_metrics {
    struct {
        struct sample *samples; /* owned */
        size_t count;
    } metric[PS_METRIC_COUNT];
};

struct ps_metrics *ps_metrics_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_metrics));
}

void ps_metrics_destroy(struct ps_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < PS_METRIC_COUNT; i++) {
        for (size_t k = 0; k < metrics->metric[i].count; k++)
            free(metrics->metric[i].samples[k].label);
        free(metrics->metric[i].samples);
    }
    free(metrics);
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

static struct sample *sample_of(struct ps_metrics *metrics, enum ps_metric id, const char *label)
{
    struct sample *found;
    size_t count = metrics->metric[id].count;

    assert((label == NULL) == (rows[id].label[0] == '\0'));
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
    return found;
}

void ps_metrics_add(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double amount)
{
    sample_of(metrics, metric, label)->value += amount;
}

void ps_metrics_set(struct ps_metrics *metrics, enum ps_metric metric, const char *label,
                    double value)
{
    sample_of(metrics, metric, label)->value = value;
}

double ps_metrics_get(const struct ps_metrics *metrics, enum ps_metric metric, const char *label)
{
    const struct sample *sample = find(metrics, metric, label);

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

static void render_one(const struct row *row, const struct sample *samples, size_t count,
                       struct ps_buf *out_text)
{
    (void)ps_buf_format(out_text, "# HELP %s ", row->name);
    add_escaped(row->help, false, out_text);
    (void)ps_buf_format(out_text, "\n# TYPE %s %s\n", row->name,
                        row->type == COUNTER ? "counter" : "gauge");
    for (size_t k = 0; k < count; k++) {
        (void)ps_buf_text(out_text, row->name);
        if (samples[k].label != NULL) {
            (void)ps_buf_format(out_text, "{%s=\"", row->label);
            add_escaped(samples[k].label, true, out_text);
            (void)ps_buf_text(out_text, "\"}");
        }
        (void)ps_buf_char(out_text, ' ');
        add_value(samples[k].value, out_text);
        (void)ps_buf_char(out_text, '\n');
    }
}

void ps_metrics_render(const struct ps_metrics *metrics, struct ps_buf *out_text)
{
    for (size_t i = 0; i < PS_METRIC_COUNT; i++)
        if (metrics->metric[i].count > 0)
            render_one(&rows[i], metrics->metric[i].samples, metrics->metric[i].count, out_text);
}
