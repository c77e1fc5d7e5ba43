/* What Redis knows of the fleet, as JSON: one reading for `status` and for the status page. */
#ifndef PS_SCHEDULER_FLEET_REDIS_H
#define PS_SCHEDULER_FLEET_REDIS_H
#include "shared/core/json.h"
#include "shared/core/keys.h"
#include "shared/io/redis.h"

enum {
    PS_FLEET_INSTANCES_MAX = 1000, /* shown one by one; more are only counted */
    PS_FLEET_LATEST = 20,          /* entries of failures and of the dead */
    PS_FLEET_TEXT_MAX = 400        /* bytes of any text */
};

/* How a command reaches Redis: fn runs later or at once, as for ps_redis_send_texts. */
typedef void (*ps_fleet_send_fn)(void *cookie, const char *const *args, size_t count,
                                 ps_redis_fn fn, void *fn_cookie);
/* Takes read, which is NULL with err where Redis did not answer. */
typedef void (*ps_fleet_read_fn)(void *cookie, cJSON *read, const struct ps_err *err);

struct ps_fleet_ask {
    const struct ps_keys *keys;
    const char *const *hosts; /* whose pauses and limits are read */
    size_t host_count;
    bool instances; /* read them too: as many commands as there are */
    ps_fleet_send_fn send;
    void *send_cookie;
};

/* Reads: leader, epoch, cycle (the hash as it stands; null for none), tasks and results (length,
   pending, lag or null), notify (length, in_flight, dead), hosts (host, paused_ms, why, rate,
   in_flight), failures, dead_tasks and dead_messages (the latest first), instances (component, id,
   then the heartbeat's fields). ask is copied; what it points to must live until fn runs, once. */
void ps_fleet_redis_read(const struct ps_fleet_ask *ask, ps_fleet_read_fn fn, void *cookie);

#endif
