/* When each name was probed last: a hash table from the key of a draft (sighting.h) to a time (wall
 * clock ms). A mirror of the table probe_times, all that the adaptive planner remembers. Pure. */
#ifndef PS_SCHEDULER_PROBE_TIMES_H
#define PS_SCHEDULER_PROBE_TIMES_H
#include "scheduler/core/sighting.h"

struct ps_probe_times;

struct ps_probe_times *ps_probe_times_create(void) PS_MUST_USE; /* empty */
void ps_probe_times_destroy(struct ps_probe_times *times);      /* NULL is fine */
void ps_probe_times_set(struct ps_probe_times *times, ps_draft_key key, int64_t at_ms);
/* Returns 0 if the name was never probed. */
int64_t ps_probe_times_get(const struct ps_probe_times *times, ps_draft_key key);
size_t ps_probe_times_len(const struct ps_probe_times *times); /* names with a time */

#endif
