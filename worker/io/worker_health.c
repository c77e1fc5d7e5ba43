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

/* Defines a reader of one number for /health. */
#define NUMBER_FIELD(name, member)                                                                 \
    static bool read_##name(void *cookie, cJSON **out_value, struct ps_err *err)                   \
    {                                                                                              \
        (void)err;                                                                                 \
        *out_value = cJSON_CreateNumber((double)counts_of(cookie).member);                         \
        return true;                                                                               \
    }

NUMBER_FIELD(in_flight, in_flight)
NUMBER_FIELD(probes, tasks.probes)
NUMBER_FIELD(cooldown_hosts, paused_hosts)
NUMBER_FIELD(claimed, tasks.claimed)
NUMBER_FIELD(dead, tasks.dead)

/* Probes by outcome, summed over the tiers. */
static bool read_outcomes(void *cookie, cJSON **out_value, struct ps_err *err)
{
    struct ps_worker_counts counts = counts_of(cookie);

    (void)err;
    *out_value = cJSON_CreateObject();
    for (int outcome = 0; outcome < PS_OUTCOME_COUNT; outcome++) {
        uint64_t sum = 0;

        for (int tier = 0; tier < PS_TIER_COUNT; tier++)
            sum += counts.tasks.outcomes[tier][outcome];
        ps_json_add_int(*out_value, ps_outcome_name((enum ps_outcome)outcome), (int64_t)sum);
    }
    return true;
}

const struct ps_health_field ps_worker_health_fields[PS_WORKER_HEALTH_FIELDS] = {
    {"in_flight",       read_in_flight     },
    { "probes_total",   read_probes        },
    { "outcomes",       read_outcomes      },
    { "cooldown_hosts", read_cooldown_hosts},
    { "claimed",        read_claimed       },
    { "dead",           read_dead          },
};

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

/* A series of a planned tier exists from the start, so that a rate over it starts at zero. The
 * other tiers appear when they occur. */
void ps_worker_health_metrics(void *self, struct ps_metrics *metrics)
{
    struct ps_worker_counts counts = counts_of(self);
    char label[64];

    for (int tier = 0; tier < PS_TIER_COUNT; tier++)
        for (int outcome = 0; outcome < PS_OUTCOME_COUNT; outcome++) {
            uint64_t probes = counts.tasks.outcomes[tier][outcome];

            if (probes == 0 && !ps_tier_is_planned((enum ps_tier)tier))
                continue;
            (void)snprintf(label, sizeof(label), "%s,%s", ps_tier_name((enum ps_tier)tier),
                           ps_outcome_name((enum ps_outcome)outcome));
            ps_metrics_set(metrics, PS_METRIC_PROBES, label, (double)probes);
        }
    ps_metrics_set(metrics, PS_METRIC_PROBES_IN_FLIGHT, NULL, (double)counts.in_flight);
    ps_metrics_set(metrics, PS_METRIC_GROUP_RECREATES, NULL, (double)counts.group_recreates);
}

void ps_worker_health_heartbeat(void *self, struct ps_fields *fields)
{
    struct ps_worker_counts counts = counts_of(self);

    ps_fields_add_int(fields, "in_flight", (int64_t)counts.in_flight);
    ps_fields_add_int(fields, "probes_total", (int64_t)counts.tasks.probes);
    ps_fields_add_int(fields, "claimed", (int64_t)counts.tasks.claimed);
    ps_fields_add_int(fields, "dead", (int64_t)counts.tasks.dead);
}
