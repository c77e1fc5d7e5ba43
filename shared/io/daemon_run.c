#include "shared/io/daemon_run.h"

#include "embedded/scripts.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/certificates.h"
#include "shared/io/clock.h"
#include "shared/io/database_url.h"
#include "shared/io/health_server.h"
#include "shared/io/log.h"
#include "shared/io/process.h"
#include "shared/io/secret_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PULSE_MS = 1000,
    TLS_REFUSED_MS = 15 * 60 * 1000, /* a refused certificate counts for so long */
    CERTIFICATE_WEEK_MS = 7 * 24 * 3600 * 1000
};

struct run {
    struct ps_daemon daemon; /* first: ps_daemon_drained gets its address */
    const struct ps_program *program;
    void *self;   /* the program's own part */
    bool started; /* self is there, whatever it is */
    struct ps_config config;
    char *instance;
    char *user_agent;
    int64_t started_ms; /* monotonic */
    struct ps_http_server *http;
    struct ps_health_server *health;
    struct ps_env *env; /* borrowed */
    struct ps_secret_watch *secrets;
    struct ps_health_source source;
    struct ps_timer *grace;
    struct ps_timer *pulse;
    int64_t redis_up_ms; /* monotonic: this connection; one that takes no writes shows only then */
    uint64_t database_ups;
    bool was_ready; /* since the start, for /readyz/events */
    bool draining;
    bool drained;
    char redis_fault[192]; /* what was logged last; a new reason is worth a new line */
    char database_fault[192];
    struct ps_incident_set incidents; /* as shown last */
    double tls_refused;               /* certificates, as counted last */
    int64_t tls_refused_ms;           /* monotonic; 0: never */
};

bool ps_daemon_check_database(const char *text, struct ps_err *err)
{
    if (text[0] == '\0')
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "DATABASE_URL: required; postgresql://user:password@host:port/name");
    return ps_database_url_check("DATABASE_URL", text, err);
}

/* Without it every https:// request would fail, one by one. */
static bool check_http_ca(const struct ps_config *config, struct ps_err *err)
{
    if (config->http_ca_file[0] == '\0' || access(config->http_ca_file, R_OK) == 0)
        return true;
    return ps_fail(err, PS_FAILURE_CONFIGURATION, errno, "HTTP_CA_FILE=\"%s\": %s",
                   config->http_ca_file, strerror(errno));
}

/* Told to the caller of ps_daemon_config, and remembered. */
struct faults {
    ps_config_bad_fn bad;
    void *cookie;
    bool database;
};

static void on_bad(void *cookie, const struct ps_err *err)
{
    struct faults *faults = cookie;

    faults->database = faults->database || strncmp(err->what, "DATABASE_URL", 12) == 0;
    faults->bad(faults->cookie, err);
}

bool ps_daemon_config(const struct ps_program *program, struct ps_env *env, ps_config_bad_fn bad,
                      void *cookie, struct ps_config *out_config)
{
    struct faults faults = { .bad = bad, .cookie = cookie };
    struct ps_config config;
    struct ps_err err;
    const char *url = NULL;
    bool ok = ps_config_load(program->component, ps_env_get, env, on_bad, &faults, &config);

    if (ok) {
        const struct ps_redis_options redis = ps_redis_options_of(&config);

        ok = ps_redis_options_check(&redis, &err);
        if (!ok)
            bad(cookie, &err);
        if (!check_http_ca(&config, &err)) {
            bad(cookie, &err);
            ok = false;
        }
    }
    /* also when something else is wrong: all faults are told at once */
    if (program->needs_database && !faults.database) {
        if (!ps_env_get(env, "DATABASE_URL", &url, &err) ||
            !ps_daemon_check_database(url != NULL ? url : "", &err)) {
            bad(cookie, &err);
            ok = false;
        }
    }
    if (ok)
        *out_config = config;
    else
        ps_config_clear(&config);
    return ok;
}

static void log_config_fault(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    PS_LOG(CONFIG_ERROR, F_ERR(err));
}

static void log_slip(void *cookie, const char *name, const char *nearest, const char *text)
{
    (void)cookie;
    PS_LOG(CONFIG_WARNING, F_TEXT("name", name), F_TEXT("nearest", nearest), F_TEXT("what", text));
}

/* After .env was read: a ${PGPASSWORD} in it is the operator's own doing. */
static void ignore_libpq_variables(const struct ps_program *program)
{
    char *names = ps_pg_ignore_environment();

    if (names != NULL && program->needs_database)
        PS_LOG(CONFIG_WARNING, F_TEXT("name", names), F_TEXT("nearest", "DATABASE_URL"),
               F_TEXT("what",
                      "libpq's variables in the environment are ignored; DATABASE_URL alone "
                      "says how PostgreSQL is reached"));
    free(names);
}

/* Host name and process id; whatever a host name holds, the id stays fit for keys and log lines. */
static char *default_instance(void)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    char host[80] = "";

    if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
        (void)snprintf(host, sizeof(host), "localhost");
    host[sizeof(host) - 1] = '\0';
    for (char *c = host; *c != '\0'; c++)
        if (strchr(allowed, *c) == NULL)
            *c = '-';
    return ps_alloc_format("%s-%ld", host, (long)getpid());
}

static void add_reason(cJSON *reasons, const char *text)
{
    cJSON_AddItemToArray(reasons, cJSON_CreateString(text));
}

/* With what went wrong last, so that a wrong password, say, and a server that is away differ. */
static void add_redis_reason(const struct run *run, cJSON *reasons)
{
    const char *why = ps_redis_why(run->daemon.redis);
    char *text = ps_alloc_format("Redis is not connected%s%s", why[0] == '\0' ? "" : ": ", why);

    add_reason(reasons, text);
    free(text);
}

/* The server's own words: a missing right, a full disk and a server that is away need three
 * different people. */
static void add_database_reason(const struct run *run, cJSON *reasons)
{
    char *text = ps_pg_reason(run->daemon.pg);

    if (text != NULL)
        add_reason(reasons, text);
    free(text);
}

static void read_reasons(void *cookie, cJSON *out_reasons)
{
    struct run *run = cookie;

    if (run->draining)
        add_reason(out_reasons, "shutting down");
    if (!ps_redis_up(run->daemon.redis))
        add_redis_reason(run, out_reasons);
    else if (!ps_heartbeat_written_since(run->daemon.heartbeat, run->redis_up_ms))
        add_reason(out_reasons, "the heartbeat is not written to Redis");
    if (ps_redis_fitness_fault(run->daemon.redis_watch) != NULL)
        add_reason(out_reasons, ps_redis_fitness_fault(run->daemon.redis_watch));
    if (run->daemon.pg != NULL)
        add_database_reason(run, out_reasons);
    if (run->program->reasons != NULL)
        run->program->reasons(run->self, out_reasons);
}

static bool is_ready(struct run *run)
{
    cJSON *reasons = cJSON_CreateArray();
    bool ready;

    read_reasons(run, reasons);
    ready = cJSON_GetArraySize(reasons) == 0;
    cJSON_Delete(reasons);
    run->was_ready = run->was_ready || ready;
    return ready;
}

/* An event needs PostgreSQL to be stored, and nothing else: a notifier that cannot send at the
 * moment must not refuse people's commands. Only a program that was fully ready once takes events,
 * so that a rolling update stops at a version that cannot work. */
static void read_event_reasons(void *cookie, cJSON *out_reasons)
{
    struct run *run = cookie;

    if (run->draining)
        add_reason(out_reasons, "shutting down");
    if (run->daemon.pg != NULL)
        add_database_reason(run, out_reasons);
    if (!run->was_ready && !is_ready(run))
        add_reason(out_reasons, "the program has not been ready since its start; see /readyz");
}

static bool is_stuck(const struct run *run)
{
    /* Without Redis nothing can move: that is an outage, which restarts no pod (promise 8). */
    return ps_redis_up(run->daemon.redis) && run->program->stuck != NULL &&
           run->program->stuck(run->self);
}

/* What the monitor knows, and why this program is not ready where no incident says so. */
static const struct ps_incident_set *incidents_now(struct run *run)
{
    cJSON *reasons;

    run->incidents = *ps_incident_monitor_view(run->daemon.incidents);
    if (ps_incidents_degraded(&run->incidents))
        return &run->incidents;
    reasons = cJSON_CreateArray();
    read_reasons(run, reasons);
    if (cJSON_GetArraySize(reasons) > 0 && !run->draining)
        ps_incidents_note(&run->incidents, PS_INCIDENT_NOT_READY, true,
                          cJSON_GetStringValue(cJSON_GetArrayItem(reasons, 0)));
    cJSON_Delete(reasons);
    return &run->incidents;
}

static void observe_certificates(struct run *run, struct ps_incident_set *set)
{
    double refused = ps_metrics_get(run->daemon.metrics, PS_METRIC_TLS_REFUSED, NULL);
    int64_t now_ms = ps_clock_mono_ms(), ends_ms;
    char text[PS_INCIDENT_CAUSE], day[PS_UTC_TIME_TEXT];
    const char *host;

    if (refused > run->tls_refused)
        run->tls_refused_ms = now_ms;
    run->tls_refused = refused;
    (void)snprintf(text, sizeof(text), "by %s %s", run->daemon.component, run->instance);
    ps_incidents_note(set, PS_INCIDENT_CERTIFICATE_REFUSED,
                      run->tls_refused_ms > 0 && now_ms - run->tls_refused_ms < TLS_REFUSED_MS,
                      text);
    if (!ps_certificates_soonest(&host, &ends_ms))
        return;
    ps_utc_time_format_time(ends_ms, day);
    (void)snprintf(text, sizeof(text), "that of %s on %.10s", host, day);
    ps_incidents_note(set, PS_INCIDENT_CERTIFICATE_ENDS,
                      ends_ms - ps_clock_wall_ms() < CERTIFICATE_WEEK_MS, text);
}

static void observe(void *cookie, struct ps_incident_set *set)
{
    struct run *run = cookie;
    cJSON *reasons = cJSON_CreateArray();
    char text[PS_INCIDENT_CAUSE];

    if (!run->started || run->draining) {
        cJSON_Delete(reasons);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s %s", run->daemon.component, run->instance);
    ps_incidents_note(set, PS_INCIDENT_STUCK, is_stuck(run), text);
    read_reasons(run, reasons);
    if (cJSON_GetArraySize(reasons) > 0)
        (void)snprintf(text, sizeof(text), "%s %s: %s", run->daemon.component, run->instance,
                       cJSON_GetStringValue(cJSON_GetArrayItem(reasons, 0)));
    ps_incidents_note(set, PS_INCIDENT_NOT_READY,
                      cJSON_GetArraySize(reasons) > 0 && !ps_incidents_degraded(set), text);
    cJSON_Delete(reasons);
    observe_certificates(run, set);
    if (run->program->incidents != NULL)
        run->program->incidents(run->self, set);
}

static void read_base(void *cookie, struct ps_health_base *out_base)
{
    struct run *run = cookie;
    const struct ps_daemon *daemon = &run->daemon;

    *out_base = (struct ps_health_base){
        .component = daemon->component,
        .version = PS_VERSION,
        .instance = daemon->instance,
        .launched_ms = daemon->launched_ms,
        .uptime_seconds = (ps_clock_mono_ms() - run->started_ms) / 1000,
        .redis_connected = ps_redis_up(daemon->redis),
        .redis_reconnects = ps_redis_reconnects(daemon->redis),
        .has_pool = daemon->pg != NULL,
        .stuck = is_stuck(run),
        .ready = is_ready(run),
        .incidents = incidents_now(run),
    };
    memcpy(out_base->failures, ps_failure_log_counts(daemon->failures), sizeof(out_base->failures));
    if (daemon->pg != NULL)
        ps_pg_counts(daemon->pg, &out_base->pool_max, &out_base->pool_in_use,
                     &out_base->pool_available);
}

/* Each name is there from the start, so that a rule sees 0 and not a gap. */
static void set_incident_metrics(struct run *run, struct ps_metrics *metrics)
{
    const struct ps_incident_set *set = incidents_now(run);

    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        ps_metrics_set(metrics, PS_METRIC_INCIDENT, ps_incident_row((enum ps_incident)i)->name,
                       ps_incidents_present(set, (enum ps_incident)i) ? 1 : 0);
}

static void set_redis_metrics(const struct run *run, struct ps_metrics *metrics)
{
    const struct ps_daemon *daemon = &run->daemon;
    const struct ps_redis_info *info = ps_redis_fitness_info(daemon->redis_watch);

    ps_metrics_set(metrics, PS_METRIC_REDIS_CONNECTED, NULL, ps_redis_up(daemon->redis) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_REDIS_RECONNECTS, NULL,
                   (double)ps_redis_reconnects(daemon->redis));
    ps_metrics_set(metrics, PS_METRIC_REDIS_UNFIT, NULL,
                   ps_redis_fitness_fault(daemon->redis_watch) != NULL ? 1 : 0);
    if (info == NULL)
        return;
    ps_metrics_set(metrics, PS_METRIC_REDIS_EVICTED, NULL, (double)info->evicted);
    ps_metrics_set(metrics, PS_METRIC_REDIS_MEMORY, NULL, (double)info->used_memory);
    ps_metrics_set(metrics, PS_METRIC_REDIS_MEMORY_MAX, NULL, (double)info->max_memory);
}

static void set_database_metrics(const struct run *run, struct ps_metrics *metrics)
{
    int max, in_use, available;

    ps_pg_counts(run->daemon.pg, &max, &in_use, &available);
    ps_metrics_set(metrics, PS_METRIC_DB_CONNECTED, NULL, ps_pg_up(run->daemon.pg) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_DB_RECONNECTS, NULL,
                   run->database_ups > 0 ? (double)(run->database_ups - 1) : 0);
    ps_metrics_set(metrics, PS_METRIC_DB_POOL_IN_USE, "in_use", in_use);
    ps_metrics_set(metrics, PS_METRIC_DB_POOL_IN_USE, "available", available);
}

static void set_metrics(void *cookie, struct ps_metrics *metrics)
{
    struct run *run = cookie;
    const struct ps_daemon *daemon = &run->daemon;
    char *build = ps_alloc_format("%s,%s", daemon->component, PS_VERSION);

    ps_metrics_set(metrics, PS_METRIC_BUILD_INFO, build, 1);
    free(build);
    ps_metrics_set(metrics, PS_METRIC_START_TIME, NULL, (double)daemon->launched_ms / 1000);
    ps_process_metrics(metrics);
    ps_metrics_set(metrics, PS_METRIC_READY, NULL, is_ready(run) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_STUCK, NULL, is_stuck(run) ? 1 : 0);
    ps_metrics_set(metrics, PS_METRIC_LOOP_LAG, NULL, (double)ps_loop_lag_ms(daemon->loop) / 1000);
    ps_log_metrics(metrics);
    set_incident_metrics(run, metrics);
    set_redis_metrics(run, metrics);
    if (daemon->pg != NULL)
        set_database_metrics(run, metrics);
    if (run->program->set_metrics != NULL)
        run->program->set_metrics(run->self, metrics);
}

/* True when this reason was not the last one logged: a server that stays away is tried for ever,
 * and each try would be a line. */
static bool is_news(char last[192], const struct ps_err *err)
{
    if (err == NULL || strcmp(last, err->what) == 0)
        return false;
    memcpy(last, err->what, sizeof(err->what));
    return true;
}

static void on_redis(void *cookie, bool up, const struct ps_err *err)
{
    struct run *run = cookie;

    if (up) {
        run->redis_fault[0] = '\0';
        run->redis_up_ms = ps_clock_mono_ms();
        PS_LOG(REDIS_UP, F_INT("reconnects", ps_redis_reconnects(run->daemon.redis)));
        ps_redis_fitness_look(run->daemon.redis_watch);
        ps_heartbeat_beat(run->daemon.heartbeat);
    } else if (is_news(run->redis_fault, err)) {
        PS_LOG(REDIS_DOWN, F_ERR(err));
        ps_failure_log_add(run->daemon.failures, ps_event_name(PS_EVENT_REDIS_DOWN), err, NULL, 0);
    }
    if (run->started && run->program->on_redis != NULL)
        run->program->on_redis(run->self, up);
}

static void on_database(void *cookie, bool up, const struct ps_err *err)
{
    struct run *run = cookie;

    if (up) {
        run->database_fault[0] = '\0';
        run->database_ups++;
        PS_LOG(DB_UP, F_INT("max", run->config.db_pool_max));
    } else if (is_news(run->database_fault, err)) {
        PS_LOG(DB_DOWN, F_ERR(err));
        ps_failure_log_add(run->daemon.failures, ps_event_name(PS_EVENT_DB_DOWN), err, NULL, 0);
    }
    if (run->started && run->program->on_database != NULL)
        run->program->on_database(run->self, up);
}

static void beat_fields(void *cookie, struct ps_fields *fields)
{
    struct run *run = cookie;

    if (run->started && run->program->heartbeat != NULL)
        run->program->heartbeat(run->self, fields);
}

static void on_pulse(void *cookie)
{
    struct run *run = cookie;

    ps_log_flush(false);
    ps_timer_set(run->pulse, PULSE_MS);
}

static void on_grace_over(void *cookie)
{
    struct run *run = cookie;

    if (run->drained) { /* only the heartbeat key is left, and that ends by itself */
        ps_loop_stop(run->daemon.loop, PS_EXIT_OK);
        return;
    }
    PS_LOG(DRAIN_TIMEOUT, F_REAL("grace_seconds", run->config.shutdown_grace_seconds));
    ps_loop_stop(run->daemon.loop, PS_EXIT_FAILED);
}

static void on_terminate(void *cookie, int count)
{
    struct run *run = cookie;

    if (!run->draining) {
        run->draining = true;
        ps_timer_set(run->grace, (int64_t)(run->config.shutdown_grace_seconds * 1000));
    }
    if (run->drained)
        return;
    if (run->program->drain != NULL)
        run->program->drain(run->self, count);
    else
        ps_daemon_drained(&run->daemon);
}

static void on_heartbeat_removed(void *cookie)
{
    struct run *run = cookie;

    ps_loop_stop(run->daemon.loop, PS_EXIT_OK);
}

void ps_daemon_drained(struct ps_daemon *daemon)
{
    struct run *run = (struct run *)daemon;

    if (run->drained)
        return;
    run->drained = true;
    ps_heartbeat_remove(daemon->heartbeat, on_heartbeat_removed, run);
}

static bool open_health(struct run *run, struct ps_err *err)
{
    struct ps_http_server_options options = {
        .host = run->config.health_bind_host,
        .port = (uint16_t)run->config.health_port,
    };
    struct ps_err why;

    run->http = ps_http_server_create(run->daemon.loop, &options, &why);
    if (run->http == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, why.code,
                       "HEALTH_BIND_HOST=\"%s\" HEALTH_PORT=\"%d\": %s", options.host,
                       (int)options.port, why.what);
    run->daemon.http = run->http;
    run->source = (struct ps_health_source){
        .cookie = run,
        .base = read_base,
        .fields = NULL,
        .field_count = 0,
        .reasons = read_reasons,
        .event_reasons = run->program->takes_events ? read_event_reasons : NULL,
        .metrics = set_metrics,
    };
    PS_LOG(HEALTH_LISTEN, F_TEXT("host", options.host),
           F_INT("port", ps_http_server_port(run->http)));
    return true;
}

static bool open_servers(struct run *run, struct ps_err *err)
{
    struct ps_daemon *daemon = &run->daemon;
    char *name = ps_alloc_format("%s:%s", run->program->name, run->instance);
    struct ps_redis_options redis = ps_redis_options_of(&run->config);
    struct ps_pg_options pg = {
        .url = run->config.database_url,
        .url_source = &run->config.database_url,
        .application_name = name,
        .max = (int)run->config.db_pool_max,
        .founds = true, /* whoever comes first */
    };
    bool ok = false;

    redis.client_name = name;
    daemon->redis = ps_redis_create(daemon->loop, &redis, on_redis, run, err);
    if (daemon->redis == NULL)
        goto out;
    daemon->redis_watch = ps_redis_fitness_create(daemon->loop, daemon->redis);
    daemon->failures =
        ps_failure_log_create(daemon->redis, daemon->keys, daemon->metrics, daemon->component);
    daemon->heartbeat = ps_heartbeat_create(daemon->loop, daemon->redis, daemon->keys,
                                            daemon->component, daemon->instance, beat_fields, run);
    if (run->program->needs_database) {
        daemon->pg = ps_pg_create(daemon->loop, &pg, run->program->migrates, on_database, run, err);
        if (daemon->pg == NULL)
            goto out;
    }
    ok = true;
out:
    free(name);
    return ok;
}

/* The order matters: the health port answers before anything is waited for, and the program's part
 * finds everything it may use. */
static bool open_all(struct run *run, struct ps_err *err)
{
    struct ps_daemon *daemon = &run->daemon;

    daemon->loop = ps_loop_create();
    ps_loop_on_terminate(daemon->loop, on_terminate, run);
    run->grace = ps_timer_create(daemon->loop, on_grace_over, run);
    run->pulse = ps_timer_create(daemon->loop, on_pulse, run);
    ps_timer_set(run->pulse, PULSE_MS);
    daemon->keys = ps_keys_create(run->config.redis_key_prefix);
    daemon->metrics = ps_metrics_create();
    ps_metrics_begin(daemon->metrics, run->program->component);
    if (!open_health(run, err) || !open_servers(run, err))
        return false;
    daemon->incidents = ps_incident_monitor_create(
        &(struct ps_incident_monitor_options){ .loop = daemon->loop,
                                               .redis = daemon->redis,
                                               .redis_fitness = daemon->redis_watch,
                                               .pg = daemon->pg,
                                               .keys = daemon->keys,
                                               .instance = daemon->instance,
                                               .cookie = run,
                                               .observe = observe });
    if (!run->program->start(daemon, &run->self, err))
        return false;
    run->started = true;
    run->secrets =
        ps_secret_watch_create(daemon->loop, run->program->component, run->env, &run->config);
    run->source.fields = run->program->fields;
    run->source.field_count = run->program->field_count;
    run->source.field_cookie = run->self;
    run->health = ps_health_server_create(run->http, &run->source, daemon->metrics);
    return true;
}

/* PostgreSQL before Redis: what PostgreSQL still owed ends in failures that are told to Redis. Both
 * before the program's part, which their last callbacks touch. */
static void close_all(struct run *run)
{
    struct ps_daemon *daemon = &run->daemon;

    ps_pg_destroy(daemon->pg);
    ps_redis_destroy(daemon->redis);
    if (run->started && run->program->destroy != NULL)
        run->program->destroy(run->self);
    ps_incident_monitor_destroy(daemon->incidents);
    ps_secret_watch_destroy(run->secrets);
    ps_heartbeat_destroy(daemon->heartbeat);
    ps_redis_fitness_destroy(daemon->redis_watch);
    ps_failure_log_destroy(daemon->failures);
    ps_health_server_destroy(run->health);
    ps_http_server_destroy(run->http);
    ps_metrics_destroy(daemon->metrics);
    ps_keys_destroy(daemon->keys);
    ps_timer_destroy(run->grace);
    ps_timer_destroy(run->pulse);
    ps_loop_destroy(daemon->loop);
    free(run->instance);
    free(run->user_agent);
    ps_config_clear(&run->config);
}

static void set_up(struct run *run, const struct ps_program *program)
{
    const struct ps_config *config = &run->config;
    enum ps_log_level level = PS_LOG_INFO;
    bool known = ps_log_level_parse(config->log_level, &level);

    (void)known; /* the settings table allows the known levels only */
    run->program = program;
    run->instance =
        config->instance_id[0] != '\0' ? ps_alloc_text(config->instance_id) : default_instance();
    run->user_agent = config->user_agent[0] != '\0' ? ps_alloc_text(config->user_agent)
                                                    : ps_alloc_text("paperscout/" PS_VERSION);
    run->started_ms = ps_clock_mono_ms();
    run->daemon = (struct ps_daemon){
        .component = program->component_name,
        .instance = run->instance,
        .user_agent = run->user_agent,
        .launched_ms = ps_clock_wall_ms(),
        .config = config,
    };
    ps_log_setup(level, strcmp(config->log_format, "json") == 0, program->component_name,
                 run->instance);
}

void ps_daemon_refuse(const struct ps_program *program, const struct ps_err *err)
{
    ps_log_setup(PS_LOG_INFO, ps_env_logs_json(NULL), program->component_name, "-");
    log_config_fault(NULL, err);
}

int ps_daemon_run(const struct ps_program *program, struct ps_env *env)
{
    struct run run = { 0 };
    struct ps_err err = { .category = PS_FAILURE_UNKNOWN };
    int status;

    ps_log_setup(PS_LOG_INFO, ps_env_logs_json(env), program->component_name, "-");
    if (!ps_daemon_config(program, env, log_config_fault, NULL, &run.config)) {
        ps_env_slips(env, log_slip, NULL); /* a misspelt name may be what is missing */
        return PS_EXIT_CONFIG;
    }
    run.env = env;
    set_up(&run, program);
    ps_env_slips(env, log_slip, NULL);
    ignore_libpq_variables(program);
    if (open_all(&run, &err)) {
        status = ps_loop_run(run.daemon.loop);
    } else {
        PS_LOG(START_ERROR, F_ERR(&err));
        status = err.category == PS_FAILURE_CONFIGURATION ? PS_EXIT_CONFIG : PS_EXIT_FAILED;
    }
    close_all(&run);
    ps_log_flush(true);
    return status;
}
