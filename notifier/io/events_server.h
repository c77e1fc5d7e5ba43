/* The events port (SLACK_EVENTS_PORT): checks Slack's signature, has the event stored (inbound.h),
 * and answers within 300 ms.
 *
 * Slack disables an app whose answers are slow or fail, and shows an error to the person after 3
 * seconds. So nothing is answered here but "stored"; the command runs afterwards. */
#ifndef PS_NOTIFIER_EVENTS_SERVER_H
#define PS_NOTIFIER_EVENTS_SERVER_H
#include "notifier/io/inbound.h"
#include "shared/core/metrics.h"
#include "shared/io/loop.h"

enum {
    PS_EVENTS_SERVER_BODY_MAX = 1024 * 1024,
    PS_EVENTS_SERVER_PATIENCE_MS =
        200, /* for PostgreSQL; then Slack gets a 503 and sends the event again */
    PS_EVENTS_SERVER_CLICK_MS = 2500 /* the same for an interaction, which Slack sends once */
};

struct ps_events_server;

struct ps_events_server_options {
    struct ps_loop *loop; /* borrowed, as metrics and inbound */
    struct ps_metrics *metrics;
    struct ps_inbound *inbound;
    const char *host;    /* copied */
    char *const *secret; /* where it stands, read for each request: it may be rotated; borrowed */
    uint16_t port;
};

/* err (CONFIGURATION) when the port cannot be bound. */
struct ps_events_server *ps_events_server_create(const struct ps_events_server_options *options,
                                                 struct ps_err *err) PS_MUST_USE;
void ps_events_server_destroy(struct ps_events_server *events_server); /* after pg; NULL is fine */
uint16_t ps_events_server_port(const struct ps_events_server *events_server);
/* From now on every request is answered with 503, so that Slack sends it again, to another
 * notifier. */
void ps_events_server_drain(struct ps_events_server *events_server);

#endif
