/* What a Redis reply says: texts, numbers, and error replies as our codes. */
#ifndef PS_IO_REDIS_REPLY_H
#define PS_IO_REDIS_REPLY_H
#include "shared/core/err.h"

#include <stddef.h>
#include <stdint.h>

struct redisReply;

/* Borrowed text of a string or status reply, NULL otherwise. out_len may be NULL. */
const char *ps_redis_reply_text(const struct redisReply *reply, size_t *out_len);
/* Number of an integer reply or of a decimal string, fallback otherwise. */
int64_t ps_redis_reply_int(const struct redisReply *reply, int64_t fallback);
/* Fills err from an error reply: PS_REDIS_ERR_REPLY or a code of its own (redis.h). true when this
   server will not do for now (READONLY, LOADING, MASTERDOWN, NOAUTH, UNBLOCKED, MOVED): connect
   again. */
bool ps_redis_reply_error(const struct redisReply *reply, struct ps_err *out_err);

#endif
