#include "scheduler/io/scheduler_health.h"

#include "scheduler/io/scheduler_state.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"

#include <string.h>

static bool give_time(int64_t wall_ms, cJSON **out_value)
{
    char text[PS_UTC_TIME_TEXT];

    if (wall_ms == 0)
        return ps_health_give(cJSON_CreateNull(), out_value);
    ps_utc_time_format_time(wall_ms, text);
    return ps_health_give(cJSON_CreateString(text), out_value);
}

/* A count that was not read yet is null. */
static bool give_count(int64_t count, cJSON **out_value)
{
    return ps_health_give(count < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)count),
                          out_value);
}

static bool give_text(const char *text, cJSON **out_value)
{
    return ps_health_give(
        text == NULL || text[0] == '\0' ? cJSON_CreateNull() : cJSON_CreateString(text), out_value);
}

static const struct ps_scheduler_state *state_of(const void *self)
{
    return self;
}

static const struct ps_stats_now *stats_of(void *cookie)
{
    return ps_stats_now(state_of(cookie)->stats);
}

/* Notes that somebody reads the numbers, so that they are read from the servers more often. */
static const struct ps_stats_now *look_at(void *cookie)
{
    ps_stats_looked_at(state_of(cookie)->stats);
    return stats_of(cookie);
}

static bool leads(const void *self)
{
    return ps_election_leads(state_of(self)->election);
}

/* A field whose value is one expression of stats. */
#define FIELD(name, how, expression)                                                               \
    static bool read_##name(void *cookie, cJSON **out_value, struct ps_err *err)                   \
    {                                                                                              \
        const struct ps_stats_now *now = look_at(cookie);                                          \
                                                                                                   \
        (void)err;                                                                                 \
        return how(now->expression, out_value);                                                    \
    }

/* Held in memory, by a standby too. */
static bool read_papers_loaded(void *cookie, cJSON **out_value, struct ps_err *err)
{
    const struct ps_leadership *leadership = state_of(cookie)->leadership;

    (void)err;
    return give_count(
        leadership->index == NULL ? 0 : (int64_t)ps_paper_index_len(leadership->index), out_value);
}

FIELD(last_poll, give_time, last_started_ms)
FIELD(discovered_via_probe, give_count, discovered)
FIELD(last_updated, give_time, last_finished_ms) /* when the last poll ended, as the Python service
                                                  * had it */
FIELD(poll_count, give_count, poll_count)
FIELD(last_successful_poll, give_time, last_good_ms)
FIELD(last_cycle_status, give_text, last_status)
FIELD(last_cycle_error, give_text, last_error)
FIELD(tasks_length, give_count, tasks_length)
FIELD(tasks_pending, give_count, tasks_pending)
FIELD(results_pending, give_count, results_length)
FIELD(workers, give_count, workers)
FIELD(outbox_pending, give_count, outbox_pending)
FIELD(paused_since, give_time, paused_ms)
FIELD(paused_reason, give_text, paused_why)

static bool read_role(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return ps_health_give(cJSON_CreateString(leads(cookie) ? "leader" : "standby"), out_value);
}

/* The leader that this instance sees; null while there is none. */
static bool read_leader(void *cookie, cJSON **out_value, struct ps_err *err)
{
    const char *leader = ps_election_leader(state_of(cookie)->election);

    (void)err;
    return ps_health_give(leader[0] == '\0' ? cJSON_CreateNull() : cJSON_CreateString(leader),
                          out_value);
}

/* The epoch of the present or last leadership of this instance; null if it never led. */
static bool read_epoch(void *cookie, cJSON **out_value, struct ps_err *err)
{
    int64_t epoch = ps_election_epoch(state_of(cookie)->election);

    (void)err;
    return give_count(epoch > 0 ? epoch : -1, out_value);
}

static bool read_probe_enabled(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    return ps_health_give(cJSON_CreateBool(state_of(cookie)->daemon->config->enable_iso_probe),
                          out_value);
}

static bool read_probe_stats(void *cookie, cJSON **out_value, struct ps_err *err)
{
    const char *summary = stats_of(cookie)->last_summary;
    const cJSON *errors;
    cJSON *stats;

    if (summary == NULL)
        return ps_health_give(cJSON_CreateNull(), out_value);
    stats = ps_json_parse(summary, strlen(summary), err);
    if (stats == NULL)
        return false;
    errors = cJSON_GetObjectItemCaseSensitive(stats, "errors");
    if (errors != NULL) /* the name of the counter in the Python service's /health */
        cJSON_AddItemToObject(stats, "error", cJSON_Duplicate(errors, true));
    return ps_health_give(stats, out_value);
}

static bool read_success_rate(void *cookie, cJSON **out_value, struct ps_err *err)
{
    const char *text = stats_of(cookie)->last_summary;
    int64_t hits = 0, requests = 0, deferred = 0;
    cJSON *summary;
    bool whole;

    if (text == NULL)
        return ps_health_give(cJSON_CreateNull(), out_value);
    summary = ps_json_parse(text, strlen(text), err);
    if (summary == NULL)
        return false;
    whole = ps_json_int(summary, "hit_total", 0, INT64_MAX, &hits) &&
            ps_json_int(summary, "cycle_requests", 0, INT64_MAX, &requests) &&
            ps_json_int(summary, "deferred", 0, INT64_MAX, &deferred);
    cJSON_Delete(summary);
    if (!whole)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "the last cycle's summary has no counts");
    requests -= deferred;
    return ps_health_give(cJSON_CreateNumber(requests > 0 ? (double)hits / (double)requests : 0),
                          out_value);
}

static bool read_index_age(void *cookie, cJSON **out_value, struct ps_err *err)
{
    int64_t fetched_ms = stats_of(cookie)->index_fetched_ms;
    int64_t age_ms = ps_clock_wall_ms() - fetched_ms;

    (void)err;
    return give_count(fetched_ms == 0 ? -1 : age_ms < 0 ? 0 : age_ms / 1000, out_value);
}

const struct ps_health_field ps_scheduler_fields[PS_SCHEDULER_FIELDS] = {
    {"role",                   read_role                },
    { "leader",                read_leader              },
    { "epoch",                 read_epoch               },
    { "papers_loaded",         read_papers_loaded       },
    { "last_poll",             read_last_poll           },
    { "discovered_via_probe",  read_discovered_via_probe},
    { "iso_probe_enabled",     read_probe_enabled       },
    { "last_updated",          read_last_updated        },
    { "poll_count",            read_poll_count          },
    { "last_successful_poll",  read_last_successful_poll},
    { "last_cycle_status",     read_last_cycle_status   },
    { "last_cycle_error",      read_last_cycle_error    },
    { "probe_stats",           read_probe_stats         },
    { "probe_success_rate",    read_success_rate        },
    { "tasks_length",          read_tasks_length        },
    { "tasks_pending",         read_tasks_pending       },
    { "results_pending",       read_results_pending     },
    { "workers",               read_workers             },
    { "outbox_pending",        read_outbox_pending      },
    { "index_age_seconds",     read_index_age           },
    { "probing_paused_since",  read_paused_since        },
    { "probing_paused_reason", read_paused_reason       },
};

void ps_scheduler_reasons(void *self, cJSON *out_reasons)
{
    (void)self;
    (void)out_reasons; /* a scheduler needs nothing but Redis and PostgreSQL, as a leader and as a
                        * standby */
}

static void set_known_ms(struct ps_metrics *metrics, enum ps_metric metric, int64_t ms)
{
    if (ms >= 0)
        ps_metrics_set(metrics, metric, NULL, (double)ms / 1000);
}

static void set_known(struct ps_metrics *metrics, enum ps_metric metric, int64_t value)
{
    if (value >= 0)
        ps_metrics_set(metrics, metric, NULL, (double)value);
}

static void set_host(struct ps_metrics *metrics, const struct ps_daemon *daemon,
                     const struct ps_stats_now *now)
{
    char host[PS_URL_HOST];

    if (!ps_url_host(daemon->config->iso_base_url, host, sizeof(host), NULL))
        return;
    ps_metrics_set(metrics, PS_METRIC_HOST_PAUSE, host, (double)now->host_pause_ms / 1000);
    if (now->host_rate >= 0)
        ps_metrics_set(metrics, PS_METRIC_HOST_RATE, host, now->host_rate);
}

void ps_scheduler_set_metrics(void *self, struct ps_metrics *metrics)
{
    const struct ps_stats_now *now = look_at(self);
    const struct ps_cycle *run = state_of(self)->leadership->run;

    ps_metrics_set(metrics, PS_METRIC_LEADER, NULL, leads(self) ? 1 : 0);
    set_known(metrics, PS_METRIC_CYCLE_PLANNED, run == NULL ? 0 : (int64_t)run->ledger.planned);
    set_known(metrics, PS_METRIC_CYCLE_SETTLED, run == NULL ? 0 : (int64_t)run->ledger.settled);
    set_known(metrics, PS_METRIC_TASKS_LENGTH, now->tasks_length);
    set_known(metrics, PS_METRIC_TASKS_PENDING, now->tasks_pending);
    set_known_ms(metrics, PS_METRIC_TASKS_OLDEST, now->tasks_oldest_ms);
    set_known(metrics, PS_METRIC_RESULTS_PENDING, now->results_length);
    set_known_ms(metrics, PS_METRIC_RESULTS_OLDEST, now->results_oldest_ms);
    set_known_ms(metrics, PS_METRIC_POLL_INTERVAL,
                 ps_config_poll_interval_ms(state_of(self)->daemon->config));
    set_known(metrics, PS_METRIC_PROBE_BUDGET,
              ps_config_adaptive(state_of(self)->daemon->config)
                  ? state_of(self)->daemon->config->probe_budget_per_day
                  : 0);
    if (now->tasks_dead >= 0)
        ps_metrics_set(metrics, PS_METRIC_DEAD_LETTERS, "tasks", (double)now->tasks_dead);
    if (now->notify_dead >= 0)
        ps_metrics_set(metrics, PS_METRIC_DEAD_LETTERS, "notify", (double)now->notify_dead);
    set_host(metrics, state_of(self)->daemon, now);
    if (now->pg_read_ms > 0)
        set_known_ms(metrics, PS_METRIC_OUTBOX_OLDEST, now->oldest_message_ms);
    set_known(metrics, PS_METRIC_OUTBOX_PENDING, now->outbox_pending);
    set_known(metrics, PS_METRIC_WORKERS, now->workers);
    set_known(metrics, PS_METRIC_INDEX_PAPERS, now->papers);
    if (now->last_good_ms > 0)
        set_known(metrics, PS_METRIC_LAST_GOOD_POLL, now->last_good_ms / 1000);
    if (now->index_fetched_ms > 0)
        set_known(metrics, PS_METRIC_INDEX_AGE,
                  (ps_clock_wall_ms() - now->index_fetched_ms) / 1000);
}

void ps_scheduler_beat(void *self, struct ps_fields *fields)
{
    const struct ps_stats_now *now = stats_of(self);
    const struct ps_cycle *run = state_of(self)->leadership->run;

    ps_fields_add(fields, "role", leads(self) ? "leader" : "standby");
    ps_fields_add_int(fields, "in_flight",
                      run == NULL ? 0 : (int64_t)(run->ledger.planned - run->ledger.settled));
    ps_fields_add_int(fields, "papers", now->papers);
    ps_fields_add_int(fields, "outbox_pending", now->outbox_pending);
}
