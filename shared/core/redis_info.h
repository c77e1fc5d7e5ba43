/* Parses Redis' INFO and decides whether Paperscout may trust this server with its work.
 *
 * Place in the data flow: redis_fitness sends INFO at each connection and each minute, and makes
 * the program not ready when the check fails. Pure.
 *
 * A server that evicts keys would silently delete tasks and leases; a replica would lose all
 * writes. So both are refused, not only reported. */
#ifndef PS_CORE_REDIS_INFO_H
#define PS_CORE_REDIS_INFO_H
#include "shared/core/err.h"
#include "shared/core/str.h"

#include <stdbool.h>
#include <stdint.h>

/* LMOVE and XPENDING … IDLE need Redis 6.2. */
enum { PS_REDIS_VERSION_MIN = 602 };
enum { PS_REDIS_RUN_ID_TEXT = 48, PS_REDIS_POLICY_TEXT = 32, PS_REDIS_VERSION_TEXT = 24 };

struct ps_redis_info {
    char run_id[PS_REDIS_RUN_ID_TEXT]; /* changes with each start of the server, which may have lost
                                          data then */
    char version[PS_REDIS_VERSION_TEXT]; /* "7.0.15"; "" when unknown */
    char policy[PS_REDIS_POLICY_TEXT];   /* maxmemory-policy; "" when unknown */
    bool replica;
    bool aof;
    int64_t used_memory; /* bytes */
    int64_t max_memory;  /* bytes; 0: no limit */
    int64_t evicted;     /* keys evicted since its start */
};

/* Parses the text of INFO (https://redis.io/commands/info). What is missing stays empty or 0. */
void ps_redis_info_parse(struct ps_str text, struct ps_redis_info *out_info);
/* Returns false with the reason (CONFIGURATION) if the server evicts keys, is a replica or is too
 * old. A value that is missing does not count against it, since managed services hide some. */
bool ps_redis_info_check(const struct ps_redis_info *info, struct ps_err *err);

#endif
