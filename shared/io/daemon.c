#include "shared/io/daemon.h"

#include "shared/core/alloc.h"
#include "shared/io/background.h"
#include "shared/io/clock.h"
#include "shared/io/daemon_config.h"
#include "shared/io/daemon_status.h"
#include "shared/io/health_server.h"
#include "shared/io/log.h"
#include "shared/io/secret_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOG_FLUSH_MS = 1000,
    PG_IDLE_LEADER_MS = 14 * 1000, /* of the program that writes most */
    PG_IDLE_MS = 28 * 1000
};

/* The text of the error that was logged last for a server. */
typedef char last_fault[sizeof(((struct ps_err *)NULL)->what)];

struct run {
    struct ps_daemon daemon; /* must be first: ps_daemon_drained converts its address back */
    const struct ps_program *program;
    struct ps_config config;
    char *instance;
    char *user_agent;
    struct ps_env *env; /* borrowed */
    struct ps_secret_watch *secrets;
    struct ps_daemon_status status;
    struct ps_health_source health_source;
    struct ps_health_server *health;
    struct ps_timer *grace;
    struct ps_timer *log_flush;
    bool drained;
    last_fault redis_fault;
    last_fault database_fault;
};

static void log_config_error(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    PS_LOG(CONFIG_ERROR, F_ERR(err));
}

static void log_misspelt_setting(void *cookie, const char *name, const char *nearest,
                                 const char *text)
{
    (void)cookie;
    PS_LOG(CONFIG_WARNING, F_TEXT("name", name), F_TEXT("nearest", nearest), F_TEXT("what", text));
}

/* Runs after .env was read: a ${PGPASSWORD} in it is the operator's choice and has been expanded.
 */
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

/* The reconnect timer runs as long as a server is away. Log an error once and not on each attempt.
 */
static bool is_new_fault(last_fault last, const struct ps_err *err)
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
        run->status.redis_up_ms = ps_clock_mono_ms();
        PS_LOG(REDIS_UP, F_INT("reconnects", ps_redis_reconnects(run->daemon.redis)));
        ps_redis_fitness_look(run->daemon.redis_fitness);
        ps_heartbeat_beat(run->daemon.heartbeat);
    } else if (is_new_fault(run->redis_fault, err)) {
        PS_LOG(REDIS_DOWN, F_ERR(err));
        ps_failure_log_add(run->daemon.failures, ps_event_name(PS_EVENT_REDIS_DOWN), err, NULL, 0);
    }
    if (run->status.started && run->program->on_redis != NULL)
        run->program->on_redis(run->status.self, up);
}

static void on_database(void *cookie, bool up, const struct ps_err *err)
{
    struct run *run = cookie;

    if (up) {
        run->database_fault[0] = '\0';
        run->status.database_ups++;
        PS_LOG(DB_UP, F_INT("max", run->config.db_pool_max));
    } else if (is_new_fault(run->database_fault, err)) {
        PS_LOG(DB_DOWN, F_ERR(err));
        ps_failure_log_add(run->daemon.failures, ps_event_name(PS_EVENT_DB_DOWN), err, NULL, 0);
    }
    if (run->status.started && run->program->on_database != NULL)
        run->program->on_database(run->status.self, up);
}

static void add_heartbeat_fields(void *cookie, struct ps_fields *fields)
{
    struct run *run = cookie;

    if (run->status.started && run->program->heartbeat != NULL)
        run->program->heartbeat(run->status.self, fields);
}

static void on_log_flush(void *cookie)
{
    struct run *run = cookie;

    ps_log_flush(false);
    ps_timer_set_about(run->log_flush, LOG_FLUSH_MS);
}

/* Shutdown: SIGTERM, then the program's drain, then ps_daemon_drained, then the heartbeat key is
 * removed, then the last spans are sent, then the loop stops. The grace timer limits the whole
 * sequence. */

static void on_terminate(void *cookie, int count)
{
    struct run *run = cookie;

    if (!run->status.draining) {
        run->status.draining = true;
        ps_timer_set(run->grace, (int64_t)(run->config.shutdown_grace_seconds * 1000));
    }
    if (run->drained)
        return;
    if (run->program->drain != NULL)
        run->program->drain(run->status.self, count);
    else
        ps_daemon_drained(&run->daemon);
}

static void on_flushed(void *cookie)
{
    struct run *run = cookie;

    ps_loop_stop(run->daemon.loop, PS_EXIT_OK);
}

static void on_heartbeat_removed(void *cookie)
{
    struct run *run = cookie;

    if (run->daemon.tracer != NULL)
        ps_tracer_flush(run->daemon.tracer, on_flushed, run);
    else
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

static void on_grace_over(void *cookie)
{
    struct run *run = cookie;

    if (run->drained) { /* all work is done; only the heartbeat key is left, and it expires */
        ps_loop_stop(run->daemon.loop, PS_EXIT_OK);
        return;
    }
    PS_LOG(DRAIN_TIMEOUT, F_REAL("grace_seconds", run->config.shutdown_grace_seconds));
    ps_loop_stop(run->daemon.loop, PS_EXIT_FAILED);
}

static void on_heartbeat_written(void *cookie, const struct ps_err *err)
{
    struct run *run = cookie;

    ps_incident_monitor_wrote(run->daemon.incidents, err);
}

static bool open_health_port(struct run *run, struct ps_err *err)
{
    struct ps_http_server_options options = {
        .host = run->config.health_bind_host,
        .port = (uint16_t)run->config.health_port,
        .check_host = true,
        .host_names = run->config.health_host_names,
    };
    struct ps_err cause;

    run->daemon.http = ps_http_server_create(run->daemon.loop, &options, &cause);
    if (run->daemon.http == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, cause.code,
                       "HEALTH_BIND_HOST=\"%s\" HEALTH_PORT=\"%d\": %s", options.host,
                       (int)options.port, cause.what);
    PS_LOG(HEALTH_LISTEN, F_TEXT("host", options.host),
           F_INT("port", ps_http_server_port(run->daemon.http)));
    return true;
}

static bool connect_servers(struct run *run, struct ps_err *err)
{
    struct ps_daemon *daemon = &run->daemon;
    char *name = ps_alloc_format("%s:%s", run->program->name, run->instance);
    struct ps_redis_options redis = ps_redis_options_of(&run->config);
    struct ps_pg_options pg = {
        .url = run->config.database_url,
        .url_source = &run->config.database_url,
        .application_name = name,
        .max = (int)run->config.db_pool_max,
        .founds = true, /* the first program to start creates the schema */
    };
    bool ok = false;

    redis.client_name = name;
    daemon->redis = ps_redis_create(daemon->loop, &redis, on_redis, run, err);
    if (daemon->redis == NULL)
        goto out;
    daemon->signals = ps_signals_create(daemon->loop, &redis, daemon->redis, daemon->keys, err);
    if (daemon->signals == NULL)
        goto out;
    daemon->redis_fitness = ps_redis_fitness_create(daemon->loop, daemon->redis);
    daemon->failures =
        ps_failure_log_create(daemon->redis, daemon->keys, daemon->metrics, daemon->component);
    daemon->heartbeat =
        ps_heartbeat_create(daemon->loop, daemon->redis, daemon->keys, daemon->component,
                            daemon->instance, add_heartbeat_fields, run);
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

/* The order matters. The health port opens before any connection starts, so that a port in use ends
 * the start at once; the program starts when everything it may use exists; the routes are added
 * last, because they call the program. */
static bool open_all(struct run *run, struct ps_err *err)
{
    struct ps_daemon *daemon = &run->daemon;

    daemon->loop = ps_loop_create();
    daemon->background = ps_background_create(daemon->loop);
    ps_loop_on_terminate(daemon->loop, on_terminate, run);
    run->grace = ps_timer_create(daemon->loop, on_grace_over, run);
    run->log_flush = ps_timer_create(daemon->loop, on_log_flush, run);
    ps_timer_set_about(run->log_flush, LOG_FLUSH_MS);
    daemon->keys = ps_keys_create(run->config.redis_key_prefix);
    daemon->metrics = ps_metrics_create();
    ps_metrics_begin(daemon->metrics, run->program->component);
    daemon->tracer =
        ps_tracer_create(&(struct ps_tracer_options){ .loop = daemon->loop,
                                                      .metrics = daemon->metrics,
                                                      .config = daemon->config,
                                                      .program = run->program->name,
                                                      .instance = daemon->instance,
                                                      .user_agent = daemon->user_agent });
    if (!open_health_port(run, err) || !connect_servers(run, err))
        return false;
    daemon->incidents = ps_incident_monitor_create(&(struct ps_incident_monitor_options){
        .loop = daemon->loop,
        .redis = daemon->redis,
        .redis_fitness = daemon->redis_fitness,
        .pg = daemon->pg,
        .signals = daemon->signals,
        .keys = daemon->keys,
        .instance = daemon->instance,
        .pg_idle_ms = run->program->migrates ? PG_IDLE_LEADER_MS : PG_IDLE_MS,
        .patient = daemon->pg == NULL,
        .cookie = &run->status,
        .observe = ps_daemon_status_observe });
    ps_heartbeat_on_write(daemon->heartbeat, on_heartbeat_written, run);
    if (!run->program->start(daemon, &run->status.self, err))
        return false;
    run->status.started = true;
    run->secrets =
        ps_secret_watch_create(daemon->loop, run->program->component, run->env, &run->config);
    run->health_source = ps_daemon_status_source(&run->status);
    run->health_source.fields = run->program->fields;
    run->health_source.field_count = run->program->field_count;
    run->health_source.field_cookie = run->status.self;
    run->health_source.direct_only = run->config.public_page;
    run->health = ps_health_server_create(daemon->http, &run->health_source, daemon->metrics);
    return true;
}

/* PostgreSQL closes before Redis: its outstanding requests fail now, and those failures are written
 * to Redis. Both close before the program's own part, because their last callbacks still use it; so
 * do the jobs in the background. */
static void close_all(struct run *run)
{
    struct ps_daemon *daemon = &run->daemon;

    ps_pg_destroy(daemon->pg);
    ps_signals_destroy(daemon->signals);
    daemon->signals = NULL; /* callbacks of redis may still send */
    ps_redis_destroy(daemon->redis);
    ps_background_destroy(daemon->background);
    if (run->status.started && run->program->destroy != NULL)
        run->program->destroy(run->status.self);
    ps_incident_monitor_destroy(daemon->incidents);
    ps_secret_watch_destroy(run->secrets);
    ps_heartbeat_destroy(daemon->heartbeat);
    ps_redis_fitness_destroy(daemon->redis_fitness);
    ps_failure_log_destroy(daemon->failures);
    ps_health_server_destroy(run->health);
    ps_http_server_destroy(daemon->http);
    ps_tracer_destroy(daemon->tracer);
    ps_metrics_destroy(daemon->metrics);
    ps_keys_destroy(daemon->keys);
    ps_timer_destroy(run->grace);
    ps_timer_destroy(run->log_flush);
    ps_loop_destroy(daemon->loop);
    free(run->instance);
    free(run->user_agent);
    ps_config_clear(&run->config);
}

/* Returns "<host name>-<process id>". Characters of the host name that are not safe in keys and log
 * lines become '-'. */
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

static void describe_run(struct run *run, const struct ps_program *program)
{
    const struct ps_config *config = &run->config;
    enum ps_log_level level = PS_LOG_INFO;
    bool known = ps_log_level_parse(config->log_level, &level);

    (void)known; /* the settings table allows the known levels only */
    run->program = program;
    run->instance =
        config->instance_id[0] != '\0' ? ps_alloc_text(config->instance_id) : default_instance();
    run->user_agent = ps_alloc_text(config->user_agent[0] != '\0' ? config->user_agent
                                                                  : "paperscout/" PS_VERSION);
    run->daemon = (struct ps_daemon){
        .component = program->component_name,
        .instance = run->instance,
        .user_agent = run->user_agent,
        .launched_ms = ps_clock_wall_ms(),
        .config = config,
    };
    run->status = (struct ps_daemon_status){
        .daemon = &run->daemon,
        .program = program,
        .started_ms = ps_clock_mono_ms(),
    };
    ps_log_setup(level, strcmp(config->log_format, "json") == 0, program->component_name,
                 run->instance);
}

void ps_daemon_log_unreadable_settings(const struct ps_program *program, const struct ps_err *err)
{
    ps_log_setup(PS_LOG_INFO, ps_env_logs_json(NULL), program->component_name, "-");
    log_config_error(NULL, err);
}

int ps_daemon_run(const struct ps_program *program, struct ps_env *env)
{
    struct run run = { 0 };
    struct ps_err err = { .category = PS_FAILURE_UNKNOWN };
    int status;

    ps_log_setup(PS_LOG_INFO, ps_env_logs_json(env), program->component_name, "-");
    if (!ps_daemon_config_load(program->component, program->needs_database, env, log_config_error,
                               NULL, &run.config)) {
        ps_env_misspelt(env, log_misspelt_setting, NULL); /* may explain why a setting is missing */
        return PS_EXIT_CONFIG;
    }
    run.env = env;
    describe_run(&run, program);
    ps_env_misspelt(env, log_misspelt_setting, NULL);
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
