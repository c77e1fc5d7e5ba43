#include "worker/io/worker_health.h"

#include "shared/core/alloc.h"
#include "worker/io/worker.h"

#include <stdio.h>
#include <stdlib.h>

static struct ps_worker_counts counts_of(void *cookie)
{
    struct ps_worker_counts counts;

    ps_worker_count(cookie, &counts);
    return counts;
}

static bool number(double value, cJSON **out_value)
{
    *out_value = cJSON_CreateNumber(value);
    return true;
}

static bool read_in_flight(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return number((double)counts_of(cookie).in_flight, out_value);
}

static bool read_probes(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return number((double)counts_of(cookie).probes, out_value);
}

static bool read_outcomes(void *cookie, cJSON **out_value, struct ps_err *err)
{
    struct ps_worker_counts counts = counts_of(cookie);
    cJSON *object = cJSON_CreateObject();

    (void)err;
    for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
        uint64_t sum = 0;

        for (int tier = 0; tier < PS_TIER_COUNT; tier++)
            sum += counts.outcomes[tier][i];
        ps_json_add_int(object, ps_outcome_name((enum ps_outcome)i), (int64_t)sum);
    }
    *out_value = object;
    return true;
}

static bool read_cooldown_hosts(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return number((double)counts_of(cookie).paused_hosts, out_value);
}

static bool read_claimed(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return number((double)counts_of(cookie).claimed, out_value);
}

static bool read_dead(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return number((double)counts_of(cookie).dead, out_value);
}

const struct ps_health_field ps_worker_health_fields[PS_WORKER_HEALTH_FIELDS] = {
    {"in_flight",       read_in_flight     },
    { "probes_total",   read_probes        },
    { "outcomes",       read_outcomes      },
    { "cooldown_hosts", read_cooldown_hosts},
    { "claimed",        read_claimed       },
    { "dead",           read_dead          },
};

bool ps_worker_health_stuck(void *self)
{
    return ps_worker_stuck(self);
}

void ps_worker_health_reasons(void *self, cJSON *out_reasons)
{
    const char *fault = ps_worker_fault(self);
    char *reason;

    if (!ps_worker_takes_tasks(self))
        cJSON_AddItemToArray(out_reasons, cJSON_CreateString("no tasks are taken"));
    if (fault == NULL)
        return;
    reason = ps_alloc_format("tasks cannot be read: %s", fault);
    cJSON_AddItemToArray(out_reasons, cJSON_CreateString(reason));
    free(reason);
}

/* Each outcome of the planned tiers is there from the start; the others when they come. */
static void set_probes(const struct ps_worker_counts *counts, struct ps_metrics *metrics)
{
    char label[64];

    for (int tier = 0; tier < PS_TIER_COUNT; tier++)
        for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
            if (counts->outcomes[tier][i] == 0 && !ps_tier_is_planned((enum ps_tier)tier))
                continue;
            (void)snprintf(label, sizeof(label), "%s,%s", ps_tier_name((enum ps_tier)tier),
                           ps_outcome_name((enum ps_outcome)i));
            ps_metrics_set(metrics, PS_METRIC_PROBES, label, (double)counts->outcomes[tier][i]);
        }
}

void ps_worker_health_metrics(void *self, struct ps_metrics *metrics)
{
    struct ps_worker_counts counts = counts_of(self);

    set_probes(&counts, metrics);
    ps_metrics_set(metrics, PS_METRIC_PROBES_IN_FLIGHT, NULL, (double)counts.in_flight);
    ps_metrics_set(metrics, PS_METRIC_GROUP_RECREATES, NULL, (double)counts.group_recreates);
}

void ps_worker_health_heartbeat(void *self, struct ps_fields *fields)
{
    struct ps_worker_counts counts = counts_of(self);

    ps_fields_add_int(fields, "in_flight", (int64_t)counts.in_flight);
    ps_fields_add_int(fields, "probes_total", (int64_t)counts.probes);
    ps_fields_add_int(fields, "claimed", (int64_t)counts.claimed);
    ps_fields_add_int(fields, "dead", (int64_t)counts.dead);
}
