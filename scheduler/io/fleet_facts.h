/* What follows from what was read of Redis (fleet_redis.h). read may be NULL: nothing was. */
#ifndef PS_SCHEDULER_FLEET_FACTS_H
#define PS_SCHEDULER_FLEET_FACTS_H
#include "scheduler/core/fleet_incidents.h"

/* Of living instances of a component: how many, or the sum of a field; -1 where they were not read.
 */
int64_t ps_fleet_count(const cJSON *read, const char *component, const char *field);
/* Gives the ids of living schedulers that do not lead. */
cJSON *ps_fleet_standbys(const cJSON *read) PS_MUST_USE;
/* Fills what comes from Redis, by now_ms; text is borrowed from read. */
void ps_fleet_facts(const cJSON *read, struct ps_fleet_facts *facts);

/* Notes in set what read says: who leads and who is alive, and the incidents that programs share.
 */
void ps_fleet_facts_incidents(const cJSON *read, int64_t now_ms, struct ps_incident_set *set);

#endif
