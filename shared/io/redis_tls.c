#include "shared/io/redis_tls.h"

#if PS_HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>

bool ps_redis_tls_available(void)
{
    return true;
}

/* hiredis_ssl would check who signed the certificate, but not whom it names. */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)host) == 1;
}

static SSL *ssl_for(const char *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;

    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_default_verify_paths(context) == 1)
        ssl = SSL_new(context);
    SSL_CTX_free(context); /* ssl holds its own reference */
    if (ssl != NULL && !expect_host(ssl, host)) {
        SSL_free(ssl);
        return NULL;
    }
    return ssl;
}

bool ps_redis_tls_start(struct redisContext *context, const char *host, struct ps_err *err)
{
    SSL *ssl = ssl_for(host);

    if (ssl == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "TLS could not be set up for %s", host);
    if (redisInitiateSSL(context, ssl) != REDIS_OK) {
        SSL_free(ssl);
        return ps_fail(err, PS_FAILURE_NETWORK, 0, "TLS with %s: %s", host, context->errstr);
    }
    return true;
}

#else

bool ps_redis_tls_available(void)
{
    return false;
}

bool ps_redis_tls_start(struct redisContext *context, const char *host, struct ps_err *err)
{
    (void)context;
    return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "built without TLS to Redis: %s", host);
}

#endif
