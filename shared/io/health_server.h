/* The routes of the health port: /health, /livez, /readyz, /metrics, and /readyz/events for a
 * program that receives events from outside.
 *
 * Kubernetes, Prometheus and people read them; struct ps_health_source supplies the content. No
 * route waits for a server or scans a table (guarantee 8): a probe must be answered during an
 * outage. /livez depends on nothing but the loop. */
#ifndef PS_IO_HEALTH_SERVER_H
#define PS_IO_HEALTH_SERVER_H
#include "shared/core/health.h"
#include "shared/core/metrics.h"
#include "shared/io/http_server.h"

struct ps_health_server;

struct ps_health_source {
    void *cookie; /* of the functions below */
    /* The port is open to everybody (PUBLIC_PAGE): all but /livez answer 404 to a request that came
     * through a proxy (http_host.h). */
    bool direct_only;
    /* Sets every member of out_base; its text is borrowed until the response is rendered. */
    void (*base)(void *cookie, struct ps_health_base *out_base);
    const struct ps_health_field *fields; /* additional fields of /health */
    size_t field_count;
    void *field_cookie; /* of the fields' functions */
    /* Adds one string for each reason why the program is not ready; no string means ready. */
    void (*reasons)(void *cookie, cJSON *out_reasons);
    /* The same for events from outside. NULL: the program receives none, and /readyz/events is not
     * served. */
    void (*event_reasons)(void *cookie, cJSON *out_reasons);
    /* Sets gauges before they are rendered; may be NULL. */
    void (*metrics)(void *cookie, struct ps_metrics *metrics);
};

/* Adds the routes to server; borrows all three until destroy. /health: always 200. /livez: 200
 * "ok". /readyz and /readyz/events: 200 {"ready":true,"reasons":[]}, or 503 with the reasons.
 * /metrics: at most 0.1 s old. */
struct ps_health_server *ps_health_server_create(struct ps_http_server *server,
                                                 const struct ps_health_source *source,
                                                 struct ps_metrics *metrics) PS_MUST_USE;
/* The routes stay registered: serve no request between this call and ps_http_server_destroy. NULL
 * is fine. */
void ps_health_server_destroy(struct ps_health_server *health);

#endif
