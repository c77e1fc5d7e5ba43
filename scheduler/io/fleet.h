/* The fleet as the status page shows it.
 *
 * Reads Redis, PostgreSQL and this scheduler's own memory on timers, and keeps finished JSON, so
 * that a request reads memory only: a hundred open pages cost the servers no more than one
 * (guarantee 8). Every scheduler serves it, standbys too. */
#ifndef PS_SCHEDULER_FLEET_H
#define PS_SCHEDULER_FLEET_H
#include "shared/core/json.h"

#include <stdint.h>

/* Members of /api/fleet, and events of /api/fleet/events (scheduler/page/README.md). */
#define PS_FLEET_PARTS(PS_X)                                                                       \
    PS_X(NOW, "now")                                                                               \
    PS_X(INSTANCES, "instances")                                                                   \
    PS_X(DAY, "day")                                                                               \
    PS_X(RECENT, "recent")                                                                         \
    PS_X(FAILED, "failed")

enum ps_fleet_part {
#define PS_X(id, name) PS_FLEET_##id,
    PS_FLEET_PARTS(PS_X)
#undef PS_X
        PS_FLEET_PART_COUNT
};

struct ps_fleet;
struct ps_scheduler_state;

/* state is borrowed. */
struct ps_fleet *ps_fleet_create(const struct ps_scheduler_state *state) PS_MUST_USE;
void ps_fleet_destroy(struct ps_fleet *fleet); /* after redis and pg are gone; NULL is fine */

/* fn runs on the loop each time the parts were made again: about once a second while somebody
 * looks. */
void ps_fleet_on_change(struct ps_fleet *fleet, void (*fn)(void *cookie), void *cookie);
/* Somebody looks at the page: reads every second for a while (fleet.c, OFTEN_MS). */
void ps_fleet_looked_at(struct ps_fleet *fleet);

struct ps_reader_fleet;
/* What the readers' pages say of the fleet, as of the last reading; the counts of finds stay. */
void ps_fleet_reader(const struct ps_fleet *fleet, struct ps_reader_fleet *out_fleet);

const char *ps_fleet_part_name(enum ps_fleet_part part); /* its name in PS_FLEET_PARTS; static */
/* Returns the JSON of part, borrowed until the next change. *out_version grows with each new text.
 */
const char *ps_fleet_text(const struct ps_fleet *fleet, enum ps_fleet_part part,
                          uint64_t *out_version);

#endif
