/* Parses and resolves URLs, with curl_url.
 *
 * Place in the data flow: settings (REDIS_URL), tasks, redirects, links in pages, and every URL
 * that is logged. Pure.
 *
 * Two rules matter. ps_url_host names the key of the rate limit, so all spellings of one host must
 * give one text (guarantee 6). And a URL can contain a password, so errors never quote one and logs
 * use ps_url_redacted (guarantee 10). */
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
    char path[PS_URL_PATH]; /* of a Unix socket */
    char *user;             /* owned; NULL for none */
    char *password;         /* owned; NULL for none; a secret */
    int database;           /* 0 to 1023 */
};

/* Parses redis://[user[:password]@]host[:port][/db], rediss://… or
 * unix://[user:password@]/path[?db=N] into out_url, which the caller clears. Errors (CONFIGURATION)
 * never quote the URL. */
bool ps_redis_url_parse(const char *text, struct ps_redis_url *out_url,
                        struct ps_err *err) PS_MUST_USE;
void ps_redis_url_clear(struct ps_redis_url *url); /* frees the texts; zeroed */
/* Returns the URL for a log line, owned by the caller: user and password are replaced by "***",
 * query and fragment are removed. Works for any scheme. Returns "***" for a text that is not a URL.
 */
char *ps_url_redacted(const char *text) PS_MUST_USE;
/* Writes the host in lower case to out_host, with ":port" unless it is the scheme's default. Fails
 * with CONFIGURATION if url is not an http:// or https:// URL with a host that fits into size
 * bytes. */
bool ps_url_host(const char *url, char *out_host, size_t size, struct ps_err *err) PS_MUST_USE;
/* Returns the last path segment without query and fragment, borrowed from url and not terminated;
 * its length is 0 if the path ends in '/'. */
const char *ps_url_file_name(const char *url, size_t *out_len);
/* Returns the text after the last '/' of a URL that this project built, or all of it. Borrowed. */
const char *ps_url_tail(const char *url);
/* Resolves reference against base (RFC 3986 section 5). Returns a URL that the caller owns, NULL if
 * it is not an http:// or https:// URL. */
char *ps_url_resolve(const char *base, const char *reference) PS_MUST_USE;
/* Whether url has a user or a password before its host. */
bool ps_url_has_credentials(const char *url);
/* Whether url is a well-formed http:// or https:// URL with a host. */
bool ps_url_is_http(const char *url);

#endif
