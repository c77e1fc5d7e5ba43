#include "scheduler/io/scheduler_incidents.h"

#include "scheduler/io/outbox_relay.h"
#include "scheduler/io/scheduler_state.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"

#include <string.h>

enum {
    STANDBY_MS = 3000,   /* a standby leaves the report to the leader for this long */
    NOTIFIER_MS = 20000, /* and every scheduler leaves it to a notifier if only a notifier can
                            deliver it now */
    SUMMARY_TEXT = 64
};

static int64_t number(const cJSON *object, const char *name)
{
    int64_t value;

    return ps_json_int(object, name, 0, INT64_MAX, &value) ? value : 0;
}

static void read_summary(const struct ps_stats_now *stats, struct ps_fleet_facts *facts)
{
    cJSON *summary = stats->last_summary == NULL
                         ? NULL
                         : ps_json_parse(stats->last_summary, strlen(stats->last_summary), NULL);

    facts->errors = number(summary, "errors");
    facts->attempted = number(summary, "cycle_requests") - number(summary, "deferred");
    cJSON_Delete(summary);
}

void ps_scheduler_facts(const struct ps_scheduler_state *state, struct ps_fleet_facts *out_facts)
{
    const struct ps_daemon *daemon = state->daemon;
    const struct ps_config *config = daemon->config;
    const struct ps_stats_now *stats = ps_stats_now(state->stats);

    *out_facts = (struct ps_fleet_facts){
        .now_ms = ps_clock_wall_ms(),
        .interval_ms = ps_config_poll_interval_ms(config),
        .after_ms = ps_config_alert_after_ms(config),
        .settled_ms = state->settled_ms,
        .recovered_ms = state->recovered_ms,
        .stored_read = stats->pg_read_ms > 0,
        .last_good_ms = stats->last_good_ms,
        .last_status = stats->last_status[0] == '\0' ? NULL : stats->last_status,
        .last_error = stats->last_error,
        .last_cause = stats->last_cause,
        .failures = stats->last_failures,
        .reads_index = config->enable_bulk_wg21,
        .index_fetched_ms = stats->index_fetched_ms,
        .index_ttl_ms = (int64_t)(config->cache_ttl_hours * 3600000),
        .index_missed = stats->index_missed,
        .index_refused = stats->index_refused,
        .reads_open_std = config->enable_bulk_openstd,
        .open_std_lost = stats->open_std_lost,
        .dead_messages = stats->dead_messages,
        .oldest_message_ms = stats->oldest_message_ms,
        .news_late_ms = ps_config_adaptive(config) ? stats->news_late_ms : 0,
        .queues_read = stats->redis_read_ms > 0,
        .schedulers = -1,
        .queue_length = stats->notify_length,
        .queue_warn = config->mq_backpressure_threshold,
        .queue_max = config->mq_max_size,
        .tasks_oldest_ms = stats->tasks_oldest_ms,
        .probing_paused_ms = stats->paused_ms,
        .probing_paused_why = stats->paused_why,
    };
    read_summary(stats, out_facts);
}

void ps_scheduler_incidents(void *self, struct ps_incident_set *set)
{
    const struct ps_scheduler_state *state = self;
    const struct ps_stats_now *stats = ps_stats_now(state->stats);
    struct ps_fleet_facts facts;

    ps_scheduler_facts(state, &facts);
    ps_fleet_incidents_find(&facts, set);
    ps_incidents_note(set, PS_INCIDENT_HOST_PAUSED, stats->host_pause_ms > 0, NULL);
}

/* Nothing of the outbox is sent without a notifier, while Slack fails, or while Redis takes no
 * writes. An alert in the outbox would arrive after the incident. */
static bool route(void *cookie, enum ps_incident incident, enum ps_alarm_route *out_route)
{
    const struct ps_scheduler_state *state = cookie;
    const struct ps_incident_monitor *monitor = state->daemon->incidents;
    bool pg = ps_incident_monitor_pg_writes(monitor);
    bool redis = ps_incident_monitor_redis_writes(monitor);
    bool webhook = ps_alarms_have_webhook(state->alarms);

    if (webhook &&
        (incident == PS_INCIDENT_NO_NOTIFIER || ps_alarm_is_of_slack(incident) || !redis))
        *out_route = PS_ALARM_WEBHOOK;
    else if (pg)
        *out_route = PS_ALARM_OUTBOX;
    else
        *out_route = PS_ALARM_LIST;
    return pg || redis || webhook;
}

static int64_t patience(void *cookie, enum ps_incident incident)
{
    const struct ps_scheduler_state *state = cookie;

    if (ps_alarm_is_of_notifier(incident))
        return NOTIFIER_MS;
    return ps_election_leads(state->election) ? 0 : STANDBY_MS;
}

static void queued(void *cookie)
{
    const struct ps_scheduler_state *state = cookie;

    ps_outbox_relay_kick(state->relay);
}

struct ps_alarms *ps_scheduler_alarms_create(struct ps_scheduler_state *state)
{
    return ps_alarms_create(&(struct ps_alarms_options){ .daemon = state->daemon,
                                                         .cookie = state,
                                                         .route = route,
                                                         .patience = patience,
                                                         .queued = queued });
}
