/* Reads Redis replies: texts, numbers, and error replies, which become codes.
 *
 * Every callback of redis.h reads its reply through this header. Error replies that mean "not this
 * server" (READONLY, LOADING, MASTERDOWN, MOVED …) are recognised here, and redis.c then connects
 * again. All functions are pure. A reply has the form that the server chose: a reply of another
 * type than expected reads as absent, and never crashes the program. */
#ifndef PS_IO_REDIS_REPLY_H
#define PS_IO_REDIS_REPLY_H
#include "shared/core/err.h"

#include <stddef.h>
#include <stdint.h>

struct redisReply;

/* err.code of a ps_redis_fn, besides errno values. */
enum {
    PS_REDIS_ERR_REPLY = 10001, /* any other error reply; err.what is its text */
    PS_REDIS_ERR_LOST,          /* the connection ended; the command may have run or not */
    PS_REDIS_ERR_TIMEOUT, /* no answer in time, so the connection was closed; may have run or not */
    PS_REDIS_ERR_OFFLINE, /* not connected: never sent */
    PS_REDIS_ERR_NOGROUP, /* the stream or its consumer group does not exist */
    PS_REDIS_ERR_NOSCRIPT, /* the server does not know this SHA; only redis_script.c sees it */
    PS_REDIS_ERR_FENCED,   /* a script refused an old epoch (guarantee 2); nothing was changed */
    PS_REDIS_ERR_NOCYCLE,  /* a script found no cycle hash, or the hash of another cycle */
    PS_REDIS_ERR_MOVED,    /* another node of a Redis Cluster holds the keys */
};

/* The callback of a command. Runs on the loop exactly once, never before the call that sends the
 * command returned; ps_redis_destroy also runs it. Exactly one of reply and err is not NULL; both
 * are borrowed for the call. An error reply arrives as err. */
typedef void (*ps_redis_fn)(void *cookie, const struct redisReply *reply, const struct ps_err *err);
/* Returns the text of a string or status reply, borrowed from reply; NULL for any other reply and
 * for NULL. The text may contain NUL bytes; out_len (may be NULL) gets its length. */
const char *ps_redis_reply_text(const struct redisReply *reply, size_t *out_len);
/* Returns the number of an integer reply or of a decimal string; fallback otherwise. */
int64_t ps_redis_reply_int(const struct redisReply *reply, int64_t fallback);
/* Fills out_err from an error reply: one of the codes above. Returns true if the connection must be
 * made anew because this server cannot serve now (READONLY, LOADING, MASTERDOWN, NOAUTH, UNBLOCKED,
 * MOVED). */
bool ps_redis_reply_error(const struct redisReply *reply, struct ps_err *out_err);

#endif
