/* How the daemon is: the content of /health, /readyz, /readyz/events and /metrics, and the
 * incidents that every program observes.
 *
 * The daemon updates the facts in `struct ps_daemon_status`; health_server.h asks for the answers.
 * All functions read memory only. They never wait for a server, because a readiness probe must be
 * answered during an outage (guarantee 8).
 *
 * Readiness and `stuck` drive Kubernetes: a false "not ready" stops a rolling update, a false
 * "stuck" restarts pods. Add a reason only for a condition that ends by itself or that an operator
 * must remove. */
#ifndef PS_IO_DAEMON_STATUS_H
#define PS_IO_DAEMON_STATUS_H
#include "shared/io/health_server.h"
#include "shared/io/program.h"

/* Held by the daemon, which sets the members down to draining. */
struct ps_daemon_status {
    const struct ps_daemon *daemon;   /* borrowed */
    const struct ps_program *program; /* borrowed */
    void *self;                       /* the program's own part, for its callbacks */
    int64_t started_ms;               /* monotonic */
    int64_t redis_up_ms;              /* monotonic: when the present Redis connection came up */
    uint64_t database_ups;            /* how often PostgreSQL came up */
    bool started;                     /* the program's start returned true; self may be NULL */
    bool draining;
    /* Private to this module. */
    bool was_ready;                   /* the program was ready once since its start */
    struct ps_incident_set incidents; /* as reported last */
    double tls_refused;               /* refused certificates, as counted last */
    int64_t tls_refused_ms;           /* monotonic; 0: never */
};

/* Returns the callbacks for the health server, without the program's fields. The cookie is status.
 */
struct ps_health_source ps_daemon_status_source(struct ps_daemon_status *status);

/* Notes in set the incidents of this program: stuck, not ready, certificates, and the program's
 * own. A callback of incident_monitor.h; the cookie is the status. */
void ps_daemon_status_observe(void *cookie, struct ps_incident_set *set);

#endif
