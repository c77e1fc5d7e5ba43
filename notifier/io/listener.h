/* The events port: what Slack sends is checked, written down, and answered within 300 ms. */
#ifndef PS_NOTIFIER_LISTENER_H
#define PS_NOTIFIER_LISTENER_H
#include "notifier/core/slack_event.h"
#include "shared/core/metrics.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"

enum {
    PS_LISTENER_BODY_MAX = 1024 * 1024,
    PS_LISTENER_PATIENCE_MS = 200 /* for PostgreSQL; then Slack is asked to come again */
};

struct ps_listener;

struct ps_listener_options {
    struct ps_loop *loop; /* borrowed, as pg and metrics */
    struct ps_pg *pg;
    struct ps_metrics *metrics;
    const char *host, *secret; /* copied */
    uint16_t port;
    void *cookie;
    /* It lies in the table heard and is to be answered now; borrowed for the call. */
    void (*heard)(void *cookie, const struct ps_heard *heard);
};

/* err (CONFIGURATION) when the port cannot be bound. */
struct ps_listener *ps_listener_create(const struct ps_listener_options *options,
                                       struct ps_err *err) PS_MUST_USE;
void ps_listener_destroy(struct ps_listener *listener); /* after pg; NULL is fine */
uint16_t ps_listener_port(const struct ps_listener *listener);
/* From now on Slack is told to come again later, to another of us. */
void ps_listener_drain(struct ps_listener *listener);

#endif
