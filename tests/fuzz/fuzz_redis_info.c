/* Any answer to INFO is parsed within the limits of struct ps_redis_info. */
#include "shared/core/redis_info.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_redis_info info;
    struct ps_err err = { .what = "" };

    ps_redis_info_parse((struct ps_str){ size > 0 ? (const char *)data : "", size }, &info);
    assert(memchr(info.run_id, '\0', sizeof(info.run_id)) != NULL);
    assert(memchr(info.version, '\0', sizeof(info.version)) != NULL);
    assert(memchr(info.policy, '\0', sizeof(info.policy)) != NULL);
    assert(info.used_memory >= 0 && info.max_memory >= 0 && info.evicted >= 0);
    if (!ps_redis_info_check(&info, &err))
        assert(err.category == PS_FAILURE_CONFIGURATION && err.what[0] != '\0');
    return 0;
}
