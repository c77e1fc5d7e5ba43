#include "shared/core/health.h"

static cJSON *add_object(cJSON *parent, const char *name)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddItemToObject(parent, name, object);
    return object;
}

static void add_base(cJSON *health, const struct ps_health_base *base)
{
    cJSON *part;

    ps_json_add_text(health, "component", base->component);
    ps_json_add_text(health, "version", base->version);
    ps_json_add_text(health, "instance", base->instance);
    ps_json_add_int(health, "uptime_seconds", base->uptime_seconds);
    ps_json_add_time(health, "launched_at", base->launched_ms);
    ps_json_add_text(health, "status",
                     base->ready && !ps_incidents_degraded(base->incidents) ? "ok" : "degraded");
    ps_json_add_bool(health, "stuck", base->stuck);
    cJSON_AddItemToObject(health, "incidents",
                          ps_incidents_json(base->incidents, PS_SEVERITY_TICKET));
    part = add_object(health, "redis");
    ps_json_add_bool(part, "connected", base->redis_connected);
    ps_json_add_int(part, "reconnects", (int64_t)base->redis_reconnects);
    part = add_object(health, "failures");
    for (int i = 0; i < PS_FAILURE_COUNT; i++)
        ps_json_add_int(part, ps_failure_name((enum ps_failure)i), (int64_t)base->failures[i]);
    if (base->has_pool) {
        part = add_object(health, "db_pool");
        ps_json_add_int(part, "max", base->pool_max);
        ps_json_add_int(part, "in_use", base->pool_in_use);
        ps_json_add_int(part, "available", base->pool_available);
    }
}

char *ps_health_render(const struct ps_health_base *base, const struct ps_health_field *fields,
                       size_t count, void *cookie, ps_health_failed_fn failed, void *failed_cookie)
{
    cJSON *health = cJSON_CreateObject();
    char *text;

    add_base(health, base);
    for (size_t i = 0; i < count; i++) {
        cJSON *value = NULL;
        struct ps_err err = { .category = PS_FAILURE_UNKNOWN };

        if (cJSON_GetObjectItemCaseSensitive(health, fields[i].name) != NULL)
            continue;
        if (fields[i].read(cookie, &value, &err))
            cJSON_AddItemToObject(health, fields[i].name,
                                  value != NULL ? value : cJSON_CreateNull());
        else if (failed != NULL)
            failed(failed_cookie, fields[i].name, &err);
    }
    text = ps_json_print(health);
    cJSON_Delete(health);
    return text;
}
