#include "shared/core/url.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDIS_PORT = 6379, REDIS_DATABASE_MAX = 1023, HOST_TEXT = PS_URL_HOST + 8 };

/* Returns the part of text after "<scheme>://", NULL if text does not begin with that. */
static const char *authority_of(const char *text)
{
    const char *mark = strstr(text, "://");

    if (mark == NULL || mark == text || strcspn(text, ":/?#@") != (size_t)(mark - text))
        return NULL;
    return mark + 3;
}

/* Must be checked before curl sees the text: curl reads "http:///host" as "http://host", and
 * accepts no URL without a host. */
static bool has_host(const char *authority)
{
    size_t len = strcspn(authority, "/?#");

    return len > 0 && authority[len - 1] != '@';
}

static CURLU *url_open(const char *text)
{
    CURLU *url = curl_url();

    if (url == NULL)
        abort();
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

/* Returns the part, percent-decoded, owned by the caller, NULL if it is absent or contains control
 * characters. */
static char *url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL, *copy;

    if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK)
        return NULL;
    copy = ps_alloc_text(text);
    curl_free(text);
    return copy;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool found = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return found;
}

/* Inserts a host into a unix:// URL, because curl accepts no URL without one. Owned by the caller.
 */
static char *with_host(const char *text, const char *authority)
{
    size_t head = (size_t)(authority - text) + strcspn(authority, "/?#");

    return ps_alloc_format("%.*slocalhost%s", (int)head, text, text + head);
}

static bool read_database(struct ps_str text, int *out_database, struct ps_err *err)
{
    int64_t database;

    if (!ps_str_int(text, 0, REDIS_DATABASE_MAX, &database) || !ps_str_digits(text))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "Redis URL: the database must be a number from 0 to %d", REDIS_DATABASE_MAX);
    *out_database = (int)database;
    return true;
}

/* An empty user name or password counts as absent. */
static bool read_secret(CURLU *url, CURLUPart part, char **out_secret, struct ps_err *err)
{
    char *secret;

    if (!has_part(url, part))
        return true;
    secret = url_part(url, part);
    if (secret == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "Redis URL: user or password contains a control character");
    if (secret[0] == '\0') {
        free(secret);
        return true;
    }
    *out_secret = secret;
    return true;
}

static bool read_tcp(CURLU *url, struct ps_redis_url *out, struct ps_err *err)
{
    char *host = url_part(url, CURLUPART_HOST);
    char *port = url_part(url, CURLUPART_PORT);
    char *path = url_part(url, CURLUPART_PATH);
    size_t len = host != NULL ? strlen(host) : 0;
    int64_t number = REDIS_PORT;
    bool ok = false;

    if (len == 0 || len >= sizeof(out->host)) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "Redis URL: no usable host");
        goto out;
    }
    if (port != NULL && !ps_str_int(ps_str_of(port), 1, UINT16_MAX, &number)) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                      "Redis URL: the port must be a number from 1 to 65535");
        goto out;
    }
    if (has_part(url, CURLUPART_QUERY) || path == NULL) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                      "Redis URL: nothing may follow the database number");
        goto out;
    }
    if (strcmp(path, "/") != 0 && !read_database(ps_str_of(path + 1), &out->database, err))
        goto out;
    /* The brackets of an IPv6 address belong to the URL, not to the address. */
    if (host[0] == '[' && host[len - 1] == ']') {
        memcpy(out->host, host + 1, len - 2);
        out->host[len - 2] = '\0';
    } else {
        memcpy(out->host, host, len + 1);
    }
    out->port = (uint16_t)number;
    ok = true;
out:
    free(host);
    free(port);
    free(path);
    return ok;
}

static bool read_unix(CURLU *url, struct ps_redis_url *out, struct ps_err *err)
{
    char *path = url_part(url, CURLUPART_PATH);
    char *query = url_part(url, CURLUPART_QUERY);
    bool ok = false;

    out->is_unix = true;
    if (path == NULL || strlen(path) < 2 || strlen(path) >= sizeof(out->path)) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                      "Redis URL: the socket's path must be absolute and at most %zu bytes",
                      sizeof(out->path) - 1);
        goto out;
    }
    if (has_part(url, CURLUPART_QUERY)) {
        if (query == NULL || strncmp(query, "db=", 3) != 0) {
            (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                          "Redis URL: only ?db=NUMBER may follow the socket's path");
            goto out;
        }
        if (!read_database(ps_str_of(query + 3), &out->database, err))
            goto out;
    }
    memcpy(out->path, path, strlen(path) + 1);
    ok = true;
out:
    free(path);
    free(query);
    return ok;
}

bool ps_redis_url_parse(const char *text, struct ps_redis_url *out_url, struct ps_err *err)
{
    const char *authority = authority_of(text);
    struct ps_str scheme = { text, authority != NULL ? (size_t)(authority - text) - 3 : 0 };
    struct ps_redis_url parsed = { .port = REDIS_PORT };
    char *hosted = NULL;
    CURLU *url = NULL;
    bool ok = false;

    parsed.is_unix = ps_str_is_fold(scheme, "unix");
    parsed.tls = ps_str_is_fold(scheme, "rediss");
    if (!parsed.is_unix && !parsed.tls && !ps_str_is_fold(scheme, "redis"))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "Redis URL: must begin with redis://, rediss:// or unix://");
    if (has_host(authority) == parsed.is_unix)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "Redis URL: %s",
                       parsed.is_unix ? "unix:// takes a path and no host" : "no host");
    if (parsed.is_unix)
        hosted = with_host(text, authority);
    url = url_open(hosted != NULL ? hosted : text);
    if (url == NULL || has_part(url, CURLUPART_FRAGMENT)) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                      "Redis URL: not well formed (write / # ? @ in a password as %%2F %%23 %%3F "
                      "%%40)");
        goto out;
    }
    if (!read_secret(url, CURLUPART_USER, &parsed.user, err) ||
        !read_secret(url, CURLUPART_PASSWORD, &parsed.password, err))
        goto out;
    ok = parsed.is_unix ? read_unix(url, &parsed, err) : read_tcp(url, &parsed, err);
    if (ok) {
        *out_url = parsed;
        parsed = (struct ps_redis_url){ 0 };
    }
out:
    ps_redis_url_clear(&parsed);
    curl_url_cleanup(url);
    free(hosted);
    return ok;
}

void ps_redis_url_clear(struct ps_redis_url *url)
{
    free(url->user);
    free(url->password);
    *url = (struct ps_redis_url){ 0 };
}

/* Removes query and fragment as well: libpq accepts ?password=, and the rest of a password after an
 * unescaped "#" or "?" looks like one. */
static char *redacted(CURLU *url, const char *scheme, bool hosted)
{
    bool secret = has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD);
    char *path = NULL, *host = NULL, *port = NULL, *text = NULL;

    if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
        (void)curl_url_get(url, CURLUPART_PORT, &port, 0);
        text = ps_alloc_format("%s://%s%s%s%s%s", scheme, secret ? "***@" : "", hosted ? host : "",
                               port != NULL ? ":" : "", port != NULL ? port : "", path);
    }
    curl_free(path);
    curl_free(host);
    curl_free(port);
    return text;
}

char *ps_url_redacted(const char *text)
{
    const char *authority = authority_of(text);
    char *scheme = NULL, *hostless = NULL, *shown = NULL, *clean;
    CURLU *url;

    if (authority == NULL)
        return ps_alloc_text("***");
    if (!has_host(authority))
        hostless = with_host(text, authority);
    url = url_open(hostless != NULL ? hostless : text);
    if (url != NULL && curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
        shown = redacted(url, scheme, hostless == NULL);
    clean = shown != NULL ? ps_utf8_clean(shown, strlen(shown)) : ps_alloc_text("***");
    curl_free(scheme);
    curl_url_cleanup(url);
    free(hostless);
    free(shown);
    return clean;
}

/* Returns the parsed URL if text is an http(s) URL with a host and a usable port, else NULL. */
static CURLU *http_open(const char *text, bool *out_tls)
{
    const char *authority = authority_of(text);
    struct ps_str scheme = { text, authority != NULL ? (size_t)(authority - text) - 3 : 0 };
    CURLU *url;
    char *port;
    bool ok;

    *out_tls = ps_str_is_fold(scheme, "https");
    if ((!*out_tls && !ps_str_is_fold(scheme, "http")) || !has_host(authority))
        return NULL;
    url = url_open(text);
    if (url == NULL)
        return NULL;
    port = url_part(url, CURLUPART_PORT);
    ok = port == NULL || strcmp(port, "0") != 0;
    free(port);
    if (ok)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

/* A fast path. Nearly every URL is plain: a host of lower-case names or a plain IPv4 address, no
 * user, nothing that curl would rewrite. A worker looks at several URLs for each task, and curl
 * needs microseconds for one. Whatever is not surely plain goes to curl, so both give the same
 * answers. */
struct plain_url {
    struct ps_str host, port; /* port empty when not given */
    bool tls;
};

static bool is_plain_host(struct ps_str host)
{
    size_t dots = 0;
    bool number = true; /* only digits and dots: an IPv4 address */

    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        bool digit = c >= '0' && c <= '9';

        if (c == '.') {
            dots++;
            if (i == 0 || i + 1 == host.len || host.data[i - 1] == '.')
                return false;
        } else if (!digit && !(c >= 'g' && c <= 'w') && !(c >= 'a' && c <= 'f') && c != 'y' &&
                   c != 'z' && c != '-') {
            return false; /* an x may be part of a hexadecimal address */
        }
        number = number && (digit || c == '.');
    }
    if (!number) /* a last label of digits would make it an address */
        return host.len > 0 && (host.data[host.len - 1] < '0' || host.data[host.len - 1] > '9');
    if (dots != 3)
        return false;
    for (struct ps_str rest = host, part; ps_str_next(&rest, '.', &part);) {
        int64_t value;

        if ((part.len > 1 && part.data[0] == '0') || !ps_str_int(part, 0, 255, &value))
            return false;
    }
    return true;
}

static bool is_plain_path(const char *path)
{
    for (; *path != '\0'; path++) {
        char c = *path;

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              strchr("/.-_~", c) != NULL))
            return false;
    }
    return true;
}

static bool is_plain(const char *url, struct plain_url *out_plain)
{
    const char *authority, *end;
    int64_t port;

    *out_plain = (struct plain_url){ .tls = strncmp(url, "https://", 8) == 0 };
    if (!out_plain->tls && strncmp(url, "http://", 7) != 0)
        return false;
    authority = url + (out_plain->tls ? 8 : 7);
    end = authority + strcspn(authority, ":/");
    out_plain->host = (struct ps_str){ authority, (size_t)(end - authority) };
    if (*end == ':') {
        out_plain->port = (struct ps_str){ end + 1, strcspn(end + 1, "/") };
        end = out_plain->port.data + out_plain->port.len;
        if (out_plain->port.len > 5 || out_plain->port.data[0] == '0' ||
            !ps_str_digits(out_plain->port) || !ps_str_int(out_plain->port, 1, 65535, &port))
            return false;
    }
    return out_plain->host.len < PS_URL_HOST && is_plain_host(out_plain->host) &&
           is_plain_path(end);
}

static bool plain_host(const struct plain_url *plain, char *out_host, size_t size)
{
    bool usual = plain->port.len == 0 || ps_str_is(plain->port, plain->tls ? "443" : "80");
    int len = usual ? snprintf(out_host, size, "%.*s", (int)plain->host.len, plain->host.data)
                    : snprintf(out_host, size, "%.*s:%.*s", (int)plain->host.len, plain->host.data,
                               (int)plain->port.len, plain->port.data);

    return len > 0 && (size_t)len < size;
}

bool ps_url_host(const char *url, char *out_host, size_t size, struct ps_err *err)
{
    struct plain_url plain;
    char shown[HOST_TEXT];
    char *host = NULL, *port = NULL;
    size_t len = 0;
    bool tls;
    CURLU *parsed;

    if (is_plain(url, &plain) && plain_host(&plain, out_host, size))
        return true;
    parsed = http_open(url, &tls);
    if (parsed == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "not an http:// or https:// URL");
    host = url_part(parsed, CURLUPART_HOST);
    port = url_part(parsed, CURLUPART_PORT);
    curl_url_cleanup(parsed);
    if (host != NULL && strlen(host) < PS_URL_HOST) {
        for (; host[len] != '\0'; len++)
            shown[len] =
                host[len] >= 'A' && host[len] <= 'Z' ? (char)(host[len] - 'A' + 'a') : host[len];
        /* "isocpp.org." is the same server, so it must share the limit. */
        if (len > 1 && shown[len - 1] == '.')
            len--;
        shown[len] = '\0';
        if (port != NULL && strlen(port) <= 5 && strcmp(port, tls ? "443" : "80") != 0)
            (void)snprintf(shown + len, sizeof(shown) - len, ":%s", port);
        len = strlen(shown);
    }
    free(host);
    free(port);
    if (len == 0 || len >= size)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "the URL's host is longer than %zu bytes",
                       size > 0 ? size - 1 : 0);
    memcpy(out_host, shown, len + 1);
    return true;
}

const char *ps_url_file_name(const char *url, size_t *out_len)
{
    const char *authority = authority_of(url);
    const char *path = authority != NULL ? authority + strcspn(authority, "/?#") : url;
    const char *end = path + strcspn(path, "?#");
    const char *name = end;

    while (name > path && name[-1] != '/')
        name--;
    *out_len = (size_t)(end - name);
    return name;
}

const char *ps_url_tail(const char *url)
{
    const char *slash = strrchr(url, '/');

    return slash == NULL ? url : slash + 1;
}

bool ps_url_is_http(const char *url)
{
    struct plain_url plain;
    CURLU *parsed;
    bool tls;

    if (is_plain(url, &plain))
        return true;
    parsed = http_open(url, &tls);
    if (parsed == NULL)
        return false;
    curl_url_cleanup(parsed);
    return true;
}

char *ps_url_resolve(const char *base, const char *reference)
{
    char *copy = NULL, *resolved = NULL; /* resolved belongs to curl */
    bool tls;
    CURLU *parsed = http_open(base, &tls);

    if (parsed == NULL)
        return NULL;
    if (curl_url_set(parsed, CURLUPART_URL, reference, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_URL, &resolved, 0) != CURLUE_OK)
        resolved = NULL;
    curl_url_cleanup(parsed);
    if (resolved != NULL && ps_url_is_http(resolved))
        copy = ps_alloc_text(resolved);
    curl_free(resolved);
    return copy;
}

bool ps_url_has_credentials(const char *url)
{
    const char *host = strstr(url, "://");
    size_t len;

    if (host == NULL)
        return false;
    host += 3;
    len = strcspn(host, "/?#\\");
    return memchr(host, '@', len) != NULL;
}
