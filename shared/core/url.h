/* URLs: the parts a program needs, through curl_url. */
#ifndef PS_CORE_URL_H
#define PS_CORE_URL_H
#include "shared/core/err.h"

#include <stddef.h>
#include <stdint.h>

enum { PS_URL_HOST = 256, PS_URL_PATH = 108 };

struct ps_redis_url {
    bool tls;
    bool is_unix;
    char host[PS_URL_HOST];
    uint16_t port;          /* 6379 when not given */
    char path[PS_URL_PATH]; /* unix socket */
    char *user;             /* owned; NULL for none */
    char *password;         /* owned; NULL for none; a secret */
    int database;           /* 0 to 1023 */
};

/* redis://[user[:password]@]host[:port][/db], rediss://…, unix://[user:password@]/path[?db=N].
 * Errors never quote the URL (it can hold a password). */
bool ps_redis_url_parse(const char *text, struct ps_redis_url *out_url,
                        struct ps_err *err) PS_MUST_USE;
void ps_redis_url_clear(struct ps_redis_url *url);
/* Gives the URL with user and password replaced by "***", fit for a log line. For any scheme,
 * postgres included; text that is no URL gives "***". */
char *ps_url_redacted(const char *text) PS_MUST_USE;
/* Host in lower case, and ":port" where it is not the scheme's own; what limit:<host> is keyed by.
 * http and https only. */
bool ps_url_host(const char *url, char *out_host, size_t size, struct ps_err *err) PS_MUST_USE;
/* Last path segment without query or fragment, borrowed from url; "" when the path ends in '/'. */
const char *ps_url_file_name(const char *url, size_t *out_len);
/* What follows the last '/' of a URL that we made ourselves; all of it where there is none.
 * Borrowed. */
const char *ps_url_tail(const char *url);
/* Gives reference as it is meant on the page at base (RFC 3986 section 5); NULL where that is no
 * http:// or https:// URL. */
char *ps_url_resolve(const char *base, const char *reference) PS_MUST_USE;
bool ps_url_is_http(const char *url); /* a well-formed http:// or https:// URL with a host */

#endif
