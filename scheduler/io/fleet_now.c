#include "scheduler/io/fleet_now.h"

#include "scheduler/core/poll_schedule.h"
#include "scheduler/io/fleet_facts.h"
#include "scheduler/io/fleet_redis.h"
#include "scheduler/io/scheduler_incidents.h"
#include "scheduler/io/scheduler_state.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"

#include <string.h>

static const struct ps_daemon *daemon_of(const struct ps_fleet_view *view)
{
    return view->state->daemon;
}

static bool leads(const struct ps_fleet_view *view)
{
    return ps_election_leads(view->state->election);
}

static cJSON *find_troubles(const struct ps_fleet_view *view)
{
    const struct ps_incident_set *set = ps_incident_monitor_view(daemon_of(view)->incidents);
    struct ps_fleet_facts facts;

    ps_scheduler_facts(view->state, &facts);
    ps_fleet_facts(view->redis, &facts);
    if (!ps_redis_up(daemon_of(view)->redis))
        facts.schedulers = -1; /* as it was read last */
    return ps_fleet_incidents_troubles(set, &facts);
}

static void add_served_by(const struct ps_fleet_view *view, cJSON *now)
{
    const struct ps_daemon *daemon = daemon_of(view);
    cJSON *self = cJSON_AddObjectToObject(now, "served_by");

    ps_json_add_text(self, "instance", daemon->instance);
    ps_json_add_text(self, "version", PS_VERSION);
    ps_json_add_text(self, "role", leads(view) ? "leader" : "standby");
    ps_json_add_time(self, "launched_at", daemon->launched_ms);
}

static void add_servers(const struct ps_fleet_view *view, cJSON *now)
{
    const struct ps_daemon *daemon = daemon_of(view);
    cJSON *redis = cJSON_AddObjectToObject(now, "redis");
    cJSON *database = cJSON_AddObjectToObject(now, "database");

    ps_json_add_bool(redis, "connected", ps_redis_up(daemon->redis));
    ps_json_add_time(redis, "read_at", view->redis_ms);
    ps_json_add_text(redis, "fault", ps_redis_fitness_fault(daemon->redis_fitness));
    ps_json_add_bool(database, "connected", ps_pg_up(daemon->pg));
    ps_json_add_time(database, "read_at", view->stored_ms);
}

static void add_leader(const struct ps_fleet_view *view, cJSON *now)
{
    const cJSON *epoch = ps_json_member(view->redis, "epoch");

    if (leads(view)) { /* this scheduler's own knowledge is newer than what it read */
        ps_json_add_text(now, "leader", daemon_of(view)->instance);
        ps_json_add_int(now, "epoch", ps_election_epoch(view->state->election));
    } else {
        ps_json_add_text(now, "leader", ps_json_text(view->redis, "leader"));
        ps_json_add_copy(now, "epoch", epoch);
    }
    cJSON_AddItemToObject(now, "standbys", ps_fleet_standbys(view->redis));
}

static void add_counts(const struct ps_fleet_view *view, cJSON *now)
{
    static const char *const components[] = { "scheduler", "worker", "notifier" };
    cJSON *alive = cJSON_AddObjectToObject(now, "alive");

    for (size_t i = 0; i < PS_COUNT_OF(components); i++) {
        int64_t living = ps_fleet_count(view->redis, components[i], NULL);

        if (living >= 0)
            ps_json_add_int(alive, components[i], living);
        else
            cJSON_AddNullToObject(alive, components[i]);
    }
    ps_json_add_int(now, "probes_in_flight", ps_fleet_count(view->redis, "worker", "in_flight"));
}

struct progress {
    int64_t published, finished;
    int64_t outcomes[PS_OUTCOME_COUNT];
};

/* Progress of the newest cycle. For a closed cycle it is the stored summary. For a running cycle
 * the leader uses its own ledger, and a standby uses the hash in Redis if that belongs to the
 * cycle. */
static void find_progress(const struct ps_fleet_view *view, struct progress *out_progress)
{
    const struct ps_fleet_stored *stored = view->stored;
    const struct ps_chart_series_cycle *closed = ps_chart_series_find(&stored->day, stored->number);
    const struct ps_cycle *run = leads(view) ? view->state->leadership->run : NULL;
    const cJSON *hash = ps_json_member(view->redis, "cycle");

    if (ps_json_number(hash, "number", 0) != stored->number)
        hash = NULL;
    if (run != NULL && run->ledger.cycle != stored->number)
        run = NULL;
    *out_progress = (struct progress){ .published = ps_json_number(hash, "published", 0) };
    for (int i = 0; i < PS_OUTCOME_COUNT; i++) {
        out_progress->outcomes[i] =
            closed != NULL ? closed->outcomes[i]
            : run != NULL  ? (int64_t)run->ledger.outcomes[i]
                           : ps_json_number(hash, ps_outcome_name((enum ps_outcome)i), 0);
        out_progress->finished += out_progress->outcomes[i];
    }
}

static void add_progress(const struct ps_fleet_view *view, cJSON *cycle)
{
    struct progress progress;
    cJSON *outcomes;

    find_progress(view, &progress);
    ps_json_add_int(cycle, "published", progress.published);
    ps_json_add_int(cycle, "finished", progress.finished);
    outcomes = cJSON_AddObjectToObject(cycle, "outcomes");
    for (int i = 0; i < PS_OUTCOME_COUNT; i++)
        ps_json_add_int(outcomes, ps_outcome_name((enum ps_outcome)i), progress.outcomes[i]);
}

static int64_t next_poll_ms(const struct ps_fleet_view *view)
{
    const struct ps_config *config = daemon_of(view)->config;
    const struct ps_fleet_stored *stored = view->stored;
    struct ps_poll_schedule clock;

    if (stored->number == 0 || stored->finished_ms == 0)
        return 0;
    ps_poll_schedule_init(&clock, ps_config_poll_interval_ms(config),
                          (int64_t)(config->poll_overrun_cooldown_seconds * 1000),
                          stored->finished_ms);
    ps_poll_schedule_see(&clock, config, ps_stats_now(view->state->stats)->index_fetched_ms);
    return stored->finished_ms +
           ps_poll_schedule_sleep(&clock, stored->started_ms, stored->finished_ms);
}

/* The newest cycle, running or closed. */
static void add_cycle(const struct ps_fleet_view *view, cJSON *now)
{
    const struct ps_fleet_stored *stored = view->stored;
    cJSON *cycle;

    ps_json_add_time(now, "next_poll_at", next_poll_ms(view));
    if (stored->number == 0) {
        cJSON_AddNullToObject(now, "cycle");
        return;
    }
    cycle = cJSON_AddObjectToObject(now, "cycle");
    ps_json_add_int(cycle, "number", stored->number);
    ps_json_add_int(cycle, "epoch", stored->epoch);
    ps_json_add_text(cycle, "status", ps_cycle_status_name(stored->status));
    ps_json_add_time(cycle, "started_at", stored->started_ms);
    ps_json_add_time(cycle, "finished_at", stored->finished_ms);
    ps_json_add_time(cycle, "deadline", stored->deadline_ms);
    ps_json_add_int(cycle, "planned", stored->planned);
    ps_json_add_cut(cycle, "error", stored->error, PS_FLEET_TEXT_MAX);
    add_progress(view, cycle);
}

static void add_known(cJSON *now, const char *name, int64_t value)
{
    if (value >= 0)
        ps_json_add_int(now, name, value);
    else
        cJSON_AddNullToObject(now, name);
}

static void add_queues(const struct ps_fleet_view *view, cJSON *now)
{
    const struct ps_stats_now *stats = ps_stats_now(view->state->stats);
    const struct ps_config *config = daemon_of(view)->config;

    ps_json_add_copy(now, "tasks", ps_json_member(view->redis, "tasks"));
    ps_json_add_copy(now, "results", ps_json_member(view->redis, "results"));
    ps_json_add_copy(now, "notify", ps_json_member(view->redis, "notify"));
    ps_json_add_copy(now, "hosts", ps_json_member(view->redis, "hosts"));
    ps_json_add_int(now, "notify_warn", config->mq_backpressure_threshold);
    ps_json_add_int(now, "notify_max", config->mq_max_size);
    ps_json_add_real(now, "rate_limit", config->probe_rate_limit);
    add_known(now, "outbox_pending", stats->outbox_pending);
    add_known(now, "papers", stats->papers);
    add_known(now, "discovered", stats->discovered);
    add_known(now, "poll_count", stats->poll_count);
    ps_json_add_time(now, "last_successful_poll", stats->last_good_ms);
    ps_json_add_time(now, "probing_paused_since", stats->paused_ms);
    ps_json_add_text(now, "probing_paused_reason",
                     stats->paused_ms == 0 ? NULL : stats->paused_why);
    ps_json_add_time(now, "poll_wanted_at", stats->wanted_ms);
    add_known(now, "probes_day", ps_fleet_stored_probes(view->stored, view->stored_ms));
    ps_json_add_int(now, "budget", ps_config_adaptive(config) ? config->probe_budget_per_day : 0);
    ps_json_add_text(now, "runbook_url", config->runbook_url);
    ps_json_add_bool(now, "actions", config->admin_token[0] != '\0');
    ps_json_add_time(now, "index_fetched_at", stats->index_fetched_ms);
}

/* How long people wait for news. null before the first draft for which both times are known. */
static void add_delay(const struct ps_fleet_stored *stored, cJSON *now)
{
    cJSON *delay;

    if (stored->delay_drafts == 0) {
        cJSON_AddNullToObject(now, "upload_to_notify");
        return;
    }
    delay = cJSON_AddObjectToObject(now, "upload_to_notify");
    ps_json_add_int(delay, "drafts", stored->delay_drafts);
    ps_json_add_int(delay, "median_seconds", stored->delay_median_ms / 1000);
    ps_json_add_int(delay, "p90_seconds", stored->delay_p90_ms / 1000);
}

cJSON *ps_fleet_now(const struct ps_fleet_view *view)
{
    int64_t now_ms = ps_clock_wall_ms();
    cJSON *now = cJSON_CreateObject(), *troubles = find_troubles(view);

    ps_json_add_time(now, "at", now_ms);
    ps_json_add_text(now, "verdict", ps_fleet_incidents_worst(troubles));
    cJSON_AddItemToObject(now, "troubles", troubles);
    add_served_by(view, now);
    add_servers(view, now);
    add_leader(view, now);
    add_counts(view, now);
    add_cycle(view, now);
    add_queues(view, now);
    add_delay(view->stored, now);
    return now;
}
