/* Reads Redis replies: texts, numbers, and error replies as codes of ours. Error replies that mean
 * "not this server" (READONLY, LOADING, MASTERDOWN, MOVED …) are recognised here, and redis.c
 * connects anew for them. */
#ifndef PS_IO_REDIS_REPLY_H
#define PS_IO_REDIS_REPLY_H
#include "shared/core/err.h"

#include <stddef.h>
#include <stdint.h>

struct redisReply;

/* err.code of a ps_redis_fn, besides errno values. */
enum {
    PS_REDIS_ERR_REPLY = 10001, /* -ERR …; what is its text */
    PS_REDIS_ERR_LOST,          /* the connection went; the command may have run or not */
    PS_REDIS_ERR_TIMEOUT, /* no answer in time; the connection is torn down; may have run or not */
    PS_REDIS_ERR_OFFLINE, /* not connected: never sent */
    PS_REDIS_ERR_NOGROUP, /* stream or group missing */
    PS_REDIS_ERR_NOSCRIPT,
    PS_REDIS_ERR_FENCED,  /* a script refused an old epoch */
    PS_REDIS_ERR_NOCYCLE, /* cycle hash missing or of another cycle */
    PS_REDIS_ERR_MOVED,   /* another node of a Redis Cluster has our slot */
};

/* Exactly one of reply and err is not NULL; both are borrowed for the call. Runs on the loop, never
   before the send returned, exactly once, also when the connection is destroyed. */
typedef void (*ps_redis_fn)(void *cookie, const struct redisReply *reply, const struct ps_err *err);
/* Borrowed text of a string or status reply, NULL otherwise. out_len may be NULL. */
const char *ps_redis_reply_text(const struct redisReply *reply, size_t *out_len);
/* Number of an integer reply or of a decimal string, fallback otherwise. */
int64_t ps_redis_reply_int(const struct redisReply *reply, int64_t fallback);
/* Fills err from an error reply: PS_REDIS_ERR_REPLY or a code of its own (redis.h). true when this
   server will not do for now (READONLY, LOADING, MASTERDOWN, NOAUTH, UNBLOCKED, MOVED): connect
   again. */
bool ps_redis_reply_error(const struct redisReply *reply, struct ps_err *out_err);

#endif
