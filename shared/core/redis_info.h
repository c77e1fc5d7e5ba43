/* What INFO tells of a Redis, and whether Paperscout can trust its work to it. */
#ifndef PS_CORE_REDIS_INFO_H
#define PS_CORE_REDIS_INFO_H
#include "shared/core/err.h"
#include "shared/core/str.h"

#include <stdbool.h>
#include <stdint.h>

/* LMOVE and XPENDING … IDLE came with Redis 6.2. */
enum { PS_REDIS_VERSION_MIN = 602 };
enum { PS_REDIS_RUN_ID_TEXT = 48, PS_REDIS_POLICY_TEXT = 32, PS_REDIS_VERSION_TEXT = 24 };

struct ps_redis_info {
    char run_id[PS_REDIS_RUN_ID_TEXT];   /* another one: another process, which may hold less */
    char version[PS_REDIS_VERSION_TEXT]; /* "7.0.15"; "" when it was not told */
    char policy[PS_REDIS_POLICY_TEXT];   /* of eviction; "" when it was not told */
    bool replica;
    bool aof;
    int64_t used_memory; /* bytes */
    int64_t max_memory;  /* bytes; 0: no limit of its own */
    int64_t evicted;     /* keys thrown away since it started */
};

/* Reads the text of INFO (https://redis.io/commands/info); what is missing stays empty or 0. */
void ps_redis_info_parse(struct ps_str text, struct ps_redis_info *out_info);
/* May work be trusted to it? False with the reason (CONFIGURATION) where it evicts keys, is a
 * replica, or is too old; what it did not tell is not held against it. */
bool ps_redis_info_check(const struct ps_redis_info *info, struct ps_err *err);

#endif
