#include "shared/core/redis_info.h"

#include <stdio.h>
#include <string.h>

static void store_text(struct ps_str value, char *out_text, size_t size)
{
    snprintf(out_text, size, "%.*s", (int)(value.len < size ? value.len : size - 1), value.data);
}

static void store_number(struct ps_str value, int64_t *out_number)
{
    int64_t number;

    if (ps_str_int(value, 0, INT64_MAX, &number))
        *out_number = number;
}

/* Stores a field of INFO that is used; all others are ignored. */
static void store(struct ps_redis_info *info, struct ps_str name, struct ps_str value)
{
    if (ps_str_is(name, "run_id"))
        store_text(value, info->run_id, sizeof(info->run_id));
    else if (ps_str_is(name, "redis_version"))
        store_text(value, info->version, sizeof(info->version));
    else if (ps_str_is(name, "maxmemory_policy"))
        store_text(value, info->policy, sizeof(info->policy));
    else if (ps_str_is(name, "role"))
        info->replica = ps_str_is(value, "slave");
    else if (ps_str_is(name, "aof_enabled"))
        info->aof = ps_str_is(value, "1");
    else if (ps_str_is(name, "used_memory"))
        store_number(value, &info->used_memory);
    else if (ps_str_is(name, "maxmemory"))
        store_number(value, &info->max_memory);
    else if (ps_str_is(name, "evicted_keys"))
        store_number(value, &info->evicted);
}

void ps_redis_info_parse(struct ps_str text, struct ps_redis_info *out_info)
{
    struct ps_str line;

    *out_info = (struct ps_redis_info){ .used_memory = 0 };
    while (ps_str_next(&text, '\n', &line)) {
        const char *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
        struct ps_str name, value;

        if (colon == NULL)
            continue;
        name = (struct ps_str){ .data = line.data, .len = (size_t)(colon - line.data) };
        value = ps_str_trim((struct ps_str){ .data = colon + 1, .len = line.len - name.len - 1 });
        store(out_info, name, value);
    }
}

bool ps_redis_info_check(const struct ps_redis_info *info, struct ps_err *err)
{
    int major = 0, minor = 0;

    if (info->policy[0] != '\0' && strcmp(info->policy, "noeviction") != 0)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "Redis may evict work (maxmemory-policy %s); set it to noeviction",
                       info->policy);
    if (info->replica)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "Redis is a replica; REDIS_URL must name the master");
    if (sscanf(info->version, "%3d.%3d", &major, &minor) == 2 &&
        major * 100 + minor < PS_REDIS_VERSION_MIN)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "Redis %s is too old; 6.2 is the least",
                       info->version);
    return true;
}
