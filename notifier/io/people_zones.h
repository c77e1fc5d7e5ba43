/* In which zone a person lives, as Slack's users.info says, for times that people type.
 *
 * Cached, because a person's zone changes seldom: at most PS_PEOPLE_ZONES_MAX people, half a day
 * each. Without the scope users:read, without Slack and without an answer it is UTC. */
#ifndef PS_NOTIFIER_PEOPLE_ZONES_H
#define PS_NOTIFIER_PEOPLE_ZONES_H
#include "notifier/io/slack_api.h"

enum { PS_PEOPLE_ZONES_MAX = 2000, PS_PEOPLE_ZONE_TEXT = 64 };

struct ps_people_zones;

struct ps_people_zone {
    char name[PS_PEOPLE_ZONE_TEXT]; /* "Europe/Berlin"; "UTC" */
    int64_t offset_ms;              /* of its clock now, ahead of UTC */
};

/* Runs once, perhaps before ps_people_zones_ask returns; zone is borrowed for the call. */
typedef void (*ps_people_zone_fn)(void *cookie, const struct ps_people_zone *zone);

/* Borrows all; api NULL: everybody is in UTC. token: where it stands, read for each request. */
struct ps_people_zones *ps_people_zones_create(struct ps_loop *loop, struct ps_slack_api *api,
                                               char *const *token) PS_MUST_USE;
void ps_people_zones_destroy(struct ps_people_zones *zones); /* after the api; NULL is fine */
void ps_people_zones_ask(struct ps_people_zones *zones, const char *user, ps_people_zone_fn fn,
                         void *cookie);

#endif
