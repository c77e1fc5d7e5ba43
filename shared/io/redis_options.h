/* Where Redis is and how to reach it: the settings of one connection (redis.h), and of the
 * Sentinels that are asked for its address (sentinel.h). Both use this header. */
#ifndef PS_IO_REDIS_OPTIONS_H
#define PS_IO_REDIS_OPTIONS_H
#include "shared/core/err.h"

#include <stdint.h>

struct ps_config;
struct ps_redis_url;

/* Runs on the loop when the connection is up, after AUTH and SELECT (true, err NULL), and when it
 * is lost (false, err says why). Also runs when the very first try has failed, and once more if a
 * later try shows that the settings are wrong (CONFIGURATION). Never runs inside a call of this
 * module. */
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

#endif
