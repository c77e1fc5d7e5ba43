/* TLS on a Redis connection, if the build has hiredis_ssl. That library verifies the certificate
 * but not the host name, so this module sets the name on the SSL object. */
#ifndef PS_IO_REDIS_TLS_H
#define PS_IO_REDIS_TLS_H
#include "shared/core/err.h"

struct redisContext;
struct ssl_st;

/* Paths of PEM files, read at each connection, so that one that was replaced is taken; NULL or ""
 * for none. */
struct ps_redis_tls {
    const char *ca_file;   /* none: the authorities that the system trusts */
    const char *cert_file; /* our own certificate and its key: both or neither */
    const char *key_file;
};

/* Returns whether this build has TLS and the files can be used as they are now. Otherwise fails
 * with CONFIGURATION; err names the setting. */
bool ps_redis_tls_check(const struct ps_redis_tls *tls, struct ps_err *err) PS_MUST_USE;
/* Starts TLS on context; call it right after the connect was started. The handshake fails unless
 * the server's certificate is valid for host (a name or a numeric address). Returns a reference to
 * the session, which the caller gives to ps_redis_tls_drop; NULL with err, which does not name the
 * server. */
struct ssl_st *ps_redis_tls_start(struct redisContext *context, const char *host,
                                  const struct ps_redis_tls *tls, struct ps_err *err) PS_MUST_USE;
/* Returns whether TLS was the reason for a lost connection; out_err then has the reason, without
 * the name of the server. Call it in the callback that reports the loss. Category CONFIGURATION
 * means that connecting again cannot help. */
bool ps_redis_tls_explain(const struct redisContext *context, struct ssl_st *session,
                          struct ps_err *out_err);
void ps_redis_tls_drop(struct ssl_st *session); /* NULL is fine */

#endif
