#include "shared/io/daemon_status.h"

#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/certificates.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TLS_REFUSED_MS = 15 * 60 * 1000, /* how long a refused certificate counts as an incident */
    CERTIFICATE_WEEK_MS = 7 * 24 * 3600 * 1000
};

static void add_reason(cJSON *reasons, const char *text)
{
    cJSON_AddItemToArray(reasons, cJSON_CreateString(text));
}

/* The reason quotes PostgreSQL: a missing right, a full disk and an unreachable server concern
 * different people. */
static void add_database_reason(const struct ps_daemon *daemon, cJSON *reasons)
{
    char *text = daemon->pg != NULL ? ps_pg_reason(daemon->pg) : NULL;

    if (text != NULL)
        add_reason(reasons, text);
    free(text);
}

static void add_reasons(void *cookie, cJSON *out_reasons)
{
    const struct ps_daemon_status *status = cookie;
    const struct ps_daemon *daemon = status->daemon;
    const char *unfit = ps_redis_fitness_fault(daemon->redis_fitness);

    if (status->draining)
        add_reason(out_reasons, "shutting down");
    if (!ps_redis_up(daemon->redis)) {
        /* Name the last error: a wrong password and an unreachable server need different actions.
         */
        const char *why = ps_redis_why(daemon->redis);
        char *text = ps_alloc_format("Redis is not connected%s%s", why[0] == '\0' ? "" : ": ", why);

        add_reason(out_reasons, text);
        free(text);
    } else if (!ps_heartbeat_written_since(daemon->heartbeat, status->redis_up_ms)) {
        /* A Redis that accepts connections may still refuse writes; only a heartbeat that was
         * written on this connection proves the opposite. */
        add_reason(out_reasons, "the heartbeat is not written to Redis");
    }
    if (unfit != NULL)
        add_reason(out_reasons, unfit);
    add_database_reason(daemon, out_reasons);
    if (status->program->reasons != NULL)
        status->program->reasons(status->self, out_reasons);
}

static bool is_ready(struct ps_daemon_status *status)
{
    cJSON *reasons = cJSON_CreateArray();
    bool ready;

    add_reasons(status, reasons);
    ready = cJSON_GetArraySize(reasons) == 0;
    cJSON_Delete(reasons);
    status->was_ready = status->was_ready || ready;
    return ready;
}

/* To store an event the program needs PostgreSQL and nothing else: a notifier that cannot send at
 * the moment must not refuse people's commands. Only a program that was fully ready once accepts
 * events, so that a rolling update stops at a version that cannot work. */
static void add_event_reasons(void *cookie, cJSON *out_reasons)
{
    struct ps_daemon_status *status = cookie;

    if (status->draining)
        add_reason(out_reasons, "shutting down");
    add_database_reason(status->daemon, out_reasons);
    if (!status->was_ready && !is_ready(status))
        add_reason(out_reasons, "the program has not been ready since its start; see /readyz");
}

/* Without Redis no program can make progress. That is an outage, which must restart no pod
 * (guarantee 8). */
static bool is_stuck(const struct ps_daemon_status *status)
{
    return ps_redis_up(status->daemon->redis) && status->program->stuck != NULL &&
           status->program->stuck(status->self);
}

/* Returns the monitor's incidents. If none of them explains why the program is not ready, adds
 * NOT_READY with the first reason. The result is borrowed until the next call. */
static const struct ps_incident_set *current_incidents(struct ps_daemon_status *status)
{
    cJSON *reasons;

    status->incidents = *ps_incident_monitor_view(status->daemon->incidents);
    if (ps_incidents_degraded(&status->incidents))
        return &status->incidents;
    reasons = cJSON_CreateArray();
    add_reasons(status, reasons);
    if (cJSON_GetArraySize(reasons) > 0 && !status->draining)
        ps_incidents_note(&status->incidents, PS_INCIDENT_NOT_READY, true,
                          cJSON_GetStringValue(cJSON_GetArrayItem(reasons, 0)));
    cJSON_Delete(reasons);
    return &status->incidents;
}

static void observe_certificates(struct ps_daemon_status *status, struct ps_incident_set *set)
{
    const struct ps_daemon *daemon = status->daemon;
    double refused = ps_metrics_get(daemon->metrics, PS_METRIC_TLS_REFUSED, NULL);
    int64_t now_ms = ps_clock_mono_ms(), ends_ms;
    char text[PS_INCIDENT_CAUSE], day[PS_UTC_TIME_TEXT];
    const char *host;

    if (refused > status->tls_refused)
        status->tls_refused_ms = now_ms;
    status->tls_refused = refused;
    (void)snprintf(text, sizeof(text), "by %s %s", daemon->component, daemon->instance);
    ps_incidents_note(
        set, PS_INCIDENT_CERTIFICATE_REFUSED,
        status->tls_refused_ms > 0 && now_ms - status->tls_refused_ms < TLS_REFUSED_MS, text);
    if (!ps_certificates_soonest(&host, &ends_ms))
        return;
    ps_utc_time_format_time(ends_ms, day);
    (void)snprintf(text, sizeof(text), "that of %s on %.10s", host, day);
    ps_incidents_note(set, PS_INCIDENT_CERTIFICATE_ENDS,
                      ends_ms - ps_clock_wall_ms() < CERTIFICATE_WEEK_MS, text);
}

void ps_daemon_status_observe(void *cookie, struct ps_incident_set *set)
{
    struct ps_daemon_status *status = cookie;
    const struct ps_daemon *daemon = status->daemon;
    char text[PS_INCIDENT_CAUSE];
    cJSON *reasons;

    if (!status->started || status->draining)
        return;
    (void)snprintf(text, sizeof(text), "%s %s", daemon->component, daemon->instance);
    ps_incidents_note(set, PS_INCIDENT_STUCK, is_stuck(status), text);
    reasons = cJSON_CreateArray();
    add_reasons(status, reasons);
    if (cJSON_GetArraySize(reasons) > 0)
        (void)snprintf(text, sizeof(text), "%s %s: %s", daemon->component, daemon->instance,
                       cJSON_GetStringValue(cJSON_GetArrayItem(reasons, 0)));
    ps_incidents_note(set, PS_INCIDENT_NOT_READY,
                      cJSON_GetArraySize(reasons) > 0 && !ps_incidents_degraded(set), text);
    cJSON_Delete(reasons);
    observe_certificates(status, set);
    if (status->program->incidents != NULL)
        status->program->incidents(status->self, set);
}

static void fill_base(void *cookie, struct ps_health_base *out_base)
{
    struct ps_daemon_status *status = cookie;
    const struct ps_daemon *daemon = status->daemon;

    *out_base = (struct ps_health_base){
        .component = daemon->component,
        .version = PS_VERSION,
        .instance = daemon->instance,
        .launched_ms = daemon->launched_ms,
        .uptime_seconds = (ps_clock_mono_ms() - status->started_ms) / 1000,
        .redis_connected = ps_redis_up(daemon->redis),
        .redis_reconnects = ps_redis_reconnects(daemon->redis),
        .has_pool = daemon->pg != NULL,
        .stuck = is_stuck(status),
        .ready = is_ready(status),
        .incidents = current_incidents(status),
    };
    memcpy(out_base->failures, ps_failure_log_counts(daemon->failures), sizeof(out_base->failures));
    if (daemon->pg != NULL)
        ps_pg_counts(daemon->pg, &out_base->pool_max, &out_base->pool_in_use,
                     &out_base->pool_available);
}

static void set_server_metrics(const struct ps_daemon_status *status, struct ps_metrics *metrics)
{
    const struct ps_daemon *daemon = status->daemon;
    const struct ps_redis_info *info = ps_redis_fitness_info(daemon->redis_fitness);
    uint64_t ups = status->database_ups;
    int max, in_use, available;

    ps_metrics_set(metrics, PS_METRIC_REDIS_CONNECTED, NULL, ps_redis_up(daemon->redis) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_REDIS_RECONNECTS, NULL,
                   (double)ps_redis_reconnects(daemon->redis));
    ps_metrics_set(metrics, PS_METRIC_REDIS_UNFIT, NULL,
                   ps_redis_fitness_fault(daemon->redis_fitness) != NULL ? 1 : 0);
    if (info != NULL) {
        ps_metrics_set(metrics, PS_METRIC_REDIS_EVICTED, NULL, (double)info->evicted);
        ps_metrics_set(metrics, PS_METRIC_REDIS_MEMORY, NULL, (double)info->used_memory);
        ps_metrics_set(metrics, PS_METRIC_REDIS_MEMORY_MAX, NULL, (double)info->max_memory);
    }
    if (daemon->pg != NULL) {
        ps_pg_counts(daemon->pg, &max, &in_use, &available);
        ps_metrics_set(metrics, PS_METRIC_DB_CONNECTED, NULL, ps_pg_up(daemon->pg) ? 1 : 0);
        ps_metrics_set(metrics, PS_METRIC_DB_RECONNECTS, NULL, ups > 0 ? (double)(ups - 1) : 0);
        ps_metrics_set(metrics, PS_METRIC_DB_POOL_IN_USE, "in_use", in_use);
        ps_metrics_set(metrics, PS_METRIC_DB_POOL_IN_USE, "available", available);
    }
}

static void set_metrics(void *cookie, struct ps_metrics *metrics)
{
    struct ps_daemon_status *status = cookie;
    const struct ps_daemon *daemon = status->daemon;
    const struct ps_incident_set *set = current_incidents(status);
    char *build = ps_alloc_format("%s,%s", daemon->component, PS_VERSION);
    struct ps_loop_turns turns;

    ps_metrics_set(metrics, PS_METRIC_BUILD_INFO, build, 1);
    free(build);
    ps_metrics_set(metrics, PS_METRIC_START_TIME, NULL, (double)daemon->launched_ms / 1000);
    ps_process_metrics(metrics);
    ps_metrics_set(metrics, PS_METRIC_READY, NULL, is_ready(status) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_STUCK, NULL, is_stuck(status) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_LOOP_LAG, NULL, (double)ps_loop_lag_ms(daemon->loop) / 1000);
    turns = ps_loop_turns(daemon->loop);
    ps_metrics_set(metrics, PS_METRIC_LOOP_TURN_LONGEST, NULL, (double)turns.longest_us / 1e6);
    ps_metrics_set(metrics, PS_METRIC_LOOP_TURNS_OVER, NULL, (double)turns.over);
    ps_log_metrics(metrics);
    /* Every incident, so that an alert rule reads 0 from the start and not a gap. */
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        ps_metrics_set(metrics, PS_METRIC_INCIDENT, ps_incident_row((enum ps_incident)i)->name,
                       ps_incidents_present(set, (enum ps_incident)i) ? 1 : 0);
    set_server_metrics(status, metrics);
    if (status->program->set_metrics != NULL)
        status->program->set_metrics(status->self, metrics);
}

struct ps_health_source ps_daemon_status_source(struct ps_daemon_status *status)
{
    return (struct ps_health_source){
        .cookie = status,
        .base = fill_base,
        .reasons = add_reasons,
        .event_reasons = status->program->takes_events ? add_event_reasons : NULL,
        .metrics = set_metrics,
    };
}
