/* The JSON of /health: the base fields that all programs have, then the program's own fields.
 *
 * A field that cannot be read is omitted and does not fail the whole response (guarantee 8):
 * monitors must see the rest, in particular during an outage. Names of fields are part of the
 * contract. */
#ifndef PS_CORE_HEALTH_H
#define PS_CORE_HEALTH_H
#include "shared/core/incidents.h"

#include <stdint.h>

struct ps_health_base {
    const char *component, *version, *instance;
    int64_t launched_ms; /* wall clock */
    int64_t uptime_seconds;
    bool redis_connected;
    uint64_t redis_reconnects;
    uint64_t failures[PS_FAILURE_COUNT];
    bool has_pool;
    int pool_max, pool_in_use, pool_available;
    bool stuck;
    bool ready;
    const struct ps_incident_set *incidents; /* with one of them, or not ready: status "degraded" */
};

/* Gives the value of one field (a cJSON tree, taken; NULL becomes null), or returns false with err:
 * the field is omitted. Reads memory only, because /health must not wait. */
typedef bool (*ps_health_read_fn)(void *cookie, cJSON **out_value, struct ps_err *err);

/* Ends a read function with a value. */
static inline bool ps_health_give(cJSON *value, cJSON **out_value)
{
    *out_value = value;
    return true;
}

struct ps_health_field {
    const char *name;
    ps_health_read_fn read;
};

/* Runs for each omitted field. */
typedef void (*ps_health_failed_fn)(void *cookie, const char *name, const struct ps_err *err);

/* Gives the JSON text. Skips a field with the name of a base field. failed may be NULL. */
char *ps_health_render(const struct ps_health_base *base, const struct ps_health_field *fields,
                       size_t count, void *cookie, ps_health_failed_fn failed,
                       void *failed_cookie) PS_MUST_USE;

#endif
