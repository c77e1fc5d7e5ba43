/* The notifier's wiring: creates and connects the sink, the sender, the claims, the events server
 * and the command runner, and drains them in order. It holds no rule: core/channel_queues decides
 * what is sent, core/user_command what a command means. */
#ifndef PS_NOTIFIER_NOTIFIER_H
#define PS_NOTIFIER_NOTIFIER_H
#include "notifier/core/channel_queues.h"
#include "shared/io/daemon.h"

enum { PS_NOTIFIER_STUCK_MS = 30 * 1000 };

struct ps_notifier;

/* The functions of struct ps_program (contracts: program.h), for main.c and tests. */
bool ps_notifier_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
void ps_notifier_on_server(void *self, bool up); /* Redis or PostgreSQL */
/* Stops taking messages, finishes the requests in flight, returns the other messages to the list.
 */
void ps_notifier_drain(void *self, int count);
void ps_notifier_destroy(void *self);

/* What the health fields read. */
size_t ps_notifier_sockets(const struct ps_notifier *notifier);    /* Socket Mode, in use */
int64_t ps_notifier_depth(const struct ps_notifier *notifier);     /* in the list, and held by it */
bool ps_notifier_backpressure(const struct ps_notifier *notifier); /* core/backpressure.h */
const struct ps_channel_queues *
ps_notifier_queues(const struct ps_notifier *notifier);                         /* borrowed */
const struct ps_daemon *ps_notifier_daemon(const struct ps_notifier *notifier); /* borrowed */
/* Returns whether messages could be sent and none made progress for PS_NOTIFIER_STUCK_MS. */
bool ps_notifier_stuck(void *self);
int64_t
ps_notifier_oldest_ms(const struct ps_notifier *notifier); /* age of the oldest message held */
void ps_notifier_incidents(void *self, struct ps_incident_set *set); /* for ps_program */

#endif
