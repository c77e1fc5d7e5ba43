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

/* Whether the files can be used as they are now; if not, CONFIGURATION with the name of the
 * setting. */
bool ps_redis_tls_check(const struct ps_redis_tls *tls, struct ps_err *err) PS_MUST_USE;
/* To be called right after the connect was started. The server's certificate must be good for host
   (a name or a numeric address). Gives a reference to the session, for ps_redis_tls_explain; NULL
   with err, which does not name
   the server. */
struct ssl_st *ps_redis_tls_start(struct redisContext *context, const char *host,
                                  const struct ps_redis_tls *tls, struct ps_err *err) PS_MUST_USE;
/* Call it in the callback that reports the lost connection. True if TLS was the reason, which
   what then says without naming the server. CONFIGURATION: connecting again will not help. */
bool ps_redis_tls_explain(const struct redisContext *context, struct ssl_st *session,
                          struct ps_err *out_err);
void ps_redis_tls_drop(struct ssl_st *session); /* NULL is fine */

#endif
