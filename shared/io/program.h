/* What a program hands to the daemon and what the daemon hands back.
 *
 * Each of the three programs describes itself in one constant `struct ps_program` (main.c). The
 * daemon (daemon.h) creates the loop, the connections and the health port, fills `struct ps_daemon`
 * and calls `start`. From then on it calls the program's functions from the loop, always with the
 * pointer that `start` returned.
 *
 * This header holds types only, so that the command line (program_main.h), the daemon and its
 * status (daemon_status.h) depend on the types and not on one another. Exit statuses are part of
 * the contract: scripts and manifests compare them. */
#ifndef PS_IO_PROGRAM_H
#define PS_IO_PROGRAM_H

#include "shared/core/command_table.h"
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
#include "shared/io/signals.h"
#include "shared/io/tracer.h"

#include <stddef.h>

/* 64, 69 and 78 have the values of sysexits.h. */
enum {
    PS_EXIT_OK = 0,
    PS_EXIT_FAILED = 1,
    PS_EXIT_USAGE = 64,
    PS_EXIT_UNAVAILABLE = 69,
    PS_EXIT_CONFIG = 78
};

/* Everything that the daemon created. The program borrows all of it until its `destroy` returns;
 * redis and pg are already destroyed when `destroy` runs. */
struct ps_background;

struct ps_daemon {
    const char *component; /* "scheduler" */
    const char *instance;
    const char *user_agent;
    int64_t launched_ms; /* wall clock */
    const struct ps_config *config;
    struct ps_keys *keys;
    struct ps_loop *loop;
    struct ps_background *background; /* computations that are too long for the loop */
    struct ps_metrics *metrics;
    struct ps_redis *redis; /* for commands that return at once; a blocking read needs its own */
    struct ps_redis_fitness *redis_fitness;
    struct ps_pg *pg;           /* NULL if the program has no database */
    struct ps_signals *signals; /* between programs; NULL while the daemon closes */
    struct ps_failure_log *failures;
    struct ps_heartbeat *heartbeat;
    struct ps_incident_monitor *incidents;
    struct ps_http_server *http; /* the health port; the program may add routes */
    struct ps_tracer *tracer;    /* NULL if no traces are sent */
};

struct ps_command {
    const struct ps_command_text *text; /* name, usage and help: a row of shared/core/command.def */
    /* argv[0] is the command's name; env is the cookie for ps_env_get. Returns an exit status. */
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
    bool migrates;     /* may change an existing schema */
    bool takes_events; /* receives events from outside, so it serves /readyz/events */

    /* Starts the program's own part. Everything in daemon exists, but no server needs to be
     * reachable yet. On false the process exits with err. */
    bool (*start)(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
    void (*on_redis)(void *self, bool up);    /* may be NULL */
    void (*on_database)(void *self, bool up); /* may be NULL */
    /* Runs for each SIGTERM or SIGINT; count as in ps_signal_fn. Stop the intake, finish the work
     * or return it, then call ps_daemon_drained. The daemon ends when the grace period is over in
     * any case. NULL: nothing to drain. */
    void (*drain)(void *self, int count);
    /* Runs after redis and pg are destroyed: no callback arrives any more. */
    void (*destroy)(void *self);
    const struct ps_health_field *fields; /* the program's part of /health; cookie is self */
    size_t field_count;
    bool (*stuck)(void *self); /* the program has work, could do it, and makes no progress */
    /* Adds one string for each reason why the program is not ready, other than Redis and
     * PostgreSQL. */
    void (*reasons)(void *self, cJSON *out_reasons);
    void (*set_metrics)(void *self, struct ps_metrics *metrics);
    void (*heartbeat)(void *self, struct ps_fields *fields);
    /* Notes the incidents that this program can observe, other than Redis, PostgreSQL, stuck and
     * not ready. May be NULL. */
    void (*incidents)(void *self, struct ps_incident_set *set);
};

#endif
