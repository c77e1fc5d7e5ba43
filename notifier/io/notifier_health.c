#include "notifier/io/notifier_health.h"

#include "notifier/io/notifier.h"
#include "shared/core/alloc.h"

#include <stdlib.h>

static bool read_depth(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return ps_health_give(cJSON_CreateNumber((double)ps_notifier_depth(cookie)), out_value);
}

static bool read_max_size(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return ps_health_give(
        cJSON_CreateNumber((double)ps_notifier_daemon(cookie)->config->mq_max_size), out_value);
}

static bool read_utilization(void *cookie, cJSON **out_value, struct ps_err *err)
{
    double used =
        (double)ps_notifier_depth(cookie) / (double)ps_notifier_daemon(cookie)->config->mq_max_size;

    (void)err;
    return ps_health_give(cJSON_CreateNumber(used < 1 ? used : 1), out_value);
}

static bool read_circuit(void *cookie, cJSON **out_value, struct ps_err *err)
{
    const struct ps_breaker *circuit = ps_channel_queues_circuit(ps_notifier_queues(cookie));

    (void)err;
    return ps_health_give(cJSON_CreateString(ps_breaker_state_name(circuit)), out_value);
}

static bool read_backpressure(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return ps_health_give(cJSON_CreateBool(ps_notifier_backpressure(cookie)), out_value);
}

static bool read_counter(void *cookie, enum ps_metric metric, cJSON **out_value)
{
    return ps_health_give(
        cJSON_CreateNumber(ps_metrics_get(ps_notifier_daemon(cookie)->metrics, metric, NULL)),
        out_value);
}

static bool read_sent(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return read_counter(cookie, PS_METRIC_NOTIFY_SENT, out_value);
}

static bool read_dead(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return read_counter(cookie, PS_METRIC_NOTIFY_DEAD, out_value);
}

static bool read_rate_limited(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return read_counter(cookie, PS_METRIC_NOTIFY_RATE_LIMITED, out_value);
}

static bool read_oldest(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return ps_health_give(cJSON_CreateNumber((double)(ps_notifier_oldest_ms(cookie) / 1000)),
                          out_value);
}

const struct ps_health_field ps_notifier_fields[PS_NOTIFIER_FIELDS] = {
    {"mq_depth",            read_depth       },
    { "mq_max_size",        read_max_size    },
    { "mq_utilization",     read_utilization },
    { "mq_circuit_state",   read_circuit     },
    { "mq_backpressure",    read_backpressure},
    { "sent_total",         read_sent        },
    { "dead_total",         read_dead        },
    { "rate_limited_total", read_rate_limited},
    { "mq_oldest_seconds",  read_oldest      },
};

void ps_notifier_reasons(void *self, cJSON *out_reasons)
{
    const struct ps_err *fault = ps_channel_queues_fault(ps_notifier_queues(self));

    if (fault != NULL) {
        char *text = ps_alloc_format("the sink refuses every message: %s", fault->what);

        cJSON_AddItemToArray(out_reasons, cJSON_CreateString(text));
        free(text);
    }
}

void ps_notifier_set_metrics(void *self, struct ps_metrics *metrics)
{
    const struct ps_breaker *circuit = ps_channel_queues_circuit(ps_notifier_queues(self));

    ps_metrics_set(metrics, PS_METRIC_SLACK_SOCKETS, NULL, (double)ps_notifier_sockets(self));
    ps_metrics_set(metrics, PS_METRIC_NOTIFY_DEPTH, NULL, (double)ps_notifier_depth(self));
    ps_metrics_set(metrics, PS_METRIC_NOTIFY_HELD, NULL,
                   (double)ps_channel_queues_held(ps_notifier_queues(self)));
    ps_metrics_set(metrics, PS_METRIC_NOTIFY_HOLDS, NULL,
                   (double)ps_channel_queues_on_hold(ps_notifier_queues(self),
                                                     ps_loop_now(ps_notifier_daemon(self)->loop)));
    ps_metrics_set(metrics, PS_METRIC_NOTIFY_OLDEST, NULL,
                   (double)ps_notifier_oldest_ms(self) / 1000);
    ps_metrics_set(metrics, PS_METRIC_NOTIFY_BACKPRESSURE, NULL,
                   ps_notifier_backpressure(self) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_NOTIFY_CIRCUIT, NULL,
                   circuit->state == PS_BREAKER_CLOSED ? 0 : 1);
}

void ps_notifier_beat(void *self, struct ps_fields *fields)
{
    const struct ps_metrics *metrics = ps_notifier_daemon(self)->metrics;
    const struct ps_breaker *circuit = ps_channel_queues_circuit(ps_notifier_queues(self));

    ps_fields_add(fields, "circuit", ps_breaker_state_name(circuit));
    ps_fields_add_int(fields, "in_flight",
                      (int64_t)ps_channel_queues_held(ps_notifier_queues(self)));
    ps_fields_add_int(fields, "sent",
                      (int64_t)ps_metrics_get(metrics, PS_METRIC_NOTIFY_SENT, NULL));
    ps_fields_add_int(fields, "dead",
                      (int64_t)ps_metrics_get(metrics, PS_METRIC_NOTIFY_DEAD, NULL));
}
