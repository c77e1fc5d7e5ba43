/* Slack's Socket Mode: events and slash commands over WebSocket connections that this notifier
 * opens, so that no public address is needed.
 *
 * An envelope goes the way of a request at the events port (io/inbound.h) and is acknowledged once
 * it is stored. Slack sends again what was not acknowledged, to this notifier or to another one:
 * each replica has a connection of its own, and the keys of the table heard prevent that an event
 * takes effect twice. A connection is replaced before Slack ends it: the new one is in use (hello)
 * before the old one is closed. */
#ifndef PS_NOTIFIER_SOCKET_MODE_H
#define PS_NOTIFIER_SOCKET_MODE_H
#include "notifier/io/inbound.h"
#include "notifier/io/slack_api.h"
#include "shared/io/failure_log.h"

#include <stddef.h>

struct ps_socket_mode;

struct ps_socket_mode_options {
    struct ps_loop *loop; /* borrowed, as api, inbound and failures */
    struct ps_slack_api *api;
    struct ps_inbound *inbound;
    struct ps_failure_log *failures;
    char *const *token;  /* app-level; where it stands, read for each request: it may be rotated */
    const char *api_url; /* copied, as all text */
    const char *user_agent;
    const char *ca_file;          /* as of struct ps_http_options */
    const char *proxy, *no_proxy; /* as of struct ps_http_options */
};

struct ps_socket_mode *
ps_socket_mode_create(const struct ps_socket_mode_options *options) PS_MUST_USE;
/* After pg, whose answers may still come before; before inbound. NULL is fine. */
void ps_socket_mode_destroy(struct ps_socket_mode *mode);
/* Opens no more connections, and closes each once its envelopes are acknowledged. */
void ps_socket_mode_drain(struct ps_socket_mode *mode);
size_t ps_socket_mode_connected(const struct ps_socket_mode *mode); /* connections in use */
/* For how long no connection is in use, since the start too; 0 while one is, and while draining.
 * Gives ${out_why}, borrowed until the loop's next turn: the last failure, or "". */
int64_t ps_socket_mode_down_ms(const struct ps_socket_mode *mode, const char **out_why);

#endif
