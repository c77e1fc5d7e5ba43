/* Facts that follow from a reading of Redis (fleet_redis.h), for the page, `status` and incidents.
 * read may be NULL: nothing was read. */
#ifndef PS_SCHEDULER_FLEET_FACTS_H
#define PS_SCHEDULER_FLEET_FACTS_H
#include "scheduler/core/fleet_incidents.h"

/* Returns how many instances of a component live, or the sum of a field over them; -1 if they were
 * not read. */
int64_t ps_fleet_count(const cJSON *read, const char *component, const char *field);
/* Gives the ids of the living schedulers that do not lead. */
cJSON *ps_fleet_standbys(const cJSON *read) PS_MUST_USE;
/* Fills the facts that come from Redis. Text is borrowed from read. */
void ps_fleet_facts(const cJSON *read, struct ps_fleet_facts *facts);

/* Notes in set who leads and who is alive, and the incidents that other programs share. */
void ps_fleet_facts_incidents(const cJSON *read, int64_t now_ms, struct ps_incident_set *set);

#endif
