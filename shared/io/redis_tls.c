#include "shared/io/redis_tls.h"

#if PS_HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>

static bool given(const char *path)
{
    return path != NULL && path[0] != '\0';
}

/* The innermost reason that OpenSSL has noted. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());

    return text != NULL ? text : "unknown reason";
}

static bool use_authorities(SSL_CTX *context, const struct ps_redis_tls *tls, struct ps_err *err)
{
    if (!given(tls->ca_file)) {
        if (SSL_CTX_set_default_verify_paths(context) == 1)
            return true;
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "TLS: the system's authorities: %s",
                       reason());
    }
    if (SSL_CTX_load_verify_locations(context, tls->ca_file, NULL) == 1)
        return true;
    return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "REDIS_CA_FILE=\"%.80s\": %s", tls->ca_file,
                   reason());
}

static bool use_own_certificate(SSL_CTX *context, const struct ps_redis_tls *tls,
                                struct ps_err *err)
{
    if (!given(tls->cert_file) && !given(tls->key_file))
        return true;
    if (!given(tls->cert_file) || !given(tls->key_file))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "REDIS_CERT_FILE and REDIS_CERT_KEY_FILE: both or neither");
    if (SSL_CTX_use_certificate_chain_file(context, tls->cert_file) != 1)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "REDIS_CERT_FILE=\"%.80s\": %s",
                       tls->cert_file, reason());
    if (SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) != 1)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "REDIS_CERT_KEY_FILE=\"%.80s\": %s",
                       tls->key_file, reason());
    return true;
}

static SSL_CTX *context_of(const struct ps_redis_tls *tls, struct ps_err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    ERR_clear_error();
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "TLS: %s", reason());
    } else if (use_authorities(context, tls, err) && use_own_certificate(context, tls, err)) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

bool ps_redis_tls_check(const struct ps_redis_tls *tls, struct ps_err *err)
{
    SSL_CTX *context = context_of(tls, err);

    SSL_CTX_free(context);
    return context != NULL;
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

/* hiredis asks SSL_get_error without emptying OpenSSL's queue of errors first, and libcurl and
   libpq leave theirs there: a read that only has to wait would look like a broken connection. */
static const redisContextFuncs *theirs;
static redisContextFuncs guarded;
static const redisContext *failed; /* whose read or write failed last, and why */
static unsigned long failure;

static void note(const redisContext *context)
{
    failed = context;
    failure = ERR_peek_error();
}

static ssize_t guarded_read(redisContext *context, char *out_bytes, size_t size)
{
    ssize_t done;

    ERR_clear_error();
    done = theirs->read(context, out_bytes, size);
    if (done < 0)
        note(context);
    return done;
}

static ssize_t guarded_write(redisContext *context)
{
    ssize_t done;

    ERR_clear_error();
    done = theirs->write(context);
    if (done < 0)
        note(context);
    return done;
}

static void guard(redisContext *context)
{
    if (theirs == NULL) {
        theirs = context->funcs;
        guarded = *theirs;
        guarded.read = guarded_read;
        guarded.write = guarded_write;
    }
    context->funcs = &guarded;
}

static const char *outcome_of(long outcome)
{
    switch (outcome) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "its certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "its certificate is for another host name";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "its certificate was not signed by an authority that we trust (REDIS_CA_FILE)";
    default:
        return X509_verify_cert_error_string(outcome);
    }
}

/* noted: by OpenSSL, of the call that failed; 0 for nothing. False when TLS was not the reason. */
static bool explain(const SSL *ssl, unsigned long noted, struct ps_err *out_err)
{
    long outcome = SSL_get_verify_result(ssl);

    if (outcome != X509_V_OK) {
        (void)ps_fail(out_err, PS_FAILURE_CONFIGURATION, (int)outcome, "TLS: %s",
                      outcome_of(outcome));
        return true;
    }
    if (ERR_GET_LIB(noted) != ERR_LIB_SSL)
        return false;
    switch (ERR_GET_REASON(noted)) {
    case SSL_R_WRONG_VERSION_NUMBER:
        return !ps_fail(out_err, PS_FAILURE_CONFIGURATION, 0,
                        "TLS: the server does not speak TLS here; use redis:// or the TLS port");
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return !ps_fail(out_err, PS_FAILURE_CONFIGURATION, 0,
                        "TLS: it asks for a certificate of ours (REDIS_CERT_FILE)");
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return !ps_fail(out_err, PS_FAILURE_CONFIGURATION, 0,
                        "TLS: it refuses our certificate (%s)", ERR_reason_error_string(noted));
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return false; /* hung up without a goodbye */
    default:
        return !ps_fail(out_err, PS_FAILURE_NETWORK, 0, "TLS: %s", ERR_reason_error_string(noted));
    }
}

struct ssl_st *ps_redis_tls_start(struct redisContext *context, const char *host,
                                  const struct ps_redis_tls *tls, struct ps_err *err)
{
    SSL_CTX *settings = context_of(tls, err);
    SSL *ssl = settings == NULL ? NULL : SSL_new(settings);

    SSL_CTX_free(settings); /* ssl holds its own reference */
    if (settings == NULL)
        return NULL;
    if (ssl == NULL || !expect_host(ssl, host)) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "TLS could not be set up for %s", host);
        SSL_free(ssl);
        return NULL;
    }
    ERR_clear_error();
    if (redisInitiateSSL(context, ssl) != REDIS_OK) {
        if (!explain(ssl, ERR_peek_error(), err))
            (void)ps_fail(err, PS_FAILURE_NETWORK, 0, "TLS: %s", context->errstr);
        SSL_free(ssl);
        return NULL;
    }
    guard(context);
    SSL_up_ref(ssl); /* hiredis frees its own */
    return ssl;
}

/* With TLS 1.3 a server refuses our certificate once we believe the connection is made: our first
   write may fail before its alert was read. */
static unsigned long last_words(SSL *ssl)
{
    char byte;

    ERR_clear_error();
    (void)SSL_read(ssl, &byte, 1);
    return ERR_peek_error();
}

bool ps_redis_tls_explain(const struct redisContext *context, struct ssl_st *session,
                          struct ps_err *out_err)
{
    unsigned long noted = failed == context ? failure : 0;

    failed = NULL;
    if (noted == 0 && SSL_is_init_finished(session))
        noted = last_words(session);
    return explain(session, noted, out_err);
}

void ps_redis_tls_drop(struct ssl_st *session)
{
    SSL_free(session);
}

#else

#include <stddef.h>

static bool unavailable(struct ps_err *err)
{
    return ps_fail(
        err, PS_FAILURE_CONFIGURATION, 0,
        "REDIS_URL: rediss:// needs a build with hiredis_ssl (hiredis 1.x); this one has none");
}

bool ps_redis_tls_check(const struct ps_redis_tls *tls, struct ps_err *err)
{
    (void)tls;
    return unavailable(err);
}

struct ssl_st *ps_redis_tls_start(struct redisContext *context, const char *host,
                                  const struct ps_redis_tls *tls, struct ps_err *err)
{
    (void)context;
    (void)host;
    (void)tls;
    (void)unavailable(err);
    return NULL;
}

bool ps_redis_tls_explain(const struct redisContext *context, struct ssl_st *session,
                          struct ps_err *out_err)
{
    (void)context;
    (void)session;
    (void)out_err;
    return false;
}

void ps_redis_tls_drop(struct ssl_st *session)
{
    (void)session;
}

#endif
