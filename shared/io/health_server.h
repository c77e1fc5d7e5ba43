/* /health, /livez, /readyz and /metrics of one program, and /readyz/events of one that takes events
 * from outside. None of them waits for a server or scans a table (guarantee 8). */
#ifndef PS_IO_HEALTH_SERVER_H
#define PS_IO_HEALTH_SERVER_H
#include "shared/core/health.h"
#include "shared/core/metrics.h"
#include "shared/io/http_server.h"

struct ps_health_server;

struct ps_health_source {
    void *cookie; /* given to every function below, the fields' apart */
    void (*base)(void *cookie,
                 struct ps_health_base
                     *out_base); /* fills all fields; their text is borrowed for the answer */
    const struct ps_health_field *fields;
    size_t field_count;
    void *field_cookie;
    void (*reasons)(void *cookie, cJSON *out_reasons); /* adds a string for each reason why the
                                                          program is not ready; none: ready */
    void (*event_reasons)(void *cookie,
                          cJSON *out_reasons); /* the same for events from outside; NULL: the
                                                  program takes none, and has no such path */
    void (*metrics)(void *cookie,
                    struct ps_metrics *metrics); /* sets gauges before they are rendered */
};

/* Borrows server, source and metrics. /health: always 200. /livez: 200 "ok". /readyz: 200
 * {"ready":true,"reasons":[]} or 503 with reasons; /readyz/events answers alike. /metrics: at most
 * 0.1 s old. */
struct ps_health_server *ps_health_server_create(struct ps_http_server *server,
                                                 const struct ps_health_source *source,
                                                 struct ps_metrics *metrics) PS_MUST_USE;
void ps_health_server_destroy(struct ps_health_server *health);

#endif
