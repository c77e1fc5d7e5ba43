/* The common main of the three programs: arguments, settings, wiring order, drain, exit codes. */
#ifndef PS_IO_DAEMON_H
#define PS_IO_DAEMON_H

#include "shared/core/config.h"
#include "shared/core/health.h"
#include "shared/core/keys.h"
#include "shared/core/metrics.h"
#include "shared/io/failure_log.h"
#include "shared/io/heartbeat.h"
#include "shared/io/http_client.h"
#include "shared/io/http_server.h"
#include "shared/io/incident_monitor.h"
#include "shared/io/pg.h"
#include "shared/io/redis.h"
#include "shared/io/redis_fitness.h"

#include <stddef.h>

/* Exit statuses (design, Commands; 64, 69 and 78 as in sysexits.h). */
enum {
    PS_EXIT_OK = 0,
    PS_EXIT_FAILED = 1,
    PS_EXIT_USAGE = 64,
    PS_EXIT_UNAVAILABLE = 69,
    PS_EXIT_CONFIG = 78
};

/* What a running daemon has; all borrowed by the program's own part. Text lives as long as the
 * daemon. */
struct ps_daemon {
    const char *component; /* "scheduler" */
    const char *instance;
    const char *user_agent;
    int64_t launched_ms; /* wall clock */
    const struct ps_config *config;
    struct ps_keys *keys;
    struct ps_loop *loop;
    struct ps_metrics *metrics;
    struct ps_redis *redis; /* the command connection */
    struct ps_redis_fitness *redis_watch;
    struct ps_pg *pg; /* NULL where the program has no database */
    struct ps_failure_log *failures;
    struct ps_heartbeat *heartbeat;
    struct ps_incident_monitor *incidents;
    struct ps_http_server *http; /* the health port: a program may serve more there */
};

struct ps_command {
    const char *name;
    const char *synopsis; /* "plan --index FILE [--cycle N]" */
    const char *help;     /* paragraphs for --help; lines up to 80 columns */
    /* argv[0] is the command's name. env is the getter for settings the command wants
     * (ps_config_load). Returns an exit status. */
    int (*run)(int argc, char **argv, void *env);
};

struct ps_program {
    unsigned component; /* enum ps_component */
    const char *name;   /* "paperscout-scheduler" */
    const char *component_name;
    const char *summary; /* one line */
    const struct ps_command *commands;
    size_t command_count;
    bool needs_database;
    bool migrates;
    bool takes_events; /* from outside; it then answers /readyz/events */
    bool own_http;     /* unused by the daemon; the program makes its own clients */

    /* Start the program's own part once everything in daemon exists (nothing needs to be up yet).
     * false: exit with err. */
    bool (*start)(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
    void (*on_redis)(void *self, bool up);    /* may be NULL */
    void (*on_database)(void *self, bool up); /* may be NULL */
    /* SIGTERM, count as in ps_signal_fn: stop the intake, finish or hand back, then call
     * ps_daemon_drained. After the grace period the daemon ends anyway. */
    void (*drain)(void *self, int count);
    void (*destroy)(void *self); /* after redis and pg are gone: no callback comes any more */
    /* For the health server; cookie is self. */
    const struct ps_health_field *fields;
    size_t field_count;
    bool (*stuck)(void *self);
    void (*reasons)(void *self, cJSON *out_reasons); /* beyond Redis and PostgreSQL */
    void (*set_metrics)(void *self, struct ps_metrics *metrics);
    void (*heartbeat)(void *self, struct ps_fields *fields);
    /* Notes what this program knows of incidents, beyond Redis, PostgreSQL, stuck and not ready. */
    void (*incidents)(void *self, struct ps_incident_set *set); /* may be NULL */
};

/* main() of every program: `prog` runs the daemon, `prog COMMAND …` a command; --help, --version,
 * check-config are common. */
int ps_daemon_main(const struct ps_program *program, int argc, char **argv);
/* The program has let go of everything: leave the loop with exit status 0. */
void ps_daemon_drained(struct ps_daemon *daemon);

#endif
