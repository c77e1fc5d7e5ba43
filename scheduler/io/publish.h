/* Publishes the running cycle's open probes to the tasks stream, batch by batch (promise 3). */
#ifndef PS_SCHEDULER_PUBLISH_H
#define PS_SCHEDULER_PUBLISH_H
#include "scheduler/io/leadership.h"

enum { PS_PUBLISH_BATCH = 250 /* tasks a script call */ };

struct ps_publish;

/* There is no room for the cycle's open probes at position from and above, all of them cold; or an
 * operator paused probing. */
typedef void (*ps_publish_crowded_fn)(void *cookie, size_t from, const char *why);

struct ps_publish *ps_publish_create(struct ps_leadership *leadership,
                                     ps_publish_crowded_fn crowded, void *cookie) PS_MUST_USE;
void ps_publish_destroy(struct ps_publish *publish); /* after redis is gone; NULL is fine */
/* Opens office->run's cycle in Redis and publishes what is open from there on. Publishing again
 * what is in the stream, or settled, adds nothing; so it may be started as often as one likes. Goes
 * on until all is published, across outages of Redis. Cold ones are spread over COLD_SPREAD_RATIO
 * of the interval; before each batch of them it looks at the stream's length and at Redis' memory,
 * and where there is no room it stops and says so. */
void ps_publish_start(struct ps_publish *publish);
void ps_publish_stop(struct ps_publish *publish);
/* leadership->probing_paused was set: what is not published yet is given to the crowded function at
 * once, and not when its turn comes. */
void ps_publish_paused(struct ps_publish *publish);

#endif
