/* TLS on a Redis connection, where hiredis_ssl is there. */
#ifndef PS_IO_REDIS_TLS_H
#define PS_IO_REDIS_TLS_H
#include "shared/core/err.h"

struct redisContext;

bool ps_redis_tls_available(void);
/* To be called right after the connect was started. The server's certificate must be good for host
   (a name or a numeric address) and signed by an authority that the system trusts. */
bool ps_redis_tls_start(struct redisContext *context, const char *host,
                        struct ps_err *err) PS_MUST_USE;

#endif
