/* The scheduler as a program: elects, polls, publishes, ingests, tells (design, "One way round").
 */
#ifndef PS_SCHEDULER_SCHEDULER_H
#define PS_SCHEDULER_SCHEDULER_H
#include "scheduler/io/election.h"
#include "scheduler/io/leadership.h"
#include "scheduler/io/stats.h"

struct ps_alarms;
struct ps_outbox_relay;
struct ps_scheduler;

/* For struct ps_program. */
bool ps_scheduler_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err);
void ps_scheduler_drain(void *self, int count);
void ps_scheduler_destroy(void *self);
bool ps_scheduler_stuck(void *self);

const struct ps_daemon *ps_scheduler_daemon(const struct ps_scheduler *scheduler);
const struct ps_leadership *ps_scheduler_leadership(const struct ps_scheduler *scheduler);
const struct ps_election *ps_scheduler_election(const struct ps_scheduler *scheduler);
const struct ps_stats_now *ps_scheduler_stats(const struct ps_scheduler *scheduler);
/* Wall clock: since when somebody leads and this scheduler runs; a poll is missed only after that.
 */
int64_t ps_scheduler_settled_ms(const struct ps_scheduler *scheduler);
int64_t
ps_scheduler_recovered_ms(const struct ps_scheduler *scheduler); /* from an outage; 0: none */
struct ps_daemon *ps_scheduler_own_daemon(struct ps_scheduler *scheduler);
struct ps_alarms *ps_scheduler_alarms(const struct ps_scheduler *scheduler);
struct ps_outbox_relay *ps_scheduler_relay(const struct ps_scheduler *scheduler);

#endif
