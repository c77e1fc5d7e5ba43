/* Where Redis is and how to reach it: the settings of one connection (redis.h), and of the
 * Sentinels that are asked for its address (sentinel.h). Both use this header. */
#ifndef PS_IO_REDIS_OPTIONS_H
#define PS_IO_REDIS_OPTIONS_H
#include "shared/core/err.h"

#include <stdint.h>

struct ps_config;
struct ps_redis_url;

/* Runs on the loop when the connection is up, after AUTH and SELECT (true, err NULL), and once when
 * it is lost or the very first attempt failed (false, err has the reason). While the connection
 * stays down it runs again only if an attempt shows that the settings are wrong (CONFIGURATION with
 * another text). Never runs inside a call of redis.h. */
typedef void (*ps_redis_state_fn)(void *cookie, bool up, const struct ps_err *err);

struct ps_redis_options {
    const char *url;         /* redis://, rediss:// or unix://; borrowed for the call */
    char *const *url_source; /* the variable that holds the URL; read before each connection,
                                because a secret may be rotated; borrowed for life; NULL: the URL
                                never changes */
    const struct ps_redis_url *target; /* used instead of url unless NULL; copied */
    /* host:port of the Sentinels, separated by commas; "" or NULL: none. They supply the address to
       connect to; the certificate of the server must still match the host of the URL. */
    const char *sentinels;
    const char
        *master; /* the name of the master that the Sentinels watch; copied, as the next two */
    const char *sentinel_user;
    const char *sentinel_password;
    char *const *sentinel_password_source; /* as url_source */
    const char *client_name;               /* for CLIENT SETNAME; copied; NULL: none is set */
    const char *ca_file; /* for rediss://; copied, as the next two (redis_tls.h) */
    const char *cert_file;
    const char *key_file;
    int64_t connect_timeout_ms; /* look-up of the name, TLS, AUTH and SELECT included; 0: 3000 */
    /* The longest wait for an answer, from the moment at which the command was sent or the answer
       before it arrived, whichever is later: a full pipeline that moves is not late. 0: 5000. */
    int64_t command_timeout_ms;
};

/* Returns the options that the settings describe; they borrow the texts of config. */
struct ps_redis_options ps_redis_options_of(const struct ps_config *config);
/* Returns whether the options name a Sentinel. */
bool ps_redis_options_sentinels(const struct ps_redis_options *options);
/* Parses the URL, or copies target, into out_url; the caller clears it (ps_redis_url_clear). Fails
 * with CONFIGURATION for an invalid URL. */
bool ps_redis_options_url(const struct ps_redis_options *options, struct ps_redis_url *out_url,
                          struct ps_err *err) PS_MUST_USE;
/* Returns whether a connection can be attempted at all: checks the URL, the Sentinels, whether this
 * build has TLS, and the files of TLS. Fails with CONFIGURATION; err names the setting and quotes
 * no secret. */
bool ps_redis_options_check(const struct ps_redis_options *options, struct ps_err *err) PS_MUST_USE;

#endif
