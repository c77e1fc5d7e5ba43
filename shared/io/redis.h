/* One connection to Redis on the loop: connect, TLS, AUTH, SELECT, timeouts of our own, reconnect
 * with backoff and jitter. */
#ifndef PS_IO_REDIS_H
#define PS_IO_REDIS_H
#include "shared/core/str.h"
#include "shared/io/loop.h"
#include "shared/io/redis_reply.h"

struct ps_config;
struct ps_redis;
struct ps_redis_url;

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
/* Told on the loop after AUTH and SELECT worked (true, err NULL) and when the connection is gone
 * (false, err says why); also when the very first try failed, and once more when a later try shows
 * that it is a matter of settings (CONFIGURATION). Never runs inside a call of ours. */
typedef void (*ps_redis_state_fn)(void *cookie, bool up, const struct ps_err *err);

struct ps_redis_options {
    const char *url;         /* borrowed for the call; parsed before (it must be valid) */
    char *const *url_source; /* where url stands, looked at before each connection: a secret
                                may be rotated; borrowed for life; NULL: it never changes */
    const struct ps_redis_url *target; /* in place of url when not NULL; copied */
    /* host:port of Sentinels, "" or NULL for none: they say where to connect to, and the host of
       the URL is what the server's certificate must be good for (sentinel.h). */
    const char *sentinels;
    const char *master; /* its name there; copied, as the next two */
    const char *sentinel_user;
    const char *sentinel_password;
    char *const *sentinel_password_source; /* as url_source */
    const char *client_name;               /* CLIENT SETNAME, copied; NULL for none */
    const char *ca_file; /* for rediss://; copied, as the next two (redis_tls.h) */
    const char *cert_file;
    const char *key_file;
    int64_t connect_timeout_ms; /* 0: 3000; look-up, TLS, AUTH and SELECT included */
    int64_t command_timeout_ms; /* 0: 5000; counts from the answer before it, or its own sending */
};

/* Where Redis is, as the settings say; borrows their texts. */
struct ps_redis_options ps_redis_options_of(const struct ps_config *config);
bool ps_redis_options_sentinels(const struct ps_redis_options *options); /* whether it names some */
/* Gives the URL taken apart. */
bool ps_redis_options_url(const struct ps_redis_options *options, struct ps_redis_url *out_url,
                          struct ps_err *err) PS_MUST_USE;
/* Whether a connection can be tried at all: URL, TLS and its files. Errors name the setting and
 * quote no secret. */
bool ps_redis_options_check(const struct ps_redis_options *options, struct ps_err *err) PS_MUST_USE;

/* Starts connecting and goes on for ever, 100 ms to 5 s between tries. With Sentinels each try asks
   them first, and a server that is no master (ROLE) will not do; while it is up they are asked
   again every three seconds, and two that name another master one after the other end the
   connection. READONLY, LOADING, MASTERDOWN, NOAUTH, UNBLOCKED and MOVED replies tear the
   connection down so that the next connect looks the address up again. Fails only as
   ps_redis_options_check does (CONFIGURATION). */
struct ps_redis *ps_redis_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                 ps_redis_state_fn on_state, void *cookie,
                                 struct ps_err *err) PS_MUST_USE;
/* Outstanding callbacks run now with PS_REDIS_ERR_LOST: destroy it before what they point to. NULL
 * is fine. Must not be called from a ps_redis_fn. */
void ps_redis_destroy(struct ps_redis *redis);
bool ps_redis_up(const struct ps_redis *redis);
uint64_t ps_redis_reconnects(const struct ps_redis *redis); /* times it came up again */
/* Why the last connection ended or did not come up; "" where there was none. Borrowed. */
const char *ps_redis_why(const struct ps_redis *redis);
int ps_redis_outstanding(const struct ps_redis *redis);
enum { PS_REDIS_OUTSTANDING_MAX = 100000 };
/* A ps_redis_fn that logs error replies and nothing else; what an fn of NULL means. */
void ps_redis_ignore(void *cookie, const struct redisReply *reply, const struct ps_err *err);
/* Copies the arguments. fn may be NULL (ps_redis_ignore). A command while not up gets
 * PS_REDIS_ERR_OFFLINE, one past PS_REDIS_OUTSTANDING_MAX gets ENOBUFS: neither was sent. */
void ps_redis_send(struct ps_redis *redis, const struct ps_str *args, size_t count, ps_redis_fn fn,
                   void *cookie);
/* The same with a deadline of its own, for blocking reads (block time + margin). */
void ps_redis_send_within(struct ps_redis *redis, int64_t timeout_ms, const struct ps_str *args,
                          size_t count, ps_redis_fn fn, void *cookie);
/* PS_REDIS(redis, fn, cookie, "GET", key): NUL-terminated texts only. */
#define PS_REDIS(redis, fn, cookie, ...)                                                           \
    ps_redis_send_texts(redis, (const char *const[]){ __VA_ARGS__ },                               \
                        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), fn,   \
                        cookie)
void ps_redis_send_texts(struct ps_redis *redis, const char *const *args, size_t count,
                         ps_redis_fn fn, void *cookie);
/* Tear the connection down and build it again: not up from now on, done on the loop. */
void ps_redis_reset(struct ps_redis *redis);

#endif
