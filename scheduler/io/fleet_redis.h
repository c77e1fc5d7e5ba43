/* What Redis knows about the fleet, as JSON: one reader for `status` and for the status page. It
 * only reads, and caps everything that it shows. */
#ifndef PS_SCHEDULER_FLEET_REDIS_H
#define PS_SCHEDULER_FLEET_REDIS_H
#include "shared/core/json.h"
#include "shared/core/keys.h"
#include "shared/io/redis.h"

enum {
    PS_FLEET_INSTANCES_MAX = 1000, /* instances that are shown; more are only counted */
    PS_FLEET_LATEST = 20,          /* entries of failures and of dead letters */
    PS_FLEET_TEXT_MAX = 400        /* bytes of each text */
};

/* Sends a command to Redis; fn runs later or at once, as for ps_redis_send_texts. */
typedef void (*ps_fleet_send_fn)(void *cookie, const char *const *args, size_t count,
                                 ps_redis_fn fn, void *fn_cookie);
/* Takes read; NULL with err if Redis did not answer. */
typedef void (*ps_fleet_read_fn)(void *cookie, cJSON *read, const struct ps_err *err);

struct ps_fleet_ask {
    const struct ps_keys *keys;
    const char *const *hosts; /* hosts whose pauses and limits are read */
    size_t host_count;
    bool instances; /* whether to read instances too, which takes one command for each */
    ps_fleet_send_fn send;
    void *send_cookie;
};

/* Reads leader, epoch, cycle (the hash; null for none), tasks and results (length, pending, lag or
 * null), notify (length, in_flight, dead), hosts (host, paused_ms, why, rate, in_flight),
 * failures, dead_tasks and dead_messages (the latest first), and instances (component, id, then
 * the fields of the heartbeat). fn runs once. Copies ask; what ask points to must live until then.
 */
void ps_fleet_redis_read(const struct ps_fleet_ask *ask, ps_fleet_read_fn fn, void *cookie);

#endif
