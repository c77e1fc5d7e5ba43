/* The incidents that a scheduler can observe, and how it reports them to people. */
#ifndef PS_SCHEDULER_SCHEDULER_INCIDENTS_H
#define PS_SCHEDULER_SCHEDULER_INCIDENTS_H
#include "scheduler/core/fleet_incidents.h"
#include "shared/io/alarm.h"

struct ps_outbox_relay;
struct ps_scheduler_state;

/* Fills the facts from what the timers read of Redis and PostgreSQL; all borrowed. */
void ps_scheduler_facts(const struct ps_scheduler_state *state, struct ps_fleet_facts *out_facts);
/* For ps_program. */
void ps_scheduler_incidents(void *self, struct ps_incident_set *set);
/* Reports incidents to people from now on. Borrows state. */
struct ps_alarms *ps_scheduler_alarms_create(struct ps_scheduler_state *state) PS_MUST_USE;

#endif
