#include "shared/core/redis_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GOOD                                                                                       \
    "# Server\r\nredis_version:7.0.15\r\nrun_id:0123456789abcdef\r\n\r\n# Memory\r\n"              \
    "used_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:2097152\r\n"                      \
    "maxmemory_policy:noeviction\r\nevicted_keys:12\r\naof_enabled:1\r\nrole:master\r\n"

static struct ps_redis_info read_info(const char *text)
{
    struct ps_redis_info info;

    ps_redis_info_parse(ps_str_of(text), &info);
    return info;
}

static void refused(const char *text, const char *why)
{
    struct ps_redis_info info = read_info(text);
    struct ps_err err;

    assert_false(ps_redis_info_check(&info, &err));
    assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
    assert_non_null(strstr(err.what, why));
}

static void info_fields_are_parsed(void **state)
{
    struct ps_redis_info info = read_info(GOOD);
    struct ps_err err;

    (void)state;
    assert_string_equal(info.run_id, "0123456789abcdef");
    assert_string_equal(info.version, "7.0.15");
    assert_string_equal(info.policy, "noeviction");
    assert_true(info.aof);
    assert_false(info.replica);
    assert_int_equal(info.used_memory, 1048576);
    assert_int_equal(info.evicted, 12);
    assert_int_equal(info.max_memory, 2097152);
    assert_true(ps_redis_info_check(&info, &err));
}

static void evicting_replica_and_old_servers_are_rejected(void **state)
{
    struct ps_redis_info info = read_info("redis_version:6.2.0\nmaxmemory_policy:noeviction");
    struct ps_err err;

    (void)state;
    refused("maxmemory_policy:allkeys-lru\r\n", "allkeys-lru");
    refused("maxmemory_policy:volatile-ttl\r\n", "noeviction");
    refused("role:slave\r\n", "replica");
    refused("redis_version:6.0.16\r\n", "6.0.16 is too old; 6.2");
    assert_true(ps_redis_info_check(&info, &err));
}

static void missing_and_malformed_values_are_ignored(void **state)
{
    struct ps_redis_info info =
        read_info("no colon\n:\nused_memory:-4\nmaxmemory:many\nredis_version:unknown\n"
                  "run_id:0123456789012345678901234567890123456789012345678901234567890123\n");
    struct ps_err err;

    (void)state;
    assert_int_equal(info.used_memory, 0);
    assert_int_equal(info.max_memory, 0);
    assert_int_equal(strlen(info.run_id), PS_REDIS_RUN_ID_TEXT - 1);
    assert_true(ps_redis_info_check(&info, &err));
    info = read_info("");
    assert_true(ps_redis_info_check(&info, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_fields_are_parsed),
        cmocka_unit_test(evicting_replica_and_old_servers_are_rejected),
        cmocka_unit_test(missing_and_malformed_values_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
