/* Publishes the open probes of the running cycle to the stream `tasks`, batch by batch.
 *
 * Publishing is idempotent: the hash `cycle` in Redis says how far the plan has been published, so
 * a batch whose answer was lost, or a new leader, adds nothing twice (guarantee 3). Cold probes
 * are spread over the interval, and left out if Redis has no room. */
#ifndef PS_SCHEDULER_PUBLISH_H
#define PS_SCHEDULER_PUBLISH_H
#include "scheduler/io/leadership.h"

enum { PS_PUBLISH_BATCH = 250 /* tasks in one script call */ };

struct ps_publish;

/* There is no room for the open probes at position from and above, all of them cold, or an
 * operator paused probing. */
typedef void (*ps_publish_crowded_fn)(void *cookie, size_t from, const char *why);

/* Borrows leadership and cookie. */
struct ps_publish *ps_publish_create(struct ps_leadership *leadership,
                                     ps_publish_crowded_fn crowded, void *cookie) PS_MUST_USE;
void ps_publish_destroy(struct ps_publish *publish); /* call it after redis is destroyed; NULL is
                                                      * fine */
/* Opens the cycle of leadership->run in Redis and publishes what is open. It may be called again
 * at any time. Goes on until everything is published, across outages of Redis. Cold probes are
 * spread over COLD_SPREAD_RATIO of the interval; before each batch of them it measures the stream
 * and the memory of Redis, and if there is no room it stops and calls the crowded function. */
void ps_publish_start(struct ps_publish *publish);
void ps_publish_stop(struct ps_publish *publish); /* the cycle or the leadership has ended */
/* leadership->probing_paused was set: gives what is not published yet to the crowded function at
 * once. */
void ps_publish_paused(struct ps_publish *publish);

#endif
